/**
 * Runs pushes. One that has sent something is noted until it is done, and one that nobody waits for
 * from the start, so that a node that was stopped or killed takes it up again.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { ComputeEvents } from '../base/compute-events.ts'
import { AoError } from '../base/errors.ts'
import type { Deliveries, PendingPush } from '../cache/deliveries.ts'
import type { Outcome } from './device.ts'
import { createPushRun, type PushOptions, type PushRun, type SlotPush } from './push-run.ts'
import { reasonOf } from './reason.ts'

export interface RunnerDeps {
  readonly deliveries: Pick<Deliveries, 'setPending' | 'clearPending' | 'pending'>
  readonly push: (push: SlotPush) => Promise<Outcome>
  /** Makes a push of what was noted; `undefined` when the process is not known any more. */
  readonly resume: (pending: PendingPush) => Promise<SlotPush | undefined>
  readonly events: Pick<ComputeEvents, 'pushFailed'>
  /** Runs work that does not belong to the one request that happened to begin it. */
  readonly outside: <T>(work: () => T) => T
}

export interface RunnerOptions extends PushOptions {
  /** Pushes at a time that nobody waits for. */
  readonly maxBackground: number
  /** How long a client is made to wait for a push. */
  readonly waitMs: number
  /** How long `close` waits. */
  readonly closeMs: number
  /** A push that goes on for so long ends after the message that is being sent. */
  readonly maxMs: number
  /** How long one that nobody waits for rests before it tries again; after the last it gives up. */
  readonly retryDelaysMs: readonly number[]
}

/** Where pushes under way began. */
interface Root {
  count: number
  isNoted: boolean
}

export class PushRunner {
  readonly #deps: RunnerDeps
  readonly #options: RunnerOptions
  readonly #roots = new Map<string, Root>()
  readonly #running = new Set<PushRun>()
  readonly #background = new Set<Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(deps: RunnerDeps, options: RunnerOptions) {
    this.#deps = deps
    this.#options = options
  }

  /**
   * What comes of a push; `undefined` for one that takes longer than `waitMs`, and goes on as one that
   * nobody waits for. One that throws stays noted, for the next start of the node.
   */
  async run(push: SlotPush): Promise<Outcome | undefined> {
    this.#hold(push.run)
    const attempt = this.#attempt(push)
    const isLate = new AbortController()
    const late = wait(this.#options.waitMs, undefined, { signal: isLate.signal, ref: false })
    late.catch(() => undefined)
    let isOver = false
    try {
      const outcome = await Promise.race([attempt, late])
      isOver = true
      if (outcome === undefined) await this.#leave(push, attempt)
      else await this.#release(push.run, true)
      return outcome
    } finally {
      isLate.abort()
      if (!isOver) await this.#release(push.run, false)
    }
  }

  /** Resolves when the push is noted and under way. @throws AoError `overloaded`, `unavailable` */
  async start(push: SlotPush): Promise<undefined> {
    const { maxBackground: limit } = this.#options
    if (this.#isStopping) {
      throw new AoError('unavailable', 'The node is stopping; push the slot again later')
    }
    if (this.#background.size >= limit) {
      throw new AoError('overloaded', 'Too many pushes are under way; push the slot again later', {
        limit,
      })
    }
    push.run.isNoted = true
    await this.#deps.deliveries.setPending(push.run.root)
    this.#begin(push)
    return undefined
  }

  /** Takes up what was cut off when the node stopped. */
  async resume(): Promise<void> {
    for (const pending of await this.#deps.deliveries.pending()) {
      while (this.#background.size >= this.#options.maxBackground) {
        await Promise.race(this.#background)
      }
      if (this.#isStopping) return
      const push = await this.#deps.resume(pending)
      if (push === undefined) await this.#deps.deliveries.clearPending(pending)
      else this.#begin(push)
    }
  }

  /**
   * Ends what is under way after the message that is being sent, and waits for that, but not for a
   * device that does not come to an end; the next start goes on with it.
   */
  async close(): Promise<void> {
    this.#stopping.abort()
    for (const run of this.#running) run.visits = 0
    const isOver = new AbortController()
    const late = wait(this.#options.closeMs, undefined, { signal: isOver.signal })
    late.catch(() => undefined)
    await Promise.race([Promise.all(this.#background), late])
    isOver.abort()
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  /** Nobody waits any more for a push that is under way. */
  async #leave(push: SlotPush, attempt: Promise<Outcome>): Promise<void> {
    push.run.isNoted = true
    this.#keep(this.#finish(push, attempt))
    const { root } = push.run
    await this.#deps.deliveries.setPending(root)
    if (!this.#roots.has(nameOf(root))) await this.#deps.deliveries.clearPending(root)
  }

  #begin(push: SlotPush): void {
    push.run.isNoted = true
    this.#hold(push.run)
    this.#keep(this.#deps.outside(() => this.#finish(push, this.#attempt(push))))
  }

  #keep(done: Promise<void>): void {
    this.#background.add(done)
    void done.finally(() => this.#background.delete(done))
  }

  /** Tries again for a while what failed for a reason that may pass, then gives up. */
  async #finish(push: SlotPush, attempt: Promise<Outcome>): Promise<void> {
    const { root } = push.run
    let failure = await this.#failureOf(push.run, attempt)
    for (const delayMs of this.#options.retryDelaysMs) {
      if (failure === undefined || !(await this.#pause(delayMs))) break
      const run = { ...createPushRun(root, this.#options), isNoted: true }
      failure = await this.#failureOf(run, this.#attempt({ ...push, run }))
    }
    const { pushFailed } = this.#deps.events
    if (failure !== undefined) pushFailed({ ...root, key: '', error: failure })
    await this.#release(push.run, true).catch((error: unknown) => {
      pushFailed({ ...root, key: '', error })
    })
  }

  /** Why a push must be tried again; what will fail for ever is only told. */
  async #failureOf(run: PushRun, attempt: Promise<Outcome>): Promise<unknown> {
    try {
      const outcome = await attempt
      if (outcome.kind !== 'error') return run.postponed > 0 ? POSTPONED : undefined
      if (outcome.status >= 500) return reasonOf(outcome.value)
      this.#deps.events.pushFailed({ ...run.root, key: '', error: reasonOf(outcome.value) })
      return undefined
    } catch (error) {
      return error
    }
  }

  /** A push does not go on for ever, however slow all its targets are. */
  async #attempt(push: SlotPush): Promise<Outcome> {
    const { run } = push
    this.#running.add(run)
    const end = setTimeout(() => {
      run.visits = 0
    }, this.#options.maxMs)
    end.unref()
    try {
      return await this.#deps.push(push)
    } finally {
      clearTimeout(end)
      this.#running.delete(run)
    }
  }

  /** Whether there is still time after a while. */
  async #pause(delayMs: number): Promise<boolean> {
    const { signal } = this.#stopping
    await wait(delayMs, undefined, { signal, ref: false }).catch(() => undefined)
    return !this.#isStopping
  }

  #hold({ root }: PushRun): void {
    const held = this.#roots.get(nameOf(root)) ?? { count: 0, isNoted: false }
    held.count++
    this.#roots.set(nameOf(root), held)
  }

  /** Takes the note away with the last push that began there, unless there is more to do. */
  async #release({ root, isNoted }: PushRun, isOver: boolean): Promise<void> {
    const held = this.#roots.get(nameOf(root))
    if (held === undefined) return
    held.count--
    held.isNoted ||= isNoted
    if (held.count > 0) return
    this.#roots.delete(nameOf(root))
    if (isOver && held.isNoted && !this.#isStopping) await this.#deps.deliveries.clearPending(root)
  }
}

const POSTPONED = 'Some messages could not be delivered; push the slot again later'

function nameOf(root: PendingPush): string {
  return JSON.stringify([root.process, root.slot])
}
