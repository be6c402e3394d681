/** Group commit: batches that come while others are being flushed share the next flush. */
import { AoError } from '../base/errors.ts'
import type { Batch, BatchOutcome } from './store-engine.ts'

export interface CommitQueueOptions {
  /** Batches that may wait; one more is refused with `overloaded`. Default 16,384. */
  readonly maxWaiting?: number
  /** Batches written together. Default 512: a few milliseconds of work for the engine. */
  readonly maxGroup?: number
}

export type WriteBatches = (batches: readonly Batch[]) => Promise<readonly BatchOutcome[]>

interface Waiting {
  readonly batch: Batch
  readonly settle: (outcome: BatchOutcome) => void
}

export class CommitQueue {
  readonly #write: WriteBatches
  readonly #maxWaiting: number
  readonly #maxGroup: number
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  /** `write` is called with one group at a time and must not reject. */
  constructor(
    write: WriteBatches,
    { maxWaiting = 16_384, maxGroup = 512 }: CommitQueueOptions = {},
  ) {
    this.#write = write
    this.#maxWaiting = maxWaiting
    this.#maxGroup = maxGroup
  }

  /** Resolves when the batch is written. @throws AoError what `write` gave for it, or `overloaded` */
  async push(batch: Batch): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new AoError('overloaded', 'Too many batches wait to be written; try again later', {
        limit: this.#maxWaiting,
      })
    }
    const { promise, resolve } = Promise.withResolvers<BatchOutcome>()
    this.#waiting.push({ batch, settle: resolve })
    this.#running ??= this.#run()
    const failure = await promise
    if (failure !== undefined) throw failure
  }

  /** Resolves when nothing waits and nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // Callers of the same turn get into the first group.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#maxGroup)
      const outcomes = await this.#write(group.map(({ batch }) => batch))
      group.forEach(({ settle }, index) => {
        settle(outcomes[index])
      })
    }
    this.#running = undefined
  }
}
