/** `scheduler@1.0` and `location@1.0` as devices: the scheduler's handlers behind the device seam. */
import type { LocationDevice, SchedulerDevice, SchedulerHandler } from '../scheduler/device.ts'
import type { Reply } from '../scheduler/reply.ts'
import { type Device, type DeviceHandler, failed, type Outcome, ok } from './device.ts'

export function createSchedulerDeviceAdapter(scheduler: SchedulerDevice): Device {
  const { schedule, slot, status, next, location, init, checkpoint } = scheduler
  return {
    name: 'scheduler@1.0',
    keys: new Map([
      ['schedule', toHandler(schedule)],
      ['init', toHandler(init)],
      ['slot', toHandler(slot)],
      ['status', toHandler(status)],
      ['next', toHandler(next)],
      ['location', toHandler(location)],
      ['checkpoint', toHandler(checkpoint)],
    ]),
    // A checkpoint is the base, whatever a client put into it.
    ownAnswers: new Set(['schedule', 'init', 'slot', 'status', 'next', 'location']),
  }
}

export function createLocationDeviceAdapter({ node, known, record }: LocationDevice): Device {
  return {
    name: 'location@1.0',
    keys: new Map([
      ['node', toHandler(node)],
      ['known', toHandler(known)],
      ['all', toHandler(known)],
    ]),
    ownAnswers: new Set(['node', 'known', 'all']),
    excludes: new Set(['keys', 'set']),
    fallback: toHandler(record),
  }
}

/** A scheduler's reply as an outcome: everything but 200 ends the resolution of a path. */
export function toHandler(handler: SchedulerHandler): DeviceHandler {
  return (base, request) => handler(base, request).then(toOutcome)
}

function toOutcome({ status, value }: Reply): Outcome {
  return status === 200 ? ok(value) : failed(status, value)
}
