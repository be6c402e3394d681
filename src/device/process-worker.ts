/**
 * The worker of one process: applies assignments to its state, one after the other, for however many
 * ask. States are answered from memory at once and written behind; a request is not answered from a
 * state that an earlier failed write left without those before it.
 */
import type { Clock } from '../base/clock.ts'
import type { ComputeEvents } from '../base/compute-events.ts'
import { AoError, isAoError } from '../base/errors.ts'
import type { ComputedState, ComputedStates, StateEntry } from '../cache/computed-states.ts'
import { Message } from '../message/message.ts'
import type { SchedulerHandler } from '../scheduler/device.ts'
import type { ComputeWaits } from './compute-waits.ts'
import { failed, type Outcome, ok } from './device.ts'
import type { KnownProcess } from './process-base.ts'
import type { Execution } from './process-execution.ts'
import { StateJournal } from './process-journal.ts'
import { numberAt } from './read-key.ts'
import { reasonOf } from './reason.ts'

export interface WorkerDeps {
  readonly execution: Execution
  readonly states: ComputedStates
  /** The assignment after the slot of a state. */
  readonly next: SchedulerHandler
  readonly events: Pick<ComputeEvents, 'slotComputed' | 'computeFailed' | 'snapshotStored'>
  readonly clock: Clock
  /** Shared by all workers. */
  readonly waits: ComputeWaits
  /** Runs work that does not belong to the one request that happened to begin it. */
  readonly outside: <T>(work: () => T) => T
}

export interface WorkerOptions {
  /** A snapshot is stored at each multiple of so many slots; 0 for none. */
  readonly snapshotSlots: number
  /** A snapshot is stored with the first slot after so long; 0 for none. */
  readonly snapshotMs: number
  /** Requests that may wait for a slot. */
  readonly queueLimit: number
}

interface Waiter {
  readonly slot: number
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** A state is stored whole after so many that are stored as changes. */
const WHOLE_EVERY = 64
/** Slots after which others get their turn: a device may never wait for anything. */
const SLOTS_PER_TURN = 16

export class ProcessWorker {
  readonly #deps: WorkerDeps
  readonly #options: WorkerOptions
  readonly #process: KnownProcess
  /** Where the computation stands. */
  #at: ComputedState | undefined
  readonly #journal: StateJournal
  readonly #waiters = new Set<Waiter>()
  #isRunning = false
  #snapshotAtMs: number | undefined
  #snapshotSlot = -1
  #users = 0

  constructor(deps: WorkerDeps, process: KnownProcess, options: WorkerOptions) {
    this.#deps = deps
    this.#process = process
    this.#options = options
    this.#journal = new StateJournal(deps.states, process.id)
  }

  /** Whether nobody waits for anything here. */
  get isIdle(): boolean {
    return this.#users === 0 && !this.#isRunning && this.#journal.isWritten
  }

  /**
   * The state after a slot, or why there is none.
   * @throws AoError `overloaded` when too many wait, `infinite-recursion` when the process that asks
   * would wait for itself, and what the execution device throws.
   */
  async compute(slot: number): Promise<Outcome> {
    this.#users++
    try {
      const known = await this.#known(slot)
      if (known !== undefined) return ok(known)
      return await this.#deps.waits.waiting(this.#process.id, () => this.#wait(slot))
    } finally {
      this.#users--
    }
  }

  /** The newest state that was computed. */
  async newest(): Promise<ComputedState | undefined> {
    if (this.#at !== undefined && this.#at.slot >= 0) return this.#at
    const slot = await this.#deps.states.latest(this.#process.id)
    const state = slot === undefined ? undefined : await this.#journal.read(slot)
    return slot === undefined || state === undefined ? undefined : { slot, state }
  }

  /** The newest state that was computed, else the one before slot 0. */
  async current(): Promise<Outcome> {
    const newest = await this.newest()
    return newest === undefined ? this.#deps.execution.start(this.#process) : ok(newest.state)
  }

  /** Waits for all writes; with `snapshot`, the last state can be restored from. */
  async close({ snapshot }: { readonly snapshot: boolean }): Promise<void> {
    const at = this.#at
    if (snapshot && at !== undefined && at.slot > this.#snapshotSlot) {
      const entry = await this.#withSnapshot(at)
      if (entry.snapshot !== undefined) this.#journal.store(entry)
    }
    await this.#journal.written()
  }

  async #known(slot: number): Promise<Message | undefined> {
    return this.#at?.slot === slot ? this.#at.state : this.#journal.read(slot)
  }

  async #wait(slot: number): Promise<Outcome> {
    const { queueLimit } = this.#options
    if (this.#waiters.size >= queueLimit) {
      throw new AoError('overloaded', 'Too many wait for this process; try again later', {
        process: this.#process.id,
        limit: queueLimit,
      })
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add({ slot, resolve, reject })
      if (!this.#isRunning) void this.#begin()
    })
  }

  #begin(): Promise<void> {
    const { outside, waits } = this.#deps
    return outside(() => waits.computing(this.#process.id, () => this.#run()))
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    // Nobody waits for what failed before.
    if (this.#journal.takeFailure() !== undefined) this.#at = undefined
    for (let count = 1; this.#waiters.size > 0; count++) {
      if (count % SLOTS_PER_TURN === 0) await new Promise(setImmediate)
      const target = Math.min(...[...this.#waiters].map(({ slot }) => slot))
      try {
        const refusal = await this.#towards(target)
        if (refusal !== undefined) this.#refuse(refusal)
      } catch (error) {
        this.#reject(error)
      }
    }
    this.#isRunning = false
  }

  /** One step on the way to a slot; what comes of it if that is no state. */
  async #towards(target: number): Promise<Refusal | undefined> {
    const from = await this.#before(target)
    if ('kind' in from) return { slot: -1, outcome: from }
    this.#at = from
    if (from.slot === target) {
      this.#answer(from)
      return undefined
    }
    return this.#step(from)
  }

  /** The newest known state that is not after a slot. */
  async #before(target: number): Promise<ComputedState | Outcome> {
    const failure = this.#journal.takeFailure()
    if (failure !== undefined) {
      this.#at = undefined
      throw failure.error
    }
    if (this.#at !== undefined && this.#at.slot <= target) return this.#at
    const { states, execution } = this.#deps
    const point = await states.restorePoint(this.#process.id, target)
    if (point === undefined) {
      const started = await execution.start(this.#process)
      if (started.kind !== 'error') return requireState(started.value, -1)
      return failed(started.status, withPhase(started.value, 'init', -1))
    }
    this.#snapshotSlot = point.slot
    if (isNothing(point.snapshot)) return this.#newestBefore(target, point)
    const restored = await execution.restore(point.state, point.snapshot)
    if (restored.kind !== 'error') return requireState(restored.value, point.slot)
    return failed(restored.status, withPhase(restored.value, 'restore', point.slot))
  }

  /** A device that needs nothing but the state goes on from any. */
  async #newestBefore(target: number, point: ComputedState): Promise<ComputedState> {
    const slot = await this.#deps.states.latest(this.#process.id, target)
    const state = slot === undefined ? undefined : await this.#journal.read(slot)
    return slot === undefined || state === undefined ? point : { slot, state }
  }

  async #step(from: ComputedState): Promise<Refusal | undefined> {
    const { clock, execution, events } = this.#deps
    const slot = from.slot + 1
    const assignment = await this.#assignment(from)
    if (!(assignment instanceof Message)) return { slot, outcome: assignment }
    const startedMs = clock.now()
    const outcome = await execution.apply(from.state, assignment).catch((cause: unknown) => {
      throw this.#failure(slot, cause)
    })
    if (outcome.kind === 'error') {
      events.computeFailed({ process: this.#process.id, slot, error: reasonOf(outcome.value) })
      return { slot, outcome: failed(outcome.status, withPhase(outcome.value, 'compute', slot)) }
    }
    this.#at = requireState(outcome.value, slot)
    events.slotComputed({ process: this.#process.id, slot, durationMs: clock.now() - startedMs })
    const before = slot % WHOLE_EVERY === 0 || from.slot < 0 ? {} : { before: from.state }
    this.#journal.store({ ...(await this.#maybeSnapshot(this.#at)), ...before })
    this.#answer(this.#at)
    await this.#journal.ready()
    return undefined
  }

  async #assignment({ slot, state }: ComputedState): Promise<Message | Outcome> {
    const { status, value } = await this.#deps.next(state, new Message())
    if (status !== 200) return failed(status, withPhase(value, 'get-schedule', slot + 1))
    const body = value instanceof Message ? value.get('body') : undefined
    const found = body instanceof Message ? numberAt(body, 'slot') : undefined
    if (body instanceof Message && found === slot + 1) return body
    return failed(
      404,
      new Message<Message | string | number>([
        ['status', 404],
        ['reason', 'Received assignment slot does not match expected slot.'],
        ['unexpected-slot', found ?? 'none'],
        ['expected-slot', slot + 1],
      ]) as Message,
    )
  }

  #failure(slot: number, cause: unknown): unknown {
    const process = this.#process.id
    this.#deps.events.computeFailed({ process, slot, error: cause })
    if (!isAoError(cause)) {
      const reason = 'The execution device failed at a slot of the process'
      return new AoError('internal', reason, { process, slot }, cause)
    }
    return new AoError(cause.code, cause.message, { ...cause.context, process, slot }, cause)
  }

  async #maybeSnapshot(state: ComputedState): Promise<StateEntry> {
    const { snapshotSlots, snapshotMs } = this.#options
    const nowMs = this.#deps.clock.now()
    const isDueBySlot = snapshotSlots > 0 && state.slot % snapshotSlots === 0
    const isDueByTime =
      snapshotMs > 0 &&
      (this.#snapshotAtMs === undefined || nowMs - this.#snapshotAtMs >= snapshotMs)
    return isDueBySlot || isDueByTime ? this.#withSnapshot(state) : state
  }

  /** A device that cannot give a snapshot now may give one later. */
  async #withSnapshot(state: ComputedState): Promise<StateEntry> {
    const process = this.#process.id
    this.#snapshotAtMs = this.#deps.clock.now()
    try {
      const outcome = await this.#deps.execution.snapshot(state.state)
      if (outcome.kind === 'error') throw new AoError('remote-failed', 'No snapshot was given')
      if (!(outcome.value instanceof Message)) return state
      this.#snapshotSlot = state.slot
      this.#deps.events.snapshotStored({ process, slot: state.slot })
      return { ...state, snapshot: outcome.value }
    } catch (error) {
      this.#deps.events.computeFailed({ process, slot: state.slot, error })
      return state
    }
  }

  #answer({ slot, state }: ComputedState): void {
    for (const waiter of this.#waiters) {
      if (waiter.slot !== slot) continue
      this.#waiters.delete(waiter)
      waiter.resolve(ok(state))
    }
  }

  /** All who wait for the slot that was refused, or a later one, wait in vain. */
  #refuse({ slot, outcome }: Refusal): void {
    for (const waiter of this.#waiters) {
      if (waiter.slot < slot) continue
      this.#waiters.delete(waiter)
      waiter.resolve(outcome)
    }
  }

  #reject(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }
}

interface Refusal {
  /** The slot that could not be computed. */
  readonly slot: number
  readonly outcome: Outcome
}

/** Whether a device needs nothing but the state; one that says why it has no snapshot keeps its own. */
function isNothing(snapshot: Message): boolean {
  return snapshot.size === 0 || snapshot.has('error')
}

function requireState(value: unknown, slot: number): ComputedState {
  if (value instanceof Message) return { slot, state: value }
  throw new AoError('internal', 'Expected a state from the execution device', { slot })
}

/** A reason, with what was being done and for which slot. */
function withPhase(reason: unknown, phase: string, slot: number): Message {
  const message = reason instanceof Message ? reason : new Message([['error', reason as string]])
  return message.with([
    ['phase', phase],
    ['attempted-slot', slot],
  ])
}
