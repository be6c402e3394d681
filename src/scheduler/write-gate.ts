/**
 * Gathers assignments for one write of the store, which costs a flush of the disk and two ways to
 * another thread, so that under load an assignment that is signed waits a little for those that
 * are still being signed. Nobody waits when the node has time: a message alone is written at once.
 */

interface WriteGateDeps {
  /** Messages under way in the whole node, until they are answered. */
  underWay(): number
}

interface WriteGateOptions {
  /** Longest wait. Default 10. */
  readonly maxWaitMs?: number
  /** So many assignments are not made to wait for more. Default 32. */
  readonly enough?: number
  /**
   * How many messages must be without a signature for others to wait for them: so many that the
   * time until they are signed is long beside the wait.
   */
  readonly busyFrom: number
}

export interface WriteGate {
  /** To be called for each assignment that was signed. */
  signed(): void
  /** Resolves when it is time to write what is signed. */
  ready(): Promise<void>
  /** Runs a write of so many assignments. */
  write<T>(count: number, run: () => Promise<T>): Promise<T>
}

export function createWriteGate(deps: WriteGateDeps, options: WriteGateOptions): WriteGate {
  return new Gate(deps, options)
}

class Gate implements WriteGate {
  readonly #deps: WriteGateDeps
  readonly #options: Required<WriteGateOptions>
  /** Those that wait; all of them are let through together. */
  readonly #waiting: (() => void)[] = []
  /** Signed and not written yet, those being written included. */
  #signed = 0
  #writing = 0
  #timer: NodeJS.Timeout | undefined

  constructor(deps: WriteGateDeps, options: WriteGateOptions) {
    this.#deps = deps
    this.#options = { maxWaitMs: 10, enough: 32, ...options }
  }

  signed(): void {
    // A signature that is made again after a failure is counted twice: never more than there are.
    this.#signed = Math.min(this.#signed + 1, this.#deps.underWay())
    if (this.#waiting.length > 0 && !this.#isWorthWaiting()) this.#open()
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#isWorthWaiting()) this.#open()
      else this.#timer ??= setTimeout(() => this.#open(), this.#options.maxWaitMs)
    })
  }

  async write<T>(count: number, run: () => Promise<T>): Promise<T> {
    this.#writing += count
    try {
      return await run()
    } finally {
      this.#writing -= count
      this.#signed = Math.max(this.#signed - count, 0)
    }
  }

  #isWorthWaiting(): boolean {
    const { enough, busyFrom } = this.#options
    const unsigned = this.#deps.underWay() - this.#signed
    return this.#signed - this.#writing < enough && unsigned >= busyFrom
  }

  #open(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const pass of this.#waiting.splice(0)) pass()
  }
}
