/** The devices that compute processes, with what they need of the node. */
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { MemoryBudget } from '../base/memory-budget.ts'
import type { MessageReader } from '../cache/cache.ts'
import { createComputedStates } from '../cache/computed-states.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { createComputeUnit } from '../device/compute-unit.ts'
import { createDedupDevice } from '../device/dedup.ts'
import { createDelegatedCompute, createGenesisWasm } from '../device/delegated-compute.ts'
import type { Device, FindDevice, Outcome } from '../device/device.ts'
import { createMultipassDevice } from '../device/multipass.ts'
import { createPatchDevice } from '../device/patch.ts'
import { createProcessDevice } from '../device/process.ts'
import { createComputeHandlers, createProcessComputer } from '../device/process-compute.ts'
import { createExecution } from '../device/process-execution.ts'
import { ProcessWorkers } from '../device/process-workers.ts'
import { createPushDevice } from '../device/push.ts'
import { createStackDevice, createStackTransformer } from '../device/stack.ts'
import type { Message } from '../message/message.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Store } from '../store/store.ts'
import { buildPushing } from './build-push.ts'

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
  /** Answers a request by its path, on behalf of nobody. */
  readonly resolvePath: (request: Message) => Promise<Outcome>
  readonly findDevice: FindDevice
  readonly wallets: readonly Wallet[]
  /** For the compute unit. */
  readonly fetch: typeof fetch
}

export interface Computing {
  readonly devices: readonly Device[]
  /** Processes whose state is held in memory. */
  heldProcesses(): number
  /** Takes up pushes that were cut off when the node stopped. */
  resume(): Promise<void>
  /** Resolves when no push is under way and all that was computed is written. */
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
  const computer = createProcessComputer(deps)
  const handlers = createComputeHandlers(deps, computer)
  const pushing = buildPushing(parts, computer)
  const push = pushing.handler
  return {
    devices: [
      ...stackDevices(parts),
      ...unitDevices(parts),
      createProcessDevice({ scheduler: scheduler.device, push, handlers }),
      createPushDevice(push),
    ],
    heldProcesses: () => workers.count,
    resume: () => pushing.runner.resume(),
    close: async () => {
      await pushing.runner.close()
      await workers.close()
    },
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

/** Without a compute unit the node does not have its devices, and says so to who asks. */
function unitDevices({ config, fetch }: ComputeParts): Device[] {
  const { computeUnitUrl: url, computeUnitTimeoutMs: timeoutMs } = config
  if (url === undefined) return []
  const unit = createComputeUnit({ fetch }, { url, timeoutMs })
  return [createDelegatedCompute(unit), createGenesisWasm(unit)]
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
