/** Paths of a store: what is one, and how to take it apart. The rules are those of `StorePath`. */
import { AoError } from '../base/errors.ts'
import { MAX_PATH_BYTES, type StorePath } from './store.ts'

/** NUL anywhere, or a segment that is empty, `.` or `..`. */
const MALFORMED = /\0|(?:^|\/)\.{0,2}(?:\/|$)/
const SHOWN_CHARACTERS = 100
const NUL = 0
const DOT = 0x2e
const SLASH = 0x2f
const LAST_ASCII = 0x7f

/** Whether `path` may be used in a store. Text that has no UTF-8 (a lone surrogate) may not. */
export function isStorePath(path: string): boolean {
  if (path.length > MAX_PATH_BYTES) return false
  // Every write of the node comes here with one or two paths of ASCII; one pass says all of them.
  let start = 0
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index)
    if (code > LAST_ASCII) return isStorePathOfAnyText(path)
    if (code === NUL) return false
    if (code !== SLASH) continue
    if (isNoName(path, start, index)) return false
    start = index + 1
  }
  return !isNoName(path, start, path.length)
}

function isNoName(path: string, start: number, end: number): boolean {
  const length = end - start
  if (length > 2) return false
  for (let index = start; index < end; index++) if (path.charCodeAt(index) !== DOT) return false
  return true
}

function isStorePathOfAnyText(path: string): boolean {
  return !MALFORMED.test(path) && path.isWellFormed() && fitsBytes(path)
}

/** @throws AoError `invalid-path` */
export function assertStorePath(path: string): void {
  if (isStorePath(path)) return
  throw new AoError(
    'invalid-path',
    `Expected a store path of segments that are not empty, "." or ".." and have no NUL, at most ${MAX_PATH_BYTES} bytes; got ${showPath(path)}`,
    { path: shorten(path) },
  )
}

/** The segments of a path; none for the empty path. */
export function splitPath(path: StorePath): string[] {
  return path === '' ? [] : path.split('/')
}

/** The path of `name` below `parent`; a parent may be the empty path. */
export function joinPath(parent: StorePath, name: string): StorePath {
  return parent === '' ? name : `${parent}/${name}`
}

/** The group that holds a path: the empty path for a top name, and for itself. */
export function parentPath(path: StorePath): StorePath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Whether `parentPath` gives this group, which is not the empty path. */
export function isDirectlyBelow(path: StorePath, group: StorePath): boolean {
  return path.lastIndexOf('/') === group.length && path.startsWith(group)
}

/** The last segment. */
export function lastName(path: StorePath): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A path for an error message: quoted and of bounded length. */
export function showPath(path: string): string {
  return JSON.stringify(shorten(path))
}

function shorten(path: string): string {
  return path.length <= SHOWN_CHARACTERS ? path : `${path.slice(0, SHOWN_CHARACTERS)}…`
}

function fitsBytes(path: string): boolean {
  return path.length * 3 <= MAX_PATH_BYTES || Buffer.byteLength(path) <= MAX_PATH_BYTES
}
