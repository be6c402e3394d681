/**
 * Which process waits for which while it is computed. Devices of a process may ask for the state of
 * any process: one that asks for a slot that itself waits for this one would wait for ever.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { AoError } from '../base/errors.ts'

interface Computation {
  readonly processId: string
  /** Off when it has ended: what its devices left behind waits on nobody's behalf. */
  isRunning: boolean
}

export class ComputeWaits {
  readonly #computations = new AsyncLocalStorage<Computation>()
  /** For each wait under way, who waits for whom. */
  readonly #waits = new Set<{ readonly waiter: string; readonly awaited: string }>()

  /** Runs what computes a process. */
  async computing<T>(processId: string, work: () => Promise<T>): Promise<T> {
    const computation: Computation = { processId, isRunning: true }
    try {
      return await this.#computations.run(computation, work)
    } finally {
      computation.isRunning = false
    }
  }

  /**
   * Waits for a process, perhaps on behalf of another.
   * @throws AoError `infinite-recursion` when that one would wait for itself.
   */
  async waiting<T>(awaited: string, work: () => Promise<T>): Promise<T> {
    const computation = this.#computations.getStore()
    if (computation === undefined || !computation.isRunning) return work()
    const waiter = computation.processId
    if (this.#leadsTo(awaited, waiter)) {
      throw new AoError('infinite-recursion', 'The process waits for its own computation', {
        process: waiter,
        awaited,
      })
    }
    const wait = { waiter, awaited }
    this.#waits.add(wait)
    try {
      return await work()
    } finally {
      this.#waits.delete(wait)
    }
  }

  #leadsTo(from: string, to: string): boolean {
    const seen = new Set([from])
    for (const process of seen) {
      if (process === to) return true
      for (const { waiter, awaited } of this.#waits) if (waiter === process) seen.add(awaited)
    }
    return false
  }
}
