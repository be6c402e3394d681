/**
 * The server of one process: a queue that gives out its slots. A message is drafted into an
 * assignment, signed, written and answered; drafts are signed while earlier ones are being written.
 * Only what is durable moves the head. When a step fails, the caller hears why at once, and every
 * later draft is made anew on the last good head, so that no slot is ever skipped or used twice.
 */
import type { Clock } from '../base/clock.ts'
import { type PreparedMessage, prepareMessage } from '../cache/prepare.ts'
import type { HashpathAlgorithm } from '../message/hashpath.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { appendUntilWritten } from './append-until-written.ts'
import { nextBaseHashpath, nextHashChain, startChain } from './chain.ts'
import { DraftSigner, type DraftSignerDeps, type DraftSignerOptions } from './draft-signer.ts'
import { queueFull, stopping, waitedTooLong } from './queue-refusals.ts'
import { createQueueTimer } from './queue-timer.ts'
import type { AppendEntry, Head } from './schedule-store.ts'

/** When the caller gets the assignment. */
export type SchedulingMode =
  /** Before the write. */
  | 'aggressive'
  /** After the durable write. */
  | 'local_confirmation'
  /** After the upload that follows the write. */
  | 'remote_confirmation'
  /** Never: the node schedules nothing. */
  | 'disabled'

export interface ProcessServerDeps extends DraftSignerDeps {
  /** Of timestamps. */
  readonly clock: Clock
  /** Milliseconds that never jump, of how long requests wait. Default `performance.now`. */
  readonly elapsedMs?: () => number
  /** The assignment that a message has in the store, by its id. */
  readonly find: (messageId: string) => Promise<Message | undefined>
  /** Resolves when it is time to write what is signed. Default: at once. */
  readonly gather?: () => Promise<void>
  /** Writes assignments in order and resolves when they are durable. */
  readonly append: (entries: readonly AppendEntry[]) => Promise<void>
  /** Publishes an assignment; in mode `remote_confirmation` the caller waits for it. */
  readonly upload: (assignment: Message) => Promise<void>
  /** Told of slots that were acknowledged and could not be written (mode `aggressive`). */
  readonly lost?: (slots: readonly number[], error: unknown) => void
}

export interface ProcessServerOptions extends DraftSignerOptions {
  readonly mode: Exclude<SchedulingMode, 'disabled'>
  readonly hashpathAlgorithm?: HashpathAlgorithm
  /** Requests that are not begun after so long are refused. */
  readonly timeoutMs: number
  /** Requests that may wait; more are refused. */
  readonly queueLimit: number
}

export interface ProcessServer {
  /** Gives the message the next slot; resolves to the assignment as its mode promises. */
  schedule(message: Message, options?: ScheduleOptions): Promise<Message>
  /**
   * The same, but a message that has an assignment gets that, and one that is under way the one that
   * it is about to get: however often and whenever it comes, it is scheduled once.
   */
  scheduleOnce(message: Message, options?: ScheduleOptions): Promise<ScheduledOnce>
  /** Last slot that is durable, -1 before the first. */
  current(): number
  /** Requests under way. */
  pending(): number
  /** Resolves when everything accepted so far is answered. Later requests are refused. */
  close(): Promise<void>
}

export interface ScheduledOnce {
  readonly assignment: Message
  /** Whether the assignment was made for this call. */
  readonly isNew: boolean
}

export interface ScheduleOptions {
  /** `path` of the assignment. Default: that of the message, else `compute`. */
  readonly path?: string
}

interface Request {
  /** The message, ready to be written with its assignment. */
  readonly body: PreparedMessage
  readonly options: ScheduleOptions
  readonly abortAtMs: number
  readonly resolve: (assignment: Message) => void
  readonly reject: (error: unknown) => void
}

/** A request that has a slot, which holds only if all before it succeed. */
interface Draft {
  readonly request: Request
  readonly slot: number
  readonly timestamp: number
  readonly hashChain: string
  /** `undefined` while the signature is being made. */
  outcome: { readonly assignment: Message } | { readonly error: unknown } | undefined
  /** Set when a draft before it failed: its signature is of no use any more. */
  isDropped: boolean
}

/** A signed draft that waits for its write. */
interface Ready {
  readonly request: Request
  readonly assignment: PreparedMessage
  readonly head: Head
}

/** Most assignments that go into one transaction. */
const MAX_BATCH = 256

export function createProcessServer(
  deps: ProcessServerDeps,
  options: ProcessServerOptions,
  stored: Head | undefined,
): ProcessServer {
  return new QueueServer(deps, options, stored)
}

class QueueServer implements ProcessServer {
  readonly #deps: ProcessServerDeps
  readonly #options: ProcessServerOptions
  /** After the last durable assignment. */
  #durable: Head
  /** After the last assignment that is signed. */
  #signed: Head
  /** Messages to be scheduled once, by id, until the store has them or they failed. */
  readonly #once = new Map<string, Promise<Message>>()
  readonly #queue: Request[] = []
  readonly #drafts: Draft[] = []
  readonly #signer: DraftSigner
  readonly #ready: Ready[] = []
  #isGathering = false
  /** Head of the write under way. */
  #writing: Head | undefined
  #isClosed = false
  /** Why acknowledged assignments cannot be written at the moment (mode `aggressive`). */
  #stalled: unknown
  #onIdle: (() => void)[] = []
  readonly #elapsedMs: () => number
  readonly #expiry = createQueueTimer(() => this.#expire())

  constructor(deps: ProcessServerDeps, options: ProcessServerOptions, stored: Head | undefined) {
    this.#deps = deps
    this.#elapsedMs = deps.elapsedMs ?? (() => performance.now())
    this.#options = options
    this.#signer = new DraftSigner(deps, options)
    this.#durable = stored ?? { slot: -1, timestamp: 0, ...startChain(options.processId) }
    this.#signed = this.#durable
  }

  current(): number {
    return this.#durable.slot
  }

  pending(): number {
    return (
      this.#queue.length +
      this.#drafts.length +
      this.#ready.length +
      Number(this.#writing !== undefined)
    )
  }

  schedule(message: Message, options: ScheduleOptions = {}): Promise<Message> {
    return this.#enqueue(message, options)
  }

  async scheduleOnce(message: Message, options: ScheduleOptions = {}): Promise<ScheduledOnce> {
    const id = messageId(message, 'all')
    const underWay = this.#once.get(id)
    if (underWay !== undefined) return { assignment: await underWay, isNew: false }
    let isNew = false
    const found = this.#findConfirmed(id).then((existing) => {
      isNew = existing === undefined
      return existing ?? this.#enqueue(message, options)
    })
    this.#once.set(id, found)
    try {
      const assignment = await found
      if (!isNew) this.#once.delete(id)
      return { assignment, isNew }
    } catch (error) {
      this.#once.delete(id)
      throw error
    }
  }

  /** An assignment from the store, as the mode promises it: its upload may have failed before. */
  async #findConfirmed(id: string): Promise<Message | undefined> {
    const existing = await this.#deps.find(id)
    if (existing !== undefined && this.#options.mode === 'remote_confirmation') {
      await this.#deps.upload(existing)
    }
    return existing
  }

  async #enqueue(message: Message, options: ScheduleOptions): Promise<Message> {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    const body = prepareMessage(message)
    const abortAtMs = this.#elapsedMs() + this.#options.timeoutMs
    return new Promise((resolve, reject) => {
      this.#queue.push({ body, options, abortAtMs, resolve, reject })
      this.#expiry.start(this.#options.timeoutMs + 1)
      this.#advance()
    })
  }

  close(): Promise<void> {
    this.#isClosed = true
    if (this.pending() === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  #refusal(): unknown {
    const { processId, queueLimit } = this.#options
    if (this.#isClosed) return stopping()
    return this.#queue.length >= queueLimit ? queueFull(processId, queueLimit) : this.#stalled
  }

  /** Refuses what has waited too long, also while a signature takes for ever. */
  #expire(): number | undefined {
    const nowMs = this.#elapsedMs()
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (nowMs <= first.abortAtMs) return first.abortAtMs - nowMs + 1
      this.#queue.shift()
      first.reject(waitedTooLong(this.#options))
    }
    return undefined
  }

  /** Starts whatever can be started now. Called after every change. */
  #advance(): void {
    this.#expire()
    if (this.#drafts.length === 0) this.#signer.choose(this.#queue.length, this.#signed)
    while (this.#queue.length > 0 && this.#canDraft()) this.#draftNext()
    const canWrite = this.#writing === undefined && !this.#isGathering
    if (canWrite && this.#ready.length > 0) void this.#write()
    if (this.pending() > 0) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #canDraft(): boolean {
    return this.#ready.length < MAX_BATCH && this.#drafts.length < this.#signer.ahead
  }

  #draftNext(): void {
    const request = this.#queue.shift()
    if (request === undefined) return
    const before = this.#drafts.at(-1) ?? this.#signed
    const draft: Draft = {
      request,
      slot: before.slot + 1,
      timestamp: Math.max(this.#deps.clock.now(), before.timestamp),
      hashChain: nextHashChain(before.hashChain, request.body.id),
      outcome: undefined,
      isDropped: false,
    }
    this.#drafts.push(draft)
    void this.#sign(draft)
  }

  async #sign(draft: Draft): Promise<void> {
    try {
      const { request, slot, timestamp, hashChain } = draft
      const { body, options } = request
      const place = { slot, timestamp, hashChain, body, path: options.path }
      draft.outcome = { assignment: await this.#signer.sign(place, this.#signed) }
    } catch (error) {
      draft.outcome = { error }
    }
    if (draft.isDropped) return
    this.#collectSigned()
    this.#advance()
  }

  /** Moves drafts that are signed, in slot order, to those that wait for their write. */
  #collectSigned(): void {
    for (let draft = this.#drafts[0]; draft?.outcome !== undefined; draft = this.#drafts[0]) {
      this.#drafts.shift()
      try {
        if ('error' in draft.outcome) throw draft.outcome.error
        this.#accept(draft, draft.outcome.assignment)
      } catch (error) {
        draft.request.reject(error)
        this.#redraft([])
      }
    }
  }

  #accept(draft: Draft, signed: Message): void {
    const { slot, timestamp, hashChain, request } = draft
    this.#signer.assertContinues(signed, this.#signed)
    const assignment = prepareMessage(signed, request.body)
    const baseHashpath = nextBaseHashpath(
      this.#signed.baseHashpath,
      assignment.id,
      this.#options.hashpathAlgorithm,
    )
    this.#signed = { slot, timestamp, hashChain, baseHashpath }
    this.#ready.push({ request, assignment, head: this.#signed })
    if (this.#options.mode === 'aggressive') request.resolve(assignment.message)
  }

  /** Drops every draft and puts its request, and those given, back in front of the queue. */
  #redraft(unwritten: readonly Ready[]): void {
    this.#signer.endRun()
    const dropped = this.#drafts.splice(0)
    for (const draft of dropped) draft.isDropped = true
    this.#queue.unshift(
      ...unwritten.map(({ request }) => request),
      ...dropped.map((d) => d.request),
    )
    this.#signed = this.#ready.at(-1)?.head ?? this.#writing ?? this.#durable
  }

  async #write(): Promise<void> {
    this.#isGathering = true
    await this.#deps.gather?.()
    this.#isGathering = false
    const batch = this.#ready.splice(0, MAX_BATCH)
    const last = batch.at(-1)
    if (last === undefined) return
    this.#writing = last.head
    const failure = await this.#append(batch).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    this.#writing = undefined
    if (failure === undefined) {
      this.#durable = last.head
      for (const ready of batch) this.#confirm(ready)
      // From now on the store has them.
      for (const { request } of batch) this.#once.delete(request.body.id)
    } else if (this.#options.mode === 'aggressive') this.#giveUp(batch, failure.error)
    else {
      for (const { request } of batch) request.reject(failure.error)
      this.#redraft(this.#ready.splice(0))
    }
    this.#advance()
  }

  /** What was acknowledged must not get another slot: it is lost, and so that no slot is, all behind it. */
  #giveUp(batch: readonly Ready[], error: unknown): void {
    const lost = [...batch, ...this.#ready.splice(0)]
    this.#deps.lost?.(
      lost.map(({ head }) => head.slot),
      error,
    )
    this.#redraft([])
    for (const { reject } of this.#queue.splice(0)) reject(error)
  }

  async #append(batch: readonly Ready[]): Promise<void> {
    const entries = batch.map(({ request, assignment, head }) => ({
      head,
      assignment,
      messageId: request.body.id,
    }))
    if (this.#options.mode !== 'aggressive') return this.#deps.append(entries)
    return appendUntilWritten(() => this.#deps.append(entries), {
      isClosed: () => this.#isClosed,
      stalled: (error) => {
        this.#stalled = error
      },
    })
  }

  #confirm({ request, assignment }: Ready): void {
    const uploaded = this.#deps.upload(assignment.message)
    if (this.#options.mode === 'remote_confirmation') {
      uploaded.then(() => request.resolve(assignment.message), request.reject)
      return
    }
    // Failures are told of where they happen; here nobody waits for them.
    uploaded.catch(() => undefined)
    request.resolve(assignment.message)
  }
}
