/** A map that keeps the entries that were used last. */

interface Entry<V> {
  readonly value: V
  /** Which move to the end of the map was that of this entry. */
  movedAt: number
}

/** Entries of the newest quarter stay where they are when they are used: a move costs more than all else. */
const RECENT_PART = 4

export class LruMap<K, V> {
  readonly #entries = new Map<K, Entry<V>>()
  readonly #capacity: number
  #moves = 0

  /** A capacity of 0 keeps nothing. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, which counts as a use of it. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#moves - entry.movedAt >= this.#capacity / RECENT_PART) {
      this.#entries.delete(key)
      entry.movedAt = ++this.#moves
      this.#entries.set(key, entry)
    }
    return entry.value
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, movedAt: ++this.#moves })
    if (this.#entries.size <= this.#capacity) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }
}
