/**
 * Publishes schedules through a bundler, behind the back of the servers. The schedule in the store
 * is the queue: of each process only the number of slots that are published is kept, so that a
 * restart goes on where the node stopped. Slots of a process go out in order, a few at once; what
 * the bundler does not take now is tried again, ever more rarely; what it refuses is passed over.
 */
import type { Uploader } from '../arweave/uploader.ts'
import { AoError, isAoError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { integerOf } from './location.ts'
import type { ScheduleStore, SlotAssignment, SlotPage } from './schedule-store.ts'

export interface UploadQueue {
  /** A slot is durable, and is to be published some time. */
  add(processId: string, slot: number): void
  /**
   * The same, resolved when it is published. Rejected at the first failure, as soon as that is
   * known; the slot is tried again all the same.
   */
  publish(processId: string, slot: number): Promise<void>
  /** Takes up what was not published when the node stopped. */
  resume(): Promise<void>
  /** Slots that wait, as far as they are known. */
  backlog(): number
  /** Gives up what is under way; the next start takes it up. */
  close(): Promise<void>
}

export interface UploadQueueDeps {
  readonly store: ScheduleStore
  readonly uploader: Uploader
  readonly events: Events
}

export interface UploadQueueOptions {
  /** Processes that are published at once. Default 8. */
  readonly lanes?: number
  /** Wait after the first failure; it doubles up to 300 s. Default 1,000. */
  readonly retryMinMs?: number
}

const RETRY_MAX_MS = 300_000
/** Slots of one process that are published at once. */
const BATCH = 16

interface Waiter {
  readonly slot: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** One process while it has something to publish. */
interface Lane {
  readonly processId: string
  /** First slot that is not published; read from the store first. */
  next: number | undefined
  /** Last slot that is durable. */
  last: number
  /** Failures one after the other. */
  attempt: number
  state: 'idle' | 'queued' | 'running' | 'waiting'
  /** Who is told what becomes of a slot. */
  readonly waiters: Waiter[]
  /** Ends the wait. */
  retry?: NodeJS.Timeout
}

/** What became of an upload; `isFinal` is a refusal that another attempt would not change. */
type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly isFinal: boolean }

export function createUploadQueue(
  deps: UploadQueueDeps,
  options: UploadQueueOptions = {},
): UploadQueue {
  return new LaneQueue(deps, options)
}

class LaneQueue implements UploadQueue {
  readonly #deps: UploadQueueDeps
  readonly #maxRunning: number
  readonly #retryMinMs: number
  readonly #lanes = new Map<string, Lane>()
  readonly #queue: Lane[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(deps: UploadQueueDeps, { lanes = 8, retryMinMs = 1_000 }: UploadQueueOptions) {
    this.#deps = deps
    this.#maxRunning = lanes
    this.#retryMinMs = retryMinMs
  }

  add(processId: string, slot: number): void {
    if (!this.#deps.uploader.isEnabled || this.#stopping.signal.aborted) return
    const lane = this.#laneOf(processId, slot)
    if (lane.state === 'idle') this.#enqueue(lane)
  }

  publish(processId: string, slot: number): Promise<void> {
    if (!this.#deps.uploader.isEnabled) return Promise.resolve()
    if (this.#stopping.signal.aborted) return Promise.reject(stopping())
    return new Promise((resolve, reject) => {
      const lane = this.#laneOf(processId, slot)
      lane.waiters.push({ slot, resolve, reject })
      // Somebody waits: try now, however long the pause would last.
      if (lane.state === 'idle' || lane.state === 'waiting') this.#enqueue(lane)
    })
  }

  async resume(): Promise<void> {
    const { store, uploader } = this.#deps
    if (!uploader.isEnabled) return
    for (let from = ''; !this.#stopping.signal.aborted; ) {
      const processes = await store.processes(from === '' ? {} : { from })
      for (const processId of processes) {
        // A head that cannot be read is told of by whoever needs it.
        const head = await store.head(processId).catch(() => undefined)
        if (head !== undefined && (await store.publishedSlots(processId)) <= head.slot) {
          this.add(processId, head.slot)
        }
      }
      const last = processes.at(-1)
      if (last === undefined) return
      from = `${last}-`
    }
  }

  backlog(): number {
    let slots = 0
    for (const { next, last } of this.#lanes.values()) slots += last + 1 - (next ?? last)
    return slots
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    for (const lane of this.#lanes.values()) {
      clearTimeout(lane.retry)
      rejectAll(lane, stopping())
    }
    await Promise.all(this.#running)
  }

  #laneOf(processId: string, slot: number): Lane {
    const known = this.#lanes.get(processId)
    if (known !== undefined) {
      known.last = Math.max(known.last, slot)
      return known
    }
    const state = { next: undefined, attempt: 0, state: 'idle', waiters: [] } as const
    const lane: Lane = { processId, last: slot, ...state, waiters: [] }
    this.#lanes.set(processId, lane)
    return lane
  }

  #enqueue(lane: Lane): void {
    clearTimeout(lane.retry)
    lane.state = 'queued'
    this.#queue.push(lane)
    this.#startNext()
  }

  #startNext(): void {
    if (this.#running.size >= this.#maxRunning) return
    const lane = this.#queue.shift()
    if (lane === undefined) return
    lane.state = 'running'
    const run = this.#publishNext(lane)
      .then(
        () => this.#finish(lane),
        (error: unknown) => this.#fail(lane, error),
      )
      .finally(() => {
        this.#running.delete(run)
        this.#startNext()
      })
    this.#running.add(run)
  }

  /** After a batch: with more to do the lane stands in line again, without it is let go. */
  #finish(lane: Lane): void {
    lane.state = 'idle'
    if (this.#stopping.signal.aborted) return
    if (lane.waiters.length > 0 || (lane.next ?? 0) <= lane.last) this.#enqueue(lane)
    else this.#lanes.delete(lane.processId)
  }

  /** Those who wait hear of it now; the lane is tried again later. */
  #fail(lane: Lane, error: unknown): void {
    rejectAll(lane, error)
    if (this.#stopping.signal.aborted) return
    lane.state = 'waiting'
    lane.retry = setTimeout(() => this.#enqueue(lane), this.#retryMs(lane))
    lane.retry.unref()
    lane.attempt++
  }

  #retryMs({ attempt }: Lane): number {
    return Math.min(this.#retryMinMs * 2 ** attempt, RETRY_MAX_MS)
  }

  /** The next slots of a lane. @throws what keeps one from being published, for now. */
  async #publishNext(lane: Lane): Promise<void> {
    const { store } = this.#deps
    const from = lane.next ?? (await store.publishedSlots(lane.processId))
    lane.next = from
    await this.#publishAgain(lane, from)
    const limit = Math.min(BATCH, lane.last + 1 - from)
    if (limit <= 0) return
    const batch = await this.#read(lane, { from, limit })
    const outcomes = await this.#uploadAll(lane, batch)
    const stuck = outcomes.findIndex((outcome) => outcome.kind === 'failed' && !outcome.isFinal)
    lane.next = from + (stuck === -1 ? batch.length : stuck)
    if (lane.next > from) {
      lane.attempt = 0
      await store.setPublishedSlots(lane.processId, lane.next)
    }
    const failure = outcomes[stuck]
    if (failure?.kind === 'failed') throw failure.error
  }

  /** Whoever asks for a slot that went out before, or was passed over, hears of an attempt now. */
  async #publishAgain(lane: Lane, next: number): Promise<void> {
    for (const { slot } of lane.waiters.filter((waiter) => waiter.slot < next)) {
      await this.#uploadAll(lane, await this.#read(lane, { from: slot, limit: 1 }))
    }
  }

  async #read(lane: Lane, range: SlotPage): Promise<SlotAssignment[]> {
    const { processId } = lane
    try {
      const found = await this.#deps.store.assignments(processId, range)
      if (found.length > 0) return found
      throw new AoError('store-failed', 'A slot to publish is missing', { slot: range.from })
    } catch (error) {
      const retryInMs = this.#retryMs(lane)
      const attempt = lane.attempt + 1
      this.#deps.events.uploadFailed({ id: processId, attempt, retryInMs, error })
      throw error
    }
  }

  /** Uploads assignments at once and tells those who wait for one what became of it. */
  async #uploadAll(lane: Lane, batch: readonly SlotAssignment[]): Promise<Outcome[]> {
    const outcomes = await Promise.all(batch.map(({ message }) => this.#upload(lane, message)))
    for (const [index, outcome] of outcomes.entries()) {
      settleWaiters(lane, batch[index]?.slot ?? -1, outcome)
    }
    return outcomes
  }

  /** The message first, then its assignment, so that no published assignment lacks its message. */
  async #upload(lane: Lane, assignment: Message): Promise<Outcome> {
    const { uploader, events } = this.#deps
    const { signal } = this.#stopping
    const body = assignment.get('body')
    const id = messageId(assignment, 'all')
    const startedMs = performance.now()
    try {
      if (body instanceof Message) await uploader.upload(body, signal)
      await uploader.upload(assignment, signal)
      events.uploadDone({ id, durationMs: performance.now() - startedMs })
      return { kind: 'done' }
    } catch (error) {
      if (signal.aborted) return { kind: 'failed', error: stopping(), isFinal: false }
      const isFinal = isRefusal(error)
      const retry = isFinal ? {} : { retryInMs: this.#retryMs(lane) }
      events.uploadFailed({ id, attempt: lane.attempt + 1, ...retry, error })
      return { kind: 'failed', error: withSlot(error, assignment), isFinal }
    }
  }
}

function settleWaiters(lane: Lane, slot: number, outcome: Outcome): void {
  for (const waiter of lane.waiters.filter((each) => each.slot === slot)) {
    lane.waiters.splice(lane.waiters.indexOf(waiter), 1)
    if (outcome.kind === 'done') waiter.resolve()
    else waiter.reject(outcome.error)
  }
}

function rejectAll({ waiters }: Lane, error: unknown): void {
  for (const { reject } of waiters.splice(0)) reject(error)
}

/** Statuses of a bundler that is busy rather than unwilling. */
const TRANSIENT: ReadonlySet<unknown> = new Set([408, 425, 429])

/** Whether the bundler, or the codec, will not take the message however often it is tried. */
function isRefusal(error: unknown): boolean {
  if (!isAoError(error)) return false
  const { status } = error.context
  if (typeof status !== 'number') return error.code !== 'remote-failed'
  return status >= 400 && status < 500 && !TRANSIENT.has(status)
}

/** The error with the slot that stays taken, for the client. */
function withSlot(error: unknown, assignment: Message): unknown {
  if (!isAoError(error)) return error
  const context = { ...error.context, slot: integerOf(assignment, 'slot') }
  return new AoError(error.code, error.message, context, error)
}

function stopping(): AoError {
  return new AoError('unavailable', 'The node is stopping; the upload is made at its next start')
}
