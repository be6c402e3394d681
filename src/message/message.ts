/**
 * The message: an immutable map of keys to values, with its commitments beside them. A class, and
 * not a plain object, so that no key (`__proto__`, `constructor`) can be anything but a key, and so
 * that a message can be told from a list or bytes. Everything else about messages is a function.
 */
import { type Commitments, NO_COMMITMENTS } from './commitment.ts'
import type { InlineForms } from './inline-forms.ts'
import type { Value } from './value.ts'

/** What travels with a message inside the node and is part of no id and no encoding. */
export interface MessagePrivate {
  /** Hashpath of the computation that gave this message; becomes `tag` of a signature on it. */
  readonly hashpath?: string
  /** Id under which the message was read from the store, before anything was set on it. */
  readonly loadedFrom?: string
  /** On a step of a path: the request as it came, whose signatures cover its own `path`. */
  readonly request?: Message
  /**
   * On a base that a step such as `~device@1.0` made: the message before, with its commitments,
   * without the device and the keys of the request that the step put on it.
   */
  readonly original?: Message
  /** On a base whose id, `loadedFrom`, this node does not know: the device decides what to do. */
  readonly isPlaceholder?: boolean
  /**
   * On an assignment that is being applied to its process. Whoever else calls a device with a message
   * that says it is an assignment only tries it out.
   */
  readonly isScheduled?: boolean
  /** On an answer: what in it lies in the store of the node already, where links to it lead. */
  readonly stored?: Message
  /** On a message of links: what they stand for in the forms in which it is sent inline. */
  readonly inlineForms?: InlineForms
}

const NO_ENTRIES: ReadonlyMap<string, never> = new Map<string, never>()
const NOTHING_PRIVATE: MessagePrivate = {}

export class Message<V = Value> {
  #entries: ReadonlyMap<string, V> = NO_ENTRIES
  readonly commitments: Commitments
  readonly priv: MessagePrivate

  /** The iterable is read once; a later key beats an earlier equal one. */
  constructor(
    entries?: Iterable<readonly [string, V]>,
    commitments: Commitments = NO_COMMITMENTS,
    priv: MessagePrivate = NOTHING_PRIVATE,
  ) {
    if (entries !== undefined) this.#entries = setAll(new Map(), entries)
    this.commitments = commitments
    this.priv = priv
  }

  /** A message of this very map, uncopied: the caller must never touch it again. */
  static owning<V>(
    entries: ReadonlyMap<string, V>,
    commitments: Commitments = NO_COMMITMENTS,
    priv: MessagePrivate = NOTHING_PRIVATE,
  ): Message<V> {
    const message = new Message<V>(undefined, commitments, priv)
    message.#entries = entries
    return message
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of exactly this key. */
  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  keys(): MapIterator<string> {
    return this.#entries.keys()
  }

  entries(): MapIterator<[string, V]> {
    return this.#entries.entries()
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.#entries.entries()
  }

  /** The same message with these keys set; commitments are kept as they are. */
  with(entries: Iterable<readonly [string, V]>): Message<V> {
    const merged = setAll(copyOf(this.#entries), entries)
    return Message.owning(merged, this.commitments, this.priv)
  }

  /** The same message without these keys; commitments are kept as they are. */
  without(...keys: readonly string[]): Message<V> {
    if (!keys.some((key) => this.#entries.has(key))) return this
    const kept = copyOf(this.#entries)
    for (const key of keys) kept.delete(key)
    return Message.owning(kept, this.commitments, this.priv)
  }

  /** The same keys under other commitments. */
  withCommitments(commitments: Commitments): Message<V> {
    return Message.owning(this.#entries, commitments, this.priv)
  }

  /** The same message with nothing private but this. */
  replacingPrivate(priv: MessagePrivate): Message<V> {
    return Message.owning(this.#entries, this.commitments, priv)
  }

  withPrivate(priv: MessagePrivate): Message<V> {
    return Message.owning(this.#entries, this.commitments, { ...this.priv, ...priv })
  }
}

/** `new Map` of the entries takes twice the time, and an iterator over them twice the memory. */
function copyOf<V>(entries: ReadonlyMap<string, V>): Map<string, V> {
  const copy = new Map<string, V>()
  entries.forEach((value, key) => {
    copy.set(key, value)
  })
  return copy
}

function setAll<V>(map: Map<string, V>, entries: Iterable<readonly [string, V]>): Map<string, V> {
  for (const [key, value] of entries) map.set(key, value)
  return map
}
