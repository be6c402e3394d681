/**
 * The thread that `chain-signer.ts` starts: signs assignments that each hold the id of the one
 * before, with nothing between two signatures but the next assignment.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { Block } from '../arweave/block-clock.ts'
import type { Jwk } from '../crypto/jwk.ts'
import { walletFromJwk } from '../crypto/local-wallet.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { HashpathAlgorithm } from '../message/hashpath.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { Link } from '../message/value.ts'
import { buildAssignment, commitAssignment } from './assignment.ts'
import { nextBaseHashpath } from './chain.ts'

/** What the thread is started with. */
export interface ChainThreadData {
  readonly jwk: Jwk
}

export interface ChainStart {
  readonly kind: 'start'
  readonly run: number
  /** `base-hashpath` of the first assignment. */
  readonly baseHashpath: string
  readonly algorithm: HashpathAlgorithm | undefined
}

/** An assignment without its place in the chain. */
export interface ChainJob {
  readonly kind: 'sign'
  readonly run: number
  readonly processId: string
  readonly slot: number
  readonly timestamp: number
  readonly block: Block
  /** id(all) of the scheduled message. */
  readonly bodyId: string
  readonly path: string
}

export interface ChainEnd {
  readonly kind: 'end'
  readonly run: number
}

export type ChainRequest = ChainStart | ChainJob | ChainEnd

/** The answer to a job; those of a run come in the order of its jobs. */
export interface ChainReply {
  readonly run: number
  /** The signed data item, or why there is none: no later one of the run is signed either. */
  readonly result: Uint8Array | string
}

if (parentPort !== null) serve(parentPort, workerData as ChainThreadData)

function serve(port: MessagePort, { jwk }: ChainThreadData): void {
  const wallet = walletFromJwk(jwk)
  const runs = new Map<number, Run>()
  port.on('message', (request: ChainRequest) => {
    const { run } = request
    if (request.kind === 'start') runs.set(run, new Run(port, wallet, request))
    else if (request.kind === 'sign') runs.get(run)?.add(request)
    // What was added before is signed all the same.
    else runs.delete(run)
  })
}

class Run {
  readonly #port: MessagePort
  readonly #wallet: Wallet
  readonly #algorithm: HashpathAlgorithm | undefined
  #baseHashpath: string
  readonly #jobs: ChainJob[] = []
  #isSigning = false
  #failure: string | undefined

  constructor(port: MessagePort, wallet: Wallet, { baseHashpath, algorithm }: ChainStart) {
    this.#port = port
    this.#wallet = wallet
    this.#baseHashpath = baseHashpath
    this.#algorithm = algorithm
  }

  add(job: ChainJob): void {
    this.#jobs.push(job)
    if (!this.#isSigning) void this.#signAll()
  }

  async #signAll(): Promise<void> {
    this.#isSigning = true
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      const reply: ChainReply = { run: job.run, result: await this.#sign(job) }
      this.#port.postMessage(reply)
    }
    this.#isSigning = false
  }

  async #sign(job: ChainJob): Promise<Uint8Array | string> {
    if (this.#failure !== undefined) return this.#failure
    try {
      const { bodyId, ...fields } = job
      const chain = { chainKind: 'base-hashpath', chain: this.#baseHashpath } as const
      const unsigned = buildAssignment({ ...fields, ...chain, body: new Link(bodyId) })
      const signed = await commitAssignment(unsigned, [this.#wallet], 'ans104@1.0')
      const next = nextBaseHashpath(this.#baseHashpath, messageId(signed), this.#algorithm)
      this.#baseHashpath = next
      return itemBytes(signed)
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
      return this.#failure
    }
  }
}

/** @NOTE A view would take the whole buffer under it along to the other thread. */
function itemBytes(signed: Message): Uint8Array {
  for (const { wire } of signed.commitments.values()) {
    if (wire?.kind === 'ans104') return new Uint8Array(wire.item)
  }
  throw new Error('The assignment was not signed as a data item')
}
