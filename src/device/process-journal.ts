/**
 * The states of one process on their way to the store: readable at once, written behind, in order. A
 * failed write takes with it all that came after it, since that is stored as changes of it.
 */
import type { ComputedStates, StateEntry } from '../cache/computed-states.ts'
import type { Message } from '../message/message.ts'

/** States that may wait for their write before more are taken. */
const MAX_UNWRITTEN = 64

export class StateJournal {
  readonly #states: ComputedStates
  readonly #processId: string
  /** States that are not written yet. */
  readonly #unwritten = new Map<number, Message>()
  #queue: StateEntry[] = []
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(states: ComputedStates, processId: string) {
    this.#states = states
    this.#processId = processId
  }

  get isWritten(): boolean {
    return this.#writing === undefined
  }

  /** The state after a slot. @throws AoError `store-failed` */
  async read(slot: number): Promise<Message | undefined> {
    return this.#unwritten.get(slot) ?? this.#states.read(this.#processId, slot)
  }

  /** Accepts a state; after a failure none until it was taken. */
  store(entry: StateEntry): void {
    if (this.#failure !== undefined) return
    this.#queue.push(entry)
    this.#unwritten.set(entry.slot, entry.state)
    this.#writing ??= this.#write()
  }

  /** Resolves when more may be stored. */
  async ready(): Promise<void> {
    while (this.#unwritten.size >= MAX_UNWRITTEN && this.#writing !== undefined) await this.#writing
  }

  /** Resolves when nothing waits for its write. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  /** Why a write failed since this was last asked for. The states of the failed write are gone. */
  takeFailure(): { readonly error: unknown } | undefined {
    const failure = this.#failure
    this.#failure = undefined
    return failure
  }

  /** Ends in the turn in which it finds nothing more: what comes later begins it again. */
  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      try {
        await this.#states.write(this.#processId, batch)
        this.#forget(batch)
      } catch (error) {
        this.#failure = { error }
        this.#queue = []
        this.#unwritten.clear()
      }
    }
    this.#writing = undefined
  }

  #forget(batch: readonly StateEntry[]): void {
    for (const { slot, state } of batch) {
      if (this.#unwritten.get(slot) === state) this.#unwritten.delete(slot)
    }
  }
}
