/** The devices that compute processes, with what they need of the node. */
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { MemoryBudget } from '../base/memory-budget.ts'
import type { MessageReader } from '../cache/cache.ts'
import { createComputedStates } from '../cache/computed-states.ts'
import type { NodeConfig } from '../config/options.ts'
import { createDedupDevice } from '../device/dedup.ts'
import type { Device, DeviceHandler, FindDevice, Outcome } from '../device/device.ts'
import { createMultipassDevice } from '../device/multipass.ts'
import { createPatchDevice } from '../device/patch.ts'
import { createProcessDevice } from '../device/process.ts'
import { createComputeHandlers, createProcessComputer } from '../device/process-compute.ts'
import { createExecution } from '../device/process-execution.ts'
import { ProcessWorkers } from '../device/process-workers.ts'
import { createPushDevice, createPushHandler } from '../device/push.ts'
import { createStackDevice, createStackTransformer } from '../device/stack.ts'
import type { Message } from '../message/message.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Store } from '../store/store.ts'

export interface ComputeParts {
  readonly config: NodeConfig
  readonly scheduler: Scheduler
  readonly reader: MessageReader
  /** Holds the states of processes. */
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  readonly memory: MemoryBudget
  /** Calls devices on behalf of nobody. */
  readonly resolve: (base: Message, request: Message) => Promise<Outcome>
  readonly findDevice: FindDevice
}

export interface Computing {
  readonly devices: readonly Device[]
  /** Processes whose state is held in memory. */
  heldProcesses(): number
  /** Resolves when all that was computed is written. */
  close(): Promise<void>
}

export function buildComputing(parts: ComputeParts): Computing {
  const { config, scheduler, reader, resolve, findDevice } = parts
  const execution = createExecution({ resolve, findDevice })
  const workers = new ProcessWorkers(
    {
      ...{ execution, clock: parts.clock, events: parts.events },
      outside: parts.memory.outside,
      states: createComputedStates(parts.store),
      next: scheduler.device.next,
    },
    workerOptions(config),
  )
  const { nowFromCache } = config
  const deps = { reader, workers, execution, findDevice, nowFromCache, slot: scheduler.device.slot }
  const handlers = createComputeHandlers(deps, createProcessComputer(deps))
  const push: DeviceHandler = createPushHandler(scheduler.device)
  return {
    devices: [
      ...stackDevices(parts),
      createProcessDevice({ scheduler: scheduler.device, push, handlers }),
      createPushDevice(push),
    ],
    heldProcesses: () => workers.count,
    close: () => workers.close(),
  }
}

function workerOptions(config: NodeConfig) {
  return {
    snapshotSlots: config.snapshotSlots,
    snapshotMs: config.snapshotMs,
    queueLimit: config.computeQueueLimit,
    maxWorkers: config.maxComputedProcesses,
    idleMs: config.computeIdleMs,
  }
}

function stackDevices({ config, events, findDevice }: ComputeParts): Device[] {
  const options = {
    maxPasses: config.stackMaxPasses,
    errorStrategy: config.stackErrorStrategy,
    recordSteps: config.stackSteps,
  }
  const deps = { events, findDevice, options, elapsedMs: () => performance.now() }
  return [
    createStackDevice(deps),
    createStackTransformer(),
    createMultipassDevice(),
    createDedupDevice(),
    createPatchDevice(),
  ]
}
