/**
 * What is known of public keys that were met: the same ones sign over and over. A key is found by
 * its first bytes and then compared in full, since hashing the 512 bytes of an RSA key for a look-up
 * takes longer than all the rest of it.
 */
import { asBuffer } from '../base/bytes.ts'
import { LruMap } from '../base/lru-map.ts'

const NAME_BYTES = 32

interface Entry<T> {
  readonly publicKey: Uint8Array
  readonly known: T
}

/** A bounded map by public keys; the longest unused one goes first. */
export class KnownKeys<T> {
  readonly #entries: LruMap<string, Entry<T>>

  constructor(limit: number) {
    this.#entries = new LruMap(limit)
  }

  get size(): number {
    return this.#entries.size
  }

  get(publicKey: Uint8Array): T | undefined {
    const entry = this.#entries.get(nameOf(publicKey))
    if (entry === undefined) return undefined
    return Buffer.compare(entry.publicKey, publicKey) === 0 ? entry.known : undefined
  }

  /** Takes the place of a key with the same first bytes. */
  set(publicKey: Uint8Array, known: T): void {
    // A copy: the bytes are mostly a view on a whole request.
    this.#entries.set(nameOf(publicKey), { publicKey: Uint8Array.from(publicKey), known })
  }
}

function nameOf(publicKey: Uint8Array): string {
  return asBuffer(publicKey).toString('latin1', 0, NAME_BYTES)
}
