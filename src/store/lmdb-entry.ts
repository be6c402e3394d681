/**
 * Entries of the LMDB engine: what stands under the key of a path. A first byte says what it is.
 * Only short values stand there themselves. The others lie apart, under numbers: paths come in any
 * order, and each page of the database with one that changed is written anew, so that many paths
 * shall share a page; numbers only grow, so that the values of a transaction fill few pages.
 */
import { AoError } from '../base/errors.ts'
import type { StorePath, StoreWrite } from './store.ts'
import type { StoredEntry } from './store-engine.ts'

/** Longer values lie apart. */
export const MAX_SHORT_BYTES = 256

/** First byte of each entry, and of each value that lies apart. Never zero: that is what lost pages are full of. */
const TAG = { value: 1, link: 2, group: 3, apart: 4 } as const
const NUMBER_BYTES = 6
const REUSED_BYTES = 16_384

const GROUP: StoredEntry = { kind: 'group' }
const FLAT_GROUP: StoredEntry = { kind: 'group', isFlat: true }
/** Second byte of a group that has no group directly below it. In format 1 and 2 no group has one. */
const FLAT = 1

/** Entries as bytes, each of which holds until the next one is made. */
export class EntryEncoder {
  /** Larger than every path and most values. */
  readonly #bytes = Buffer.alloc(REUSED_BYTES)

  /** A value where it lies, which is not always below its path. */
  value(value: Uint8Array): Uint8Array {
    const length = value.length + 1
    const bytes = length <= REUSED_BYTES ? this.#bytes : Buffer.allocUnsafe(length)
    bytes[0] = TAG.value
    bytes.set(value, 1)
    return bytes.subarray(0, length)
  }

  valueApart(number: number): Uint8Array {
    this.#bytes[0] = TAG.apart
    return this.#bytes.subarray(0, this.#bytes.writeUIntBE(number, 1, NUMBER_BYTES))
  }

  link(target: StorePath): Uint8Array {
    this.#bytes[0] = TAG.link
    return this.#bytes.subarray(0, 1 + this.#bytes.write(target, 1))
  }

  flatGroup(): Uint8Array {
    this.#bytes[0] = TAG.group
    this.#bytes[1] = FLAT
    return this.#bytes.subarray(0, 2)
  }

  group(): Uint8Array {
    this.#bytes[0] = TAG.group
    return this.#bytes.subarray(0, 1)
  }
}

/** Whether a write leaves nothing but its entry. */
export function isShort(write: StoreWrite): boolean {
  return write.kind !== 'value' || write.value.length <= MAX_SHORT_BYTES
}

export function isGroupEntry(entry: Uint8Array): boolean {
  return entry[0] === TAG.group
}

export function isFlatGroupEntry(entry: Uint8Array): boolean {
  return isGroupEntry(entry) && entry[1] === FLAT
}

/** The number of the value that lies apart; `undefined` for every other entry. */
export function numberOf(entry: Uint8Array): number | undefined {
  if (entry[0] !== TAG.apart) return undefined
  return asBuffer(entry).readUIntBE(1, NUMBER_BYTES)
}

/**
 * What an entry stands for. Its bytes must be the caller's own; `readApart` gives by its number what
 * lies apart, if it is there.
 *
 * @throws AoError `store-failed` for damaged bytes, then or when the value is read
 */
export function decodeEntry(
  entry: Uint8Array,
  readApart: (number: number) => Uint8Array | undefined,
): StoredEntry {
  switch (entry[0]) {
    case TAG.value:
      return { kind: 'value', read: () => valueIn(entry) }
    case TAG.apart: {
      const number = asBuffer(entry).readUIntBE(1, NUMBER_BYTES)
      return { kind: 'value', read: () => valueIn(readApart(number)) }
    }
    case TAG.link:
      return { kind: 'link', target: asBuffer(entry).toString('utf8', 1) }
    case TAG.group:
      return entry[1] === FLAT ? FLAT_GROUP : GROUP
    default:
      throw damaged()
  }
}

function valueIn(entry: Uint8Array | undefined): Uint8Array {
  if (entry?.[0] !== TAG.value) throw damaged()
  return new Uint8Array(entry.buffer, entry.byteOffset + 1, entry.byteLength - 1)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function damaged(): AoError {
  return new AoError('store-failed', 'An entry of the store is damaged; restore the store')
}
