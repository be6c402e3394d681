/**
 * `compute`, `now`, `as` and `snapshot` of a process: which state is asked for, and of which device.
 * The work is that of its worker.
 */
import { Message } from '../message/message.ts'
import { isInteger, type Value } from '../message/value.ts'
import type { SchedulerHandler } from '../scheduler/device.ts'
import { type DeviceHandler, type FindDevice, failed, type Outcome, ok } from './device.ts'
import { findProcess, firstState, type KnownProcess, type ProcessReader } from './process-base.ts'
import type { Execution } from './process-execution.ts'
import {
  asRole,
  isRole,
  missingDevice,
  ROLES,
  refuseToCompute,
  roleDevice,
} from './process-role.ts'
import type { ProcessWorkers } from './process-workers.ts'
import { numberAt, textAt } from './read-key.ts'

/** Whether `now` computes: always, only where nothing is computed yet, or never. */
export type NowFromCache = 'off' | 'prefer' | 'only'

export interface ComputeDeps {
  readonly reader: ProcessReader
  readonly workers: ProcessWorkers
  readonly execution: Execution
  readonly findDevice: FindDevice
  readonly slot: SchedulerHandler
  readonly nowFromCache: NowFromCache
}

/** The states of processes, for the handlers here and for whoever pushes. */
export interface ProcessComputer {
  /** The process of a base, or why there is none that this node can compute. */
  find(base: Message): Promise<KnownProcess | Outcome>
  /** Whether this node has the devices of a process. */
  canCompute(process: KnownProcess): boolean
  /** The state after a slot. */
  compute(process: KnownProcess, slot: number): Promise<Outcome>
}

export interface ComputeHandlers {
  readonly compute: DeviceHandler
  readonly now: DeviceHandler
  readonly as: DeviceHandler
  readonly snapshot: DeviceHandler
}

export function createProcessComputer({
  reader,
  workers,
  findDevice,
}: ComputeDeps): ProcessComputer {
  return {
    find: async (base) => {
      const process = await findProcess(reader, base)
      if (process === undefined) return unknownProcess(base)
      const missing = missingDevice(findDevice, process.message)
      return missing === undefined ? process : refuseToCompute(missing)
    },
    canCompute: ({ message }) => missingDevice(findDevice, message) === undefined,
    compute: (process, slot) => workers.of(process).compute(slot),
  }
}

export function createComputeHandlers(
  deps: ComputeDeps,
  computer: ProcessComputer,
): ComputeHandlers {
  const onProcess =
    (handle: (process: KnownProcess, request: Message) => Promise<Outcome>): DeviceHandler =>
    async (base, request) => {
      const process = await computer.find(base)
      return 'kind' in process ? process : handle(process, request)
    }
  return {
    compute: onProcess(async (process, request) => own(await compute(deps, process, request))),
    now: onProcess(async (process) => own(await now(deps, process))),
    as: (base, request) => asDevice(deps, computer, { base, request }),
    snapshot: onProcess((process) => snapshot(deps, process)),
  }
}

/**
 * A state is signed by the node as long as it says that it is one of a process: its other keys are
 * what the process made them.
 */
function own(outcome: Outcome): Outcome {
  const { kind, value } = outcome
  const isState = kind === 'ok' && value instanceof Message && textAt(value, 'type') === 'Process'
  return kind === 'error' || isState ? { ...outcome, isOwn: true } : outcome
}

function unknownProcess(base: Message): Outcome {
  const id = base.priv.loadedFrom
  return failed(404, `Process${id === undefined ? '' : ` ${id}`} is not available on this node.`)
}

/** The slot under `compute` or `slot`; without one the newest state that is known. */
async function compute(
  deps: ComputeDeps,
  process: KnownProcess,
  request: Message,
): Promise<Outcome> {
  const key = request.has('compute') ? 'compute' : 'slot'
  if (!request.has(key)) {
    const newest = await deps.workers.of(process).newest()
    return newest === undefined ? now(deps, process) : ok(newest.state)
  }
  const slot = numberAt(request, key)
  if (slot === undefined || slot < 0 || !Number.isSafeInteger(slot)) {
    return failed(400, `Expected a slot, a whole number from 0, as ${key}.`)
  }
  return deps.workers.of(process).compute(slot)
}

/** The state after the newest slot, whoever schedules the process. */
async function now(deps: ComputeDeps, process: KnownProcess): Promise<Outcome> {
  const worker = deps.workers.of(process)
  if (deps.nowFromCache !== 'off') {
    const newest = await worker.newest()
    if (newest !== undefined) return ok(newest.state)
    if (deps.nowFromCache === 'only') return failed(404, 'No cached state available.')
  }
  const { status, value } = await deps.slot(firstState(process), new Message())
  if (status !== 200) return failed(status, value)
  const current = value instanceof Message ? value.get('current') : undefined
  if (!isInteger(current)) return failed(502, 'The scheduler of the process told no slot.')
  return current < 0 ? deps.execution.start(process) : worker.compute(Number(current))
}

interface Call {
  readonly base: Message
  readonly request: Message
}

/** `as=execution`: the state of `now` under the device of a role, for requests that only try it out. */
async function asDevice(
  deps: ComputeDeps,
  computer: ProcessComputer,
  { base, request }: Call,
): Promise<Outcome> {
  const role = textAt(request, 'as') ?? textAt(request, 'as-device') ?? 'execution'
  if (!isRole(role)) return failed(400, `Expected as to be one of ${ROLES.join(', ')}`)
  if (role !== 'execution') {
    const known = await findProcess(deps.reader, base)
    const state = known === undefined ? base : firstState(known)
    return ok(withDevice(state, base, roleDevice(base, role)))
  }
  const process = await computer.find(base)
  if ('kind' in process) return process
  // What is tried out is meant for the process as it is now, also where nobody computed that yet.
  const outcome = await now(deps, process)
  return outcome.kind === 'ok' && outcome.value instanceof Message
    ? ok(asRole(outcome.value, role))
    : outcome
}

/** A base that nobody knows stays what it is: the device may know what to do with it. */
function withDevice(state: Message, base: Message, device: string): Message {
  const { loadedFrom, isPlaceholder } = base.priv
  return state.with([['device', device]]).withPrivate({
    ...(loadedFrom === undefined ? {} : { loadedFrom }),
    ...(isPlaceholder === undefined ? {} : { isPlaceholder }),
  })
}

async function snapshot(deps: ComputeDeps, process: KnownProcess): Promise<Outcome> {
  const state = await deps.workers.of(process).current()
  if (state.kind !== 'ok' || !(state.value instanceof Message)) return state
  const outcome = await deps.execution.snapshot(state.value)
  if (outcome.kind !== 'ok' || !(outcome.value instanceof Message)) return outcome
  const control: [string, Value] = ['cache-control', ['store']]
  return ok(outcome.value.with([control]))
}
