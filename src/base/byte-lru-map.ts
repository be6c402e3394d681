/** A map that keeps the entries that were used last, up to so many bytes of all of them together. */

interface Kept<V> {
  readonly value: V
  readonly bytes: number
}

export class ByteLruMap<K, V> {
  readonly #entries = new Map<K, Kept<V>>()
  readonly #limitBytes: number
  #usedBytes = 0

  /** A limit of 0 keeps nothing. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** The value of a key, which counts as a use of it. */
  get(key: K): V | undefined {
    const kept = this.#entries.get(key)
    if (kept === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, kept)
    return kept.value
  }

  /** Keeps a value that takes so many bytes; one that is larger than the limit is not kept. */
  set(key: K, value: V, bytes: number): void {
    this.#delete(key)
    if (bytes > this.#limitBytes) return
    this.#entries.set(key, { value, bytes })
    this.#usedBytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#usedBytes <= this.#limitBytes) return
      this.#delete(oldest)
    }
  }

  #delete(key: K): void {
    this.#usedBytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }
}
