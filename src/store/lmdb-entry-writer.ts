/**
 * Puts entries into the database of the LMDB engine, and the values that lie apart from them. All of
 * it runs in a transaction. Most paths are new: to look whether they are is left to the put itself,
 * which looks anyway.
 */
import type { PutOptions, RootDatabase } from 'lmdb'
import { EntryEncoder, isFlatGroupEntry, isGroupEntry, isShort, numberOf } from './lmdb-entry.ts'
import { type KeyRange, keysBelow, type LmdbKey, MAX_NUMBER } from './lmdb-key.ts'
import type { StorePath, StoreWrite } from './store.ts'
import { parentPath } from './store-path.ts'

export type LmdbDatabase = RootDatabase<Uint8Array, LmdbKey>

export type PutWrite = Exclude<StoreWrite, { kind: 'delete' }>

/** There is a group in the place of a write: what was put so far must be undone. */
export class NeedsPlan extends Error {}

const DELETE_CHUNK = 1_000
/** Paths of some hundred bytes each. */
const MAX_KNOWN = 10_000
const IF_NEW = { noOverwrite: true }
const AT_END = { append: true }

export class EntryWriter {
  readonly #database: LmdbDatabase
  readonly #encoder = new EntryEncoder()
  /** Paths that are written again and again, and hold short values: nothing of them lies apart. */
  readonly #short = new Set<StorePath>()
  #lastNumber: number

  constructor(database: LmdbDatabase) {
    this.#database = database
    const [last] = database.getKeys({ start: MAX_NUMBER, end: 0, reverse: true, limit: 1 })
    this.#lastNumber = Number(last ?? 0)
  }

  /**
   * Writes a value, link or group at its path, the group above which is there.
   *
   * @throws NeedsPlan where a group is in the place of a value or link
   */
  put(write: PutWrite): void {
    const { path } = write
    if (this.#staysShort(write)) this.#database.putSync(path, this.#encode(write))
    else if (this.#insert(path, this.#encode(write), IF_NEW)) this.#putApart(write)
    else this.#replace(write)
    if (write.kind === 'group') this.#noteGroupIn(parentPath(path))
  }

  /** Removes what is at a path, with all below it. */
  delete(path: StorePath): void {
    const entry = this.#database.getBinary(path)
    if (entry === undefined) return
    this.#remove(path, entry)
    if (!isGroupEntry(entry)) return
    for (const range of keysBelow(path)) this.#deleteRange(range)
  }

  /** To be called when something is deleted, or a transaction undone. */
  forget(): void {
    this.#short.clear()
  }

  #staysShort(write: PutWrite): boolean {
    return write.kind === 'value' && isShort(write) && this.#short.has(write.path)
  }

  /** The group above one that was made: it is flat no more. */
  #noteGroupIn(above: StorePath): void {
    if (above === '') return
    const entry = this.#database.getBinary(above)
    if (entry && isFlatGroupEntry(entry)) this.#database.putSync(above, this.#encoder.group())
  }

  #replace(write: PutWrite): void {
    const entry = this.#database.getBinary(write.path)
    if (entry !== undefined) {
      if (isGroupEntry(entry) && write.kind !== 'group') throw new NeedsPlan()
      if (write.kind === 'link' && write.onlyNew === true) return
      this.#removeApart(entry)
    }
    this.#database.putSync(write.path, this.#encode(write))
    this.#putApart(write)
    this.#remember(write)
  }

  #remember(write: PutWrite): void {
    if (this.#short.size >= MAX_KNOWN) this.#short.clear()
    if (write.kind === 'value' && isShort(write)) this.#short.add(write.path)
    else this.#short.delete(write.path)
  }

  /** Whether the database took it: it does not where the options say so. */
  #insert(key: LmdbKey, bytes: Uint8Array, options: PutOptions): boolean {
    const isTaken: unknown = this.#database.putSync(key, bytes, options)
    return isTaken === true
  }

  /** For a value that lies apart, the entry names the number that `#putApart` will use. */
  #encode(write: PutWrite): Uint8Array {
    if (write.kind === 'link') return this.#encoder.link(write.target)
    if (write.kind === 'group') return this.#encoder.flatGroup()
    return isShort(write)
      ? this.#encoder.value(write.value)
      : this.#encoder.valueApart(this.#lastNumber + 1)
  }

  #putApart(write: PutWrite): void {
    if (write.kind !== 'value' || isShort(write)) return
    this.#lastNumber++
    if (this.#insert(this.#lastNumber, this.#encoder.value(write.value), AT_END)) return
    throw new Error(`Expected value ${this.#lastNumber} behind all others`)
  }

  #remove(key: LmdbKey, entry: Uint8Array): void {
    this.#database.removeSync(key)
    this.#removeApart(entry)
  }

  #removeApart(entry: Uint8Array): void {
    const number = numberOf(entry)
    if (number !== undefined) this.#database.removeSync(number)
  }

  #deleteRange(range: KeyRange): void {
    for (;;) {
      const entries = [...this.#database.getRange({ ...range, limit: DELETE_CHUNK })]
      for (const { key, value } of entries) this.#remove(Buffer.from(String(key)), value)
      if (entries.length < DELETE_CHUNK) return
    }
  }
}
