/** Group commit: batches that come while others are being flushed share the next flush. */
import { AoError } from '../base/errors.ts'
import type { Batch, BatchOutcome } from './store-engine.ts'

export interface CommitQueueOptions {
  /**
   * How much may wait, in bytes; a batch that would exceed it is refused with `overloaded`, unless
   * nothing waits. Default 256 MiB.
   */
  readonly maxWaitingBytes?: number
  /** Bytes that are written together. Default 16 MiB. */
  readonly maxGroupBytes?: number
  /** Batches that are written together. Default 512: some milliseconds of work for an engine. */
  readonly maxGroup?: number
}

export type WriteBatches = (batches: readonly Batch[]) => Promise<readonly BatchOutcome[]>

interface Waiting {
  readonly batch: Batch
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (failure: AoError) => void
}

/** What a write costs beside its value. */
const WRITE_BYTES = 128
const MIB = 2 ** 20

export class CommitQueue {
  readonly #write: WriteBatches
  readonly #options: Required<CommitQueueOptions>
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0
  #running: Promise<void> | undefined

  /** `write` is called with one group at a time and must not reject. */
  constructor(write: WriteBatches, options: CommitQueueOptions = {}) {
    this.#write = write
    this.#options = {
      maxWaitingBytes: 256 * MIB,
      maxGroupBytes: 16 * MIB,
      maxGroup: 512,
      ...options,
    }
  }

  /** Resolves when the batch is written. @throws AoError what `write` gave for it, or `overloaded` */
  push(batch: Batch): Promise<void> {
    const bytes = bytesOf(batch)
    const limit = this.#options.maxWaitingBytes
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > limit) {
      const message = 'Too much waits to be written; try again later'
      return Promise.reject(new AoError('overloaded', message, { limit }))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, bytes, resolve, reject })
      this.#waitingBytes += bytes
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits and nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // Callers of the same turn get into the first group.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      const outcomes = await this.#write(group.map(({ batch }) => batch))
      group.forEach(({ resolve, reject }, index) => {
        const failure = outcomes[index]
        if (failure === undefined) resolve()
        else reject(failure)
      })
    }
    this.#running = undefined
  }

  #takeGroup(): Waiting[] {
    const { maxGroup, maxGroupBytes } = this.#options
    let count = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      if (count === maxGroup || (count > 0 && bytes + waiting.bytes > maxGroupBytes)) break
      bytes += waiting.bytes
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }
}

function bytesOf(batch: Batch): number {
  let bytes = 0
  for (const write of batch)
    bytes += WRITE_BYTES + (write.kind === 'value' ? write.value.length : 0)
  return bytes
}
