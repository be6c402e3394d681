/**
 * Pushes that go on when their clients are gone. Each is noted until it is done, so that a node that
 * was stopped or killed takes it up again.
 */
import type { ComputeEvents } from '../base/compute-events.ts'
import { AoError } from '../base/errors.ts'
import type { Deliveries, PendingPush } from '../cache/deliveries.ts'
import type { Outcome } from './device.ts'
import type { SlotPush } from './push-slot.ts'

export interface BackgroundDeps {
  readonly deliveries: Pick<Deliveries, 'setPending' | 'clearPending' | 'pending'>
  readonly push: (push: SlotPush) => Promise<Outcome>
  /** Makes a push of what was noted; `undefined` when the process is not known any more. */
  readonly resume: (pending: PendingPush) => Promise<SlotPush | undefined>
  readonly events: Pick<ComputeEvents, 'pushFailed'>
  readonly outside: <T>(work: () => T) => T
  /** Pushes at a time. */
  readonly limit: number
}

export class BackgroundPushes {
  readonly #deps: BackgroundDeps
  readonly #running = new Map<SlotPush, Promise<void>>()
  #isClosed = false

  constructor(deps: BackgroundDeps) {
    this.#deps = deps
  }

  /** Resolves when the push is noted and under way. @throws AoError `overloaded`, `unavailable` */
  async start(push: SlotPush): Promise<void> {
    const { limit, deliveries } = this.#deps
    if (this.#isClosed) {
      throw new AoError('unavailable', 'The node is stopping; push the slot again later')
    }
    if (this.#running.size >= limit) {
      throw new AoError('overloaded', 'Too many pushes are under way; push the slot again later', {
        limit,
      })
    }
    await deliveries.setPending(placeOf(push))
    this.#run(push)
  }

  /** Takes up what was cut off when the node stopped. */
  async resume(): Promise<void> {
    for (const pending of await this.#deps.deliveries.pending()) {
      if (this.#isClosed) return
      const push = await this.#deps.resume(pending)
      if (push === undefined) await this.#deps.deliveries.clearPending(pending)
      else this.#run(push)
      if (this.#running.size >= this.#deps.limit) await Promise.race(this.#running.values())
    }
  }

  /** Ends what is under way after the message that is being sent; the next start goes on with it. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { budget } of this.#running.keys()) budget.visits = 0
    await Promise.all(this.#running.values())
  }

  #run(push: SlotPush): void {
    const running = this.#deps.outside(() => this.#finish(push))
    this.#running.set(push, running)
    void running.finally(() => this.#running.delete(push))
  }

  /** A push that fails stays noted: the next start of the node tries it again. */
  async #finish(push: SlotPush): Promise<void> {
    const place = placeOf(push)
    try {
      const outcome = await this.#deps.push(push)
      if (outcome.kind === 'error') throw outcome.value
      if (!this.#isClosed) await this.#deps.deliveries.clearPending(place)
    } catch (error) {
      this.#deps.events.pushFailed({ ...place, key: '', error })
    }
  }
}

function placeOf({ process, slot }: SlotPush): PendingPush {
  return { process: process.id, slot }
}
