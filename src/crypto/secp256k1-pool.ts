/**
 * Threads for Ethereum signatures. An operation takes 100 to 250 microseconds, too long for the
 * thread that serves requests, and libuv's pool cannot run it: OpenSSL offers no Keccak. Threads
 * start with the first job, never keep the process alive while idle, and end with `close`.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { AoError } from '../base/errors.ts'
import { siblingModule } from '../base/sibling-module.ts'
import type { Secp256k1Job, Secp256k1Request, Secp256k1Result } from './secp256k1-worker.ts'

export interface Secp256k1PoolOptions {
  /** Default: one per core, at most 4. */
  readonly threads?: number
  /** Jobs that may wait for one thread; more fail with `overloaded`. Default 10,000. */
  readonly maxQueued?: number
}

export class Secp256k1Pool implements AsyncDisposable {
  readonly #options: Required<Secp256k1PoolOptions>
  readonly #threads = new Set<PoolThread>()

  constructor(options: Secp256k1PoolOptions = {}) {
    this.#options = {
      threads: options.threads ?? Math.min(availableParallelism(), 4),
      maxQueued: options.maxQueued ?? 10_000,
    }
  }

  /** 65 bytes: r, s, v. @throws AoError `invalid-wallet` for a key outside the curve. */
  async sign(privateKey: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    const result = await this.#run({
      kind: 'sign',
      privateKey: owned(privateKey),
      data: owned(data),
    })
    if (!(result instanceof Uint8Array)) {
      throw new AoError('invalid-wallet', 'Expected a private key of the curve secp256k1')
    }
    return result
  }

  /** `false` too for bytes that are no signature or no key. */
  async verify(publicKey: Uint8Array, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
    const result = await this.#run({
      kind: 'verify',
      publicKey: owned(publicKey),
      signature: owned(signature),
      data: owned(data),
    })
    return result === true
  }

  /** Ends the threads; unfinished jobs fail with `unavailable`. A later job starts them again. */
  async close(): Promise<void> {
    const threads = [...this.#threads]
    this.#threads.clear()
    await Promise.all(threads.map((thread) => thread.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #run(job: Secp256k1Job): Promise<Secp256k1Result> {
    const thread = this.#pickThread()
    if (thread.queued >= this.#options.maxQueued) {
      throw new AoError(
        'overloaded',
        'Too many Ethereum signatures wait for a thread; retry later',
        {
          queued: thread.queued,
        },
      )
    }
    return thread.run(job)
  }

  /** The least busy thread; a new one while all have work and there may be more. */
  #pickThread(): PoolThread {
    let best: PoolThread | undefined
    for (const thread of this.#threads) {
      if (best === undefined || thread.queued < best.queued) best = thread
    }
    if (best !== undefined && (best.queued === 0 || this.#threads.size >= this.#options.threads)) {
      return best
    }
    const started = new PoolThread(() => this.#threads.delete(started))
    this.#threads.add(started)
    return started
  }
}

interface Waiter {
  readonly resolve: (result: Secp256k1Result) => void
  readonly reject: (error: AoError) => void
}

/** @NOTE A view would take the whole buffer under it along to the other thread. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/** Jobs that go to a thread in one message: few enough that the other threads get theirs. */
const BATCH = 8

/**
 * Jobs of one turn of the event loop travel together, and so do their results: a message between
 * threads costs more than a signature.
 */
class PoolThread {
  readonly #worker: Worker
  /** In the order of their jobs, which is that of the results. */
  #waiters: Waiter[] = []
  #unsent: Secp256k1Job[] = []

  constructor(onEnd: () => void) {
    this.#worker = new Worker(siblingModule(import.meta.url, 'secp256k1-worker'))
    this.#worker.unref()
    this.#worker.on('message', (results: readonly Secp256k1Result[]) => this.#settle(results))
    this.#worker.on('error', (cause) => this.#fail(cause))
    this.#worker.on('exit', () => {
      onEnd()
      this.#fail()
    })
  }

  get queued(): number {
    return this.#waiters.length
  }

  run(job: Secp256k1Job): Promise<Secp256k1Result> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.length === 0) this.#worker.ref()
      this.#waiters.push({ resolve, reject })
      const waiting = this.#unsent.push(job)
      if (waiting === BATCH) this.#send()
      else if (waiting === 1) setImmediate(() => this.#send())
    })
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #send(): void {
    if (this.#unsent.length === 0) return
    const request: Secp256k1Request = this.#unsent
    this.#unsent = []
    this.#worker.postMessage(request)
  }

  #settle(results: readonly Secp256k1Result[]): void {
    const settled = this.#waiters.splice(0, results.length)
    for (const [index, { resolve }] of settled.entries()) resolve(results[index])
    if (this.#waiters.length === 0) this.#worker.unref()
  }

  #fail(cause?: unknown): void {
    const error = new AoError('unavailable', 'The thread for Ethereum signatures ended', {}, cause)
    this.#unsent = []
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }
}

/**
 * The threads behind `verifySignature` and the wallets of this process.
 * @NOTE Shared like libuv's pool, and like it without any state that a caller could see.
 */
export const sharedSecp256k1Pool: Secp256k1Pool = new Secp256k1Pool()
