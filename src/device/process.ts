/**
 * `process@1.0`: the device of a process. It hands scheduling on to the scheduler and pushing to
 * push@1.0; what the process is after a slot, its execution device computes: process-compute.ts says
 * which state is meant, process-worker.ts gets there. Source: HyperBEAM, `dev_process`.
 */
import type { SchedulerDevice } from '../scheduler/device.ts'
import type { Device, DeviceHandler } from './device.ts'
import type { ComputeHandlers } from './process-compute.ts'
import { toHandler } from './scheduler.ts'

export interface ProcessDeps {
  readonly scheduler: SchedulerDevice
  readonly push: DeviceHandler
  readonly handlers: ComputeHandlers
}

export function createProcessDevice({ scheduler, push, handlers }: ProcessDeps): Device {
  return {
    name: 'process@1.0',
    keys: new Map<string, DeviceHandler>([
      ['schedule', toHandler(scheduler.schedule)],
      ['slot', toHandler(scheduler.slot)],
      ['push', push],
      ['as', handlers.as],
      ['compute', handlers.compute],
      ['now', handlers.now],
      ['snapshot', handlers.snapshot],
    ]),
    // Of a state or a push only its handler can tell whether it is one that the node may sign.
    ownAnswers: new Set(['schedule', 'slot']),
  }
}
