/**
 * Ed25519 signatures. One takes 30 µs, as long as it takes to wake a thread and to be woken by it:
 * few are made here and now. Many that are asked for in one turn of the event loop travel to a
 * thread together, so that the thread that serves requests is free for the requests. That thread
 * never keeps the process alive while idle, and whatever it does not sign is signed here.
 */
import type { KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { siblingModule } from '../base/sibling-module.ts'
import { SCHEMES } from './algorithms.ts'
import type { Ed25519Batch, Ed25519Signatures } from './ed25519-worker.ts'
import { signHere } from './native-jobs.ts'

export interface Ed25519SignerOptions {
  /** Signatures of one turn from which on they go to the thread. Default 4; never on one core. */
  readonly batchFrom?: number
  /** Signatures that may wait for the thread; more are made here. Default 256. */
  readonly maxQueued?: number
}

interface Job {
  readonly key: KeyObject
  readonly data: Uint8Array
  readonly resolve: (signature: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** Signatures that go to the thread in one message: few enough that the first are soon back. */
const BATCH = 16
const SIGNATURE_BYTES = SCHEMES.ed25519.signatureBytes
/** How long a thread that failed is left alone. */
const RETRY_MS = 60_000

export class Ed25519Signer implements AsyncDisposable {
  readonly #batchFrom: number
  readonly #maxQueued: number
  #worker: Worker | undefined
  /** Those of this turn. */
  #unsent: Job[] = []
  /** Those under way, in the order in which they are answered. */
  #sent: (readonly Job[])[] = []
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(options: Ed25519SignerOptions = {}) {
    const batchFrom = availableParallelism() > 1 ? 4 : Number.POSITIVE_INFINITY
    this.#batchFrom = options.batchFrom ?? batchFrom
    this.#maxQueued = options.maxQueued ?? 256
  }

  /** 64 bytes. @throws AoError `internal` for a key of another type. */
  sign(key: KeyObject, data: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      // A copy: what the caller does with the bytes afterwards must not matter.
      const job = { key, data: new Uint8Array(data), resolve, reject }
      if (this.#unsent.push(job) === 1) setImmediate(() => this.#signTurn())
    })
  }

  /** Ends the thread; what it has under way is signed here. A later batch starts it again. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#drop(worker)
    await worker?.terminate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #signTurn(): void {
    const jobs = this.#unsent
    this.#unsent = []
    let done = 0
    while (jobs.length - done >= this.#batchFrom && this.#hasRoom() && this.#tryStart()) {
      this.#send(jobs.slice(done, done + BATCH))
      done += BATCH
    }
    for (const job of jobs.slice(done)) signJob(job)
  }

  #hasRoom(): boolean {
    return (this.#sent.length + 1) * BATCH <= this.#maxQueued
  }

  #send(jobs: readonly Job[]): void {
    if (this.#sent.push(jobs) === 1) this.#worker?.ref()
    this.#worker?.postMessage(batchOf(jobs))
  }

  /** Whether there is a thread: a system that has too many already gives none. */
  #tryStart(): boolean {
    if (this.#worker !== undefined) return true
    if (performance.now() - this.#failedMs < RETRY_MS) return false
    try {
      this.#worker = this.#start()
      return true
    } catch {
      this.#failedMs = performance.now()
      return false
    }
  }

  #start(): Worker {
    const worker = new Worker(siblingModule(import.meta.url, 'ed25519-worker'))
    worker.unref()
    worker.on('message', (signatures: Ed25519Signatures) => {
      if (worker === this.#worker) this.#settle(signatures)
    })
    worker.on('error', () => this.#fail(worker))
    worker.on('exit', () => this.#fail(worker))
    return worker
  }

  #settle(signatures: Ed25519Signatures): void {
    const jobs = this.#sent.shift()
    if (this.#sent.length === 0) this.#worker?.unref()
    jobs?.forEach((job, i) => {
      const start = i * SIGNATURE_BYTES
      // Signed anew here, one that cannot be made fails with its own reason and fails no other.
      if (signatures === undefined) signJob(job)
      else job.resolve(signatures.slice(start, start + SIGNATURE_BYTES))
    })
  }

  #fail(worker: Worker): void {
    if (worker !== this.#worker) return
    this.#failedMs = performance.now()
    this.#drop(worker)
  }

  #drop(worker: Worker | undefined): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    const batches = this.#sent
    this.#sent = []
    for (const jobs of batches) for (const job of jobs) signJob(job)
  }
}

function batchOf(jobs: readonly Job[]): Ed25519Batch {
  const keys: KeyObject[] = []
  const ends: number[] = []
  let end = 0
  for (const job of jobs) {
    keys.push(job.key)
    end += job.data.length
    ends.push(end)
  }
  const data = new Uint8Array(end)
  jobs.forEach((job, i) => {
    data.set(job.data, (ends[i] ?? 0) - job.data.length)
  })
  return { keys, data, ends }
}

function signJob({ key, data, resolve, reject }: Job): void {
  try {
    resolve(signHere({ key, digest: null }, data))
  } catch (error) {
    reject(error)
  }
}

/**
 * The thread of the Ed25519 wallets of this process.
 * @NOTE Shared like libuv's pool, and like it without any state that a caller could see.
 */
export const sharedEd25519Signer: Ed25519Signer = new Ed25519Signer()
