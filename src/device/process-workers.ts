/**
 * The workers of all processes that are being computed: one each, made by the first request, freed
 * when it was idle for long. A worker holds nothing that cannot be read or computed again.
 */
import { AoError } from '../base/errors.ts'
import { ComputeWaits } from './compute-waits.ts'
import type { KnownProcess } from './process-base.ts'
import { ProcessWorker, type WorkerDeps, type WorkerOptions } from './process-worker.ts'

export interface WorkersOptions extends WorkerOptions {
  /** Workers at a time; when none is idle, further processes are refused. */
  readonly maxWorkers: number
  /** A worker without requests for so long stores a snapshot and is freed. */
  readonly idleMs: number
}

interface Slot {
  readonly worker: ProcessWorker
  lastUsedMs: number
}

export class ProcessWorkers {
  readonly #deps: WorkerDeps
  readonly #options: WorkersOptions
  /** In order of their last use, the longest unused first. */
  readonly #slots = new Map<string, Slot>()
  readonly #sweeper: NodeJS.Timeout
  #isClosed = false

  constructor(deps: Omit<WorkerDeps, 'waits'>, options: WorkersOptions) {
    this.#deps = { ...deps, waits: new ComputeWaits() }
    this.#options = options
    this.#sweeper = setInterval(() => this.#freeIdle(), Math.max(options.idleMs / 2, 10))
    this.#sweeper.unref()
  }

  get count(): number {
    return this.#slots.size
  }

  /** The worker of a process. @throws AoError `overloaded`, and `unavailable` after `close` */
  of(process: KnownProcess): ProcessWorker {
    if (this.#isClosed) {
      throw new AoError('unavailable', 'The node is stopping; send the request again later')
    }
    const slot = this.#slots.get(process.id) ?? this.#open(process)
    slot.lastUsedMs = this.#deps.clock.now()
    this.#slots.delete(process.id)
    this.#slots.set(process.id, slot)
    return slot.worker
  }

  /** Refuses new requests; resolves when all that was computed is written. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweeper)
    const workers = [...this.#slots.values()].map(({ worker }) => worker.close({ snapshot: false }))
    await Promise.allSettled(workers)
    this.#slots.clear()
  }

  #open(process: KnownProcess): Slot {
    const { maxWorkers } = this.#options
    if (this.#slots.size >= maxWorkers && !this.#freeOldest()) {
      throw new AoError('overloaded', 'Too many processes are being computed; try again later', {
        limit: maxWorkers,
      })
    }
    return { worker: new ProcessWorker(this.#deps, process, this.#options), lastUsedMs: 0 }
  }

  #freeOldest(): boolean {
    for (const [processId, { worker }] of this.#slots) {
      if (!worker.isIdle) continue
      this.#slots.delete(processId)
      return true
    }
    return false
  }

  #freeIdle(): void {
    const before = this.#deps.clock.now() - this.#options.idleMs
    for (const [processId, { worker, lastUsedMs }] of this.#slots) {
      if (!worker.isIdle || lastUsedMs > before) continue
      this.#slots.delete(processId)
      // Its last write may fail, and nothing is lost by that.
      worker.close({ snapshot: true }).catch(() => undefined)
    }
  }
}
