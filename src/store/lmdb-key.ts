/**
 * Keys of the LMDB engine: the path with NUL in the place of its last slash (before a top name).
 * So all names of one group lie side by side in byte order, whatever is below them: a listing is a
 * range scan that never meets a deeper entry.
 */
import type { StorePath } from './store.ts'
import type { NameRange } from './store-engine.ts'
import { lastName, parentPath } from './store-path.ts'

/** The longest key of LMDB with pages of 4 KiB; that of a path has 1,025 bytes at most. */
const MAX_KEY_BYTES = 1_978
/** Not a path: names never start with NUL. Says that the database is a store, and of which form. */
export const FORMAT_KEY = '\0\0format'

/** Half open: `start` belongs to it, `end` does not. In reverse, `start` is the upper one. */
export interface KeyRange {
  readonly start: string
  readonly end: string
}

export function keyOf(path: StorePath): string {
  return `${parentPath(path)}\0${lastName(path)}`
}

export function nameOf(key: string): string {
  return key.slice(key.indexOf('\0') + 1)
}

/** Keys of the names directly below a group. */
export function keysOfNames(group: StorePath, { from, reverse }: NameRange): KeyRange {
  if (reverse) {
    const start = from === undefined ? `${group}\x01` : `${group}\0${from}`
    return { start, end: `${group}\0\0\xff` }
  }
  return { start: `${group}\0${from || '\x01'}`, end: `${group}\x01` }
}

/** Keys of all that is below a group, at any depth. */
export function keysBelow(group: StorePath): readonly KeyRange[] {
  return [
    { start: `${group}\0`, end: `${group}\x01` },
    { start: `${group}/`, end: `${group}0` },
  ]
}

/**
 * How keys become bytes. A bound longer than any key is cut, which keeps its place among keys: it
 * still is longer than every name that its group can have.
 */
export const keyEncoder = {
  writeKey: (key: string, target: Buffer, start: number): number =>
    start + target.write(key, start, MAX_KEY_BYTES, 'utf8'),
  readKey: (source: Buffer, start: number, end: number): string =>
    source.toString('utf8', start, end),
}
