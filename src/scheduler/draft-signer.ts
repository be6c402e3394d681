/**
 * Makes the signed assignments of one process: one by one, several at once where the chain does not
 * need the signature before, or, while many wait, in a run beside the thread that serves requests.
 */
import type { BlockClock } from '../arweave/block-clock.ts'
import { AoError } from '../base/errors.ts'
import type { PreparedMessage } from '../cache/prepare.ts'
import type { Message } from '../message/message.ts'
import { assignmentPath, buildAssignment, withBody } from './assignment.ts'
import type { ChainKind, ChainState } from './chain.ts'
import type { ChainRun } from './chain-signer.ts'

export interface DraftSignerDeps {
  readonly blockClock: BlockClock
  /** Commits to an assignment with the wallets of the process. */
  readonly sign: (assignment: Message) => Promise<Message>
  /**
   * Begins to sign a run of assignments from this `base-hashpath` on; `undefined` while that would
   * not be faster. Default: never.
   */
  readonly openRun?: (baseHashpath: string) => ChainRun | undefined
}

export interface DraftSignerOptions {
  readonly processId: string
  readonly chainKind: ChainKind
  /** How many drafts may be under way where they need not go one by one. */
  readonly signAhead: number
}

/** What is to be signed: a message at its place in the schedule. */
export interface SlotDraft {
  readonly slot: number
  readonly timestamp: number
  /** Value of `hash-chain` with this message. */
  readonly hashChain: string
  readonly body: PreparedMessage
  /** `path` of the assignment. Default: see `assignmentPath`. */
  readonly path?: string | undefined
}

/** With so many in the queue a run is worth its way to another thread and back. */
const RUN_FROM = 8

export class DraftSigner {
  readonly #deps: DraftSignerDeps
  readonly #options: DraftSignerOptions
  #run: ChainRun | undefined

  constructor(deps: DraftSignerDeps, options: DraftSignerOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** To be called while no draft is under way: only then it is known where the chain stands. */
  choose(waiting: number, { baseHashpath }: ChainState): void {
    if (this.#options.chainKind !== 'base-hashpath') return
    if (waiting === 0) this.endRun()
    else if (waiting >= RUN_FROM) this.#run ??= this.#deps.openRun?.(baseHashpath)
  }

  /** To be called, too, when drafts are dropped: a run cannot go on without them. */
  endRun(): void {
    this.#run?.close()
    this.#run = undefined
  }

  /** How many drafts may be under way. */
  get ahead(): number {
    // A base-hashpath holds the id of the signed assignment before.
    const isOneByOne = this.#options.chainKind === 'base-hashpath' && this.#run === undefined
    return isOneByOne ? 1 : this.#options.signAhead
  }

  /** `signed` is where the chain stands; in a run, where it stood when the run began. */
  async sign(draft: SlotDraft, signed: ChainState): Promise<Message> {
    const { processId, chainKind } = this.#options
    const { slot, timestamp, body, path } = draft
    const fields = { processId, slot, timestamp, block: this.#deps.blockClock.current() }
    const { message } = body
    if (this.#run !== undefined) {
      const job = { ...fields, bodyId: body.id, path: path ?? assignmentPath(message) }
      return withBody(await this.#run.sign(job), message)
    }
    const chain = chainKind === 'hash-chain' ? draft.hashChain : signed.baseHashpath
    const how = path === undefined ? {} : { path }
    return this.#deps.sign(buildAssignment({ ...fields, chainKind, chain, body: message, ...how }))
  }

  /** @throws AoError for an assignment that does not continue the chain where it stands. */
  assertContinues(assignment: Message, { baseHashpath }: ChainState): void {
    if (this.#options.chainKind !== 'base-hashpath') return
    if (assignment.get('base-hashpath') === baseHashpath) return
    throw new AoError('internal', 'An assignment was signed on another chain; it is dropped')
  }
}
