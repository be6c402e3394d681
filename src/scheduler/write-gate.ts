/**
 * Gathers assignments for one transaction of the store. A transaction costs as much as ten
 * assignments in it, so that under load an assignment that is signed waits a little for those that
 * are still being signed. Nobody waits when the node has time: a message alone is written at once.
 */

interface WriteGateDeps {
  /** Messages under way in the whole node, those that wait here or are being written included. */
  underWay(): number
}

interface WriteGateOptions {
  /** Longest wait. Default 10. */
  readonly maxWaitMs?: number
  /** So many assignments are not made to wait for more. Default 32. */
  readonly enough?: number
  /**
   * How many messages must be without a signature for others to wait for them: twice the cores, so
   * that no core has nothing to sign meanwhile.
   */
  readonly busyFrom: number
}

export interface WriteGate {
  /** Runs a write of so many assignments when it is time for it. */
  run<T>(count: number, write: () => Promise<T>): Promise<T>
}

export function createWriteGate(deps: WriteGateDeps, options: WriteGateOptions): WriteGate {
  return new Gate(deps, options)
}

class Gate implements WriteGate {
  readonly #deps: WriteGateDeps
  readonly #options: Required<WriteGateOptions>
  /** Those that wait; all of them are let through together. */
  #waiting: (() => void)[] = []
  #waitingCount = 0
  #writingCount = 0
  #timer: NodeJS.Timeout | undefined

  constructor(deps: WriteGateDeps, options: WriteGateOptions) {
    this.#deps = deps
    this.#options = { maxWaitMs: 10, enough: 32, ...options }
  }

  async run<T>(count: number, write: () => Promise<T>): Promise<T> {
    await this.#pass(count)
    try {
      return await write()
    } finally {
      this.#writingCount -= count
    }
  }

  #pass(count: number): Promise<void> {
    this.#waitingCount += count
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (!this.#isWorthWaiting()) this.#open()
      else this.#timer ??= setTimeout(() => this.#open(), this.#options.maxWaitMs)
    })
  }

  #isWorthWaiting(): boolean {
    const { enough, busyFrom } = this.#options
    const unsigned = this.#deps.underWay() - this.#waitingCount - this.#writingCount
    return this.#waitingCount < enough && unsigned >= busyFrom
  }

  #open(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writingCount += this.#waitingCount
    this.#waitingCount = 0
    for (const pass of this.#waiting.splice(0)) pass()
  }
}
