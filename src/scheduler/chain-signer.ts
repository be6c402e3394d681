/**
 * Signs the assignments of one busy process one after the other on a thread of its own. Where an
 * assignment holds the id of the one before, its signature cannot begin before that one's is made;
 * on the thread that serves requests, the next would wait each time until that has a moment. The
 * thread starts with the first run, never keeps the process alive, and ends with `close`.
 */
import { Worker } from 'node:worker_threads'
import { AoError } from '../base/errors.ts'
import { siblingModule } from '../base/sibling-module.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import type { Jwk } from '../crypto/jwk.ts'
import { isLocalWallet, walletToJwk } from '../crypto/local-wallet.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { HashpathAlgorithm } from '../message/hashpath.ts'
import type { Message } from '../message/message.ts'
import type { ChainJob, ChainReply, ChainRequest, ChainThreadData } from './chain-thread.ts'

export type ChainDraft = Omit<ChainJob, 'kind' | 'run'>

export interface ChainRunOptions {
  /** `base-hashpath` of the first assignment. */
  readonly baseHashpath: string
  readonly algorithm?: HashpathAlgorithm | undefined
  /** Told of each signature. */
  readonly signed?: () => void
}

/** Assignments of one process, in the order of its slots. */
export interface ChainRun {
  /**
   * The signed assignment; in it the scheduled message is a link.
   * @throws AoError `unavailable` when it, or one before it, could not be signed
   */
  sign(draft: ChainDraft): Promise<Message>
  /** To be called when no further draft comes; those under way are still answered. */
  close(): void
}

export interface ChainSigner extends AsyncDisposable {
  /** Begins a run; `undefined` while as many are open as may be, and for a minute after a failure. */
  open(options: ChainRunOptions): ChainRun | undefined
  /** Ends the thread; drafts under way fail. A later run starts it again. */
  close(): Promise<void>
}

export interface ChainSignerOptions {
  /** Runs at once: one for each core that can sign. */
  readonly maxRuns: number
}

/** Signs with the wallet of this private key. */
export function createChainSigner(jwk: Jwk, options: ChainSignerOptions): ChainSigner {
  return new ThreadSigner(jwk, options)
}

export interface ChainSigners extends AsyncDisposable {
  /**
   * That of a wallet; `undefined` for one whose key is elsewhere, or whose signatures take no longer
   * than the way to a thread.
   */
  of(wallet: Wallet): ChainSigner | undefined
}

/** A signer for each wallet that needs one. */
export function createChainSigners(options: ChainSignerOptions): ChainSigners {
  const signers = new Map<string, ChainSigner>()
  return {
    of: (wallet) => {
      if (wallet.type !== 'rsa-4096' || !isLocalWallet(wallet)) return undefined
      const signer = signers.get(wallet.address) ?? createChainSigner(walletToJwk(wallet), options)
      signers.set(wallet.address, signer)
      return signer
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...signers.values()].map((signer) => signer.close()))
    },
  }
}

/** How long a thread that failed is left alone. */
const RETRY_MS = 60_000

class ThreadSigner implements ChainSigner {
  readonly #jwk: Jwk
  readonly #options: ChainSignerOptions
  #worker: Worker | undefined
  #lastRun = 0
  #openRuns = 0
  /** Those that are open, or have drafts under way. */
  readonly #runs = new Map<number, Run>()
  /** Drafts under way. */
  #waiting = 0
  /** When the thread failed last: until it is tried again, assignments are signed one by one. */
  #failedMs = Number.NEGATIVE_INFINITY
  /** The thread that was ended on purpose. */
  #closed: Worker | undefined

  constructor(jwk: Jwk, options: ChainSignerOptions) {
    this.#jwk = jwk
    this.#options = options
  }

  open({ baseHashpath, algorithm, signed }: ChainRunOptions): ChainRun | undefined {
    if (this.#openRuns >= this.#options.maxRuns) return undefined
    if (performance.now() - this.#failedMs < RETRY_MS || !this.#tryStart()) return undefined
    this.#openRuns++
    const run = new Run(++this.#lastRun)
    this.#runs.set(run.number, run)
    this.#send({ kind: 'start', run: run.number, baseHashpath, algorithm })
    return {
      sign: async (draft) => {
        const assignment = await this.#sign(run, draft)
        signed?.()
        return assignment
      },
      close: () => {
        if (!run.isOpen) return
        run.isOpen = false
        this.#openRuns--
        if (!this.#runs.has(run.number)) return
        this.#send({ kind: 'end', run: run.number })
        this.#forget(run)
      },
    }
  }

  async close(): Promise<void> {
    this.#closed = this.#worker
    await this.#worker?.terminate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #sign(run: Run, draft: ChainDraft): Promise<Message> {
    if (!this.#runs.has(run.number)) throw notSigned()
    const item = await new Promise<Uint8Array>((resolve, reject) => {
      run.waiters.push({ resolve, reject })
      if (this.#waiting++ === 0) this.#worker?.ref()
      this.#send({ kind: 'sign', run: run.number, ...draft })
    })
    return decodeAns104(item)
  }

  #send(request: ChainRequest): void {
    this.#worker?.postMessage(request)
  }

  /** Whether there is a thread: a system that has too many already gives none. */
  #tryStart(): boolean {
    try {
      this.#worker ??= this.#start()
      return true
    } catch {
      this.#failedMs = performance.now()
      return false
    }
  }

  #start(): Worker {
    const workerData: ChainThreadData = { jwk: this.#jwk }
    const worker = new Worker(siblingModule(import.meta.url, 'chain-thread'), {
      workerData,
    })
    worker.unref()
    worker.on('message', (reply: ChainReply) => this.#settle(worker, reply))
    worker.on('error', (cause) => this.#fail(worker, cause))
    worker.on('exit', () => this.#fail(worker))
    return worker
  }

  #settle(worker: Worker, { run: number, result }: ChainReply): void {
    const run = this.#runs.get(number)
    const waiter = run?.waiters.shift()
    if (run === undefined || waiter === undefined) return
    if (--this.#waiting === 0) worker.unref()
    this.#forget(run)
    if (typeof result === 'string') waiter.reject(notSigned(new Error(result)))
    else waiter.resolve(result)
  }

  #forget(run: Run): void {
    if (!run.isOpen && run.waiters.length === 0) this.#runs.delete(run.number)
  }

  /** A run whose thread is gone gives the same answer to every further draft. */
  #fail(worker: Worker, cause?: unknown): void {
    if (this.#worker !== worker) return
    if (this.#closed !== worker) this.#failedMs = performance.now()
    this.#worker = undefined
    const waiters = [...this.#runs.values()].flatMap((run) => run.waiters)
    this.#runs.clear()
    this.#waiting = 0
    for (const { reject } of waiters) reject(notSigned(cause))
  }
}

interface Waiter {
  readonly resolve: (item: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

class Run {
  readonly number: number
  /** In the order of the drafts, which is that of the replies. */
  readonly waiters: Waiter[] = []
  isOpen = true

  constructor(number: number) {
    this.number = number
  }
}

function notSigned(cause?: unknown): AoError {
  const reason = 'The thread that signs assignments failed; the message has no slot; try again'
  return new AoError('unavailable', reason, {}, cause)
}
