/**
 * `process@1.0`: the device of a process. It hands scheduling on to the scheduler and pushing to
 * push@1.0; computing needs an execution device, which this node answers for with a clear refusal.
 */
import { toText } from '../base/bytes.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import type { SchedulerDevice } from '../scheduler/device.ts'
import { type Device, type DeviceHandler, failed, ok } from './device.ts'
import { toHandler } from './scheduler.ts'
import { setKeys } from './set-keys.ts'

export interface ProcessDeps {
  readonly scheduler: SchedulerDevice
  readonly push: DeviceHandler
}

export function createProcessDevice({ scheduler, push }: ProcessDeps): Device {
  return {
    name: 'process@1.0',
    keys: new Map<string, DeviceHandler>([
      ['schedule', toHandler(scheduler.schedule)],
      ['slot', toHandler(scheduler.slot)],
      ['push', push],
      ['as', asDevice],
      ['compute', refuseToCompute],
      ['now', refuseToCompute],
      ['snapshot', refuseToCompute],
    ]),
    ownAnswers: new Set(['schedule', 'slot', 'push', 'compute', 'now', 'snapshot']),
  }
}

/** Devices that a process may be run as, and what stands for each where it names none. */
const ROLES: ReadonlyMap<string, string> = new Map([
  ['scheduler', 'scheduler@1.0'],
  ['push', 'push@1.0'],
  ['execution', 'genesis-wasm@1.0'],
])

/** `as=scheduler`: the process with the device of that role. */
const asDevice: DeviceHandler = async (base, request) => {
  const role = textOf(request, 'as') ?? textOf(request, 'as-device') ?? 'execution'
  const fallback = ROLES.get(role)
  if (fallback === undefined) {
    return failed(400, `Expected as to be one of ${[...ROLES.keys()].join(', ')}`)
  }
  return ok(setKeys(base, [['device', textOf(base, `${role}-device`) ?? fallback]]))
}

/** @NOTE A 422 would make older clients post the message again in another format. */
const refuseToCompute: DeviceHandler = async (base) => {
  const device = textOf(base, 'execution-device') ?? ROLES.get('execution') ?? ''
  const body =
    `This node schedules but does not compute: execution device ${device.slice(0, 64)} is not ` +
    'installed. Read the schedule and compute it on a node that has the device.'
  return failed(
    404,
    new Message<Value>([
      ['status', 404],
      ['body', body],
    ]),
  )
}

function textOf(message: Message, key: string): string | undefined {
  const value = message.get(key)
  return isBinary(value) ? toText(value) : undefined
}
