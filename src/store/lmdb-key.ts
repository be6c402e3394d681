/**
 * Keys of the LMDB engine. That of a path has NUL in the place of its last slash (before a top
 * name). So all names of one group lie side by side in byte order, whatever is below them: a listing
 * is a range scan that never meets a deeper entry. Values that lie apart have numbers, behind all
 * paths and in the order in which they were written.
 */
import type { StorePath } from './store.ts'
import type { NameRange } from './store-engine.ts'
import { lastName, parentPath } from './store-path.ts'

/**
 * What is written or asked for: a path, the number of a value, or the bytes of a key. What is read is
 * the text of those bytes, or a number.
 */
export type LmdbKey = StorePath | number | Uint8Array

/** The longest key of LMDB with pages of 4 KiB; that of a path has 1,025 bytes at most. */
const MAX_KEY_BYTES = 1_978
/** Not a path: names never start with NUL. Says that the database is a store, and of which form. */
export const FORMAT_KEY = Buffer.from('\0\0format')
/** Says which journal belongs to the database, and what of it is in its place. */
export const JOURNAL_KEY = Buffer.from('\0\0journal')
/** In no UTF-8: it stands before numbers only. */
const NUMBER_PREFIX = 0xff
const NUMBER_BYTES = 6
export const MAX_NUMBER = 2 ** (8 * NUMBER_BYTES) - 1
const NUL = 0
const SLASH = 0x2f
const LAST_ASCII = 0x7f

/** Half open: `start` belongs to it, `end` does not. In reverse, `start` is the upper one. */
export interface KeyRange {
  readonly start: Uint8Array
  readonly end: Uint8Array
}

/** The last name of a path whose key was read. */
export function nameOf(key: LmdbKey): string {
  const text = String(key)
  return text.slice(text.indexOf('\0') + 1)
}

/** Keys of the names directly below a group. */
export function keysOfNames(group: StorePath, { from, reverse }: NameRange): KeyRange {
  if (reverse) {
    const start = from === undefined ? `${group}\x01` : `${group}\0${from}`
    return rangeOf(start, `${group}\0\0\xff`)
  }
  return rangeOf(`${group}\0${from || '\x01'}`, `${group}\x01`)
}

/** Keys of all that is below a group, at any depth. */
export function keysBelow(group: StorePath): readonly KeyRange[] {
  return [rangeOf(`${group}\0`, `${group}\x01`), rangeOf(`${group}/`, `${group}0`)]
}

function rangeOf(start: string, end: string): KeyRange {
  return { start: Buffer.from(start), end: Buffer.from(end) }
}

/**
 * How keys become bytes. A bound longer than any key is cut, which keeps its place among keys: it
 * still is longer than every name that its group can have.
 */
export const keyEncoder = {
  writeKey(key: LmdbKey, target: Buffer, start: number): number {
    if (typeof key === 'number') {
      target[start] = NUMBER_PREFIX
      return target.writeUIntBE(key, start + 1, NUMBER_BYTES)
    }
    if (typeof key === 'string') return writePath(key, target, start)
    const bytes = key.subarray(0, MAX_KEY_BYTES)
    target.set(bytes, start)
    return start + bytes.length
  },
  readKey(source: Buffer, start: number, end: number): LmdbKey {
    if (source[start] === NUMBER_PREFIX) return source.readUIntBE(start + 1, NUMBER_BYTES)
    return source.toString('utf8', start, end)
  },
}

/** A loop is quicker than a call out of JavaScript for texts as short as paths. */
function writePath(path: StorePath, target: Buffer, start: number): number {
  let slash = -1
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index)
    if (code > LAST_ASCII) return writePathOfAnyText(path, target, start)
    if (code === SLASH) slash = index
    target[start + index] = code
  }
  if (slash === -1) return writePathOfAnyText(path, target, start)
  target[start + slash] = NUL
  return start + path.length
}

function writePathOfAnyText(path: StorePath, target: Buffer, start: number): number {
  const key = `${parentPath(path)}\0${lastName(path)}`
  return start + target.write(key, start, MAX_KEY_BYTES, 'utf8')
}
