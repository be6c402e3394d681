/**
 * The folder of a durable store: created, claimed by one process, and marked with what is in it.
 *
 * Two schedulers on one folder would give out the same slots twice, so the claim must end with the
 * process, also when it is killed, and must hold across containers that share a disk. A file with a
 * process id does neither. Node has no `flock`, but SQLite, which is part of it, holds the
 * operating system's own file lock for as long as a transaction is open: that is all it is used for.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AoError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'

const LOCK_FILE = 'owner.lock'
const MARKER_FILE = 'store.json'
const SQLITE_BUSY = 5
/** What tells the engine of a store whose marker was lost. */
const FILE_OF_ENGINE = { lmdb: 'data.mdb', fs: 'journal' } as const

export interface StoreDirectory {
  /** Absolute. */
  readonly path: string
  /** No store has been finished here before. */
  readonly isNew: boolean
  /** Says, durably, that a store of this engine and format is here. */
  markReady(): void
  /** Lets others claim the folder. */
  release(): void
}

/** What the store in a folder is. */
interface StoreKind {
  readonly engine: string
  /** The latest format that the engine has; it takes those before as well. */
  readonly format: number
}

/**
 * @throws AoError `store-failed` when the folder cannot be made or written, another process or
 * another store of this one holds it, or it has the store of another engine or of a newer format
 */
export function claimDirectory(path: string, kind: StoreKind): StoreDirectory {
  const root = resolve(path)
  makeDirectory(root)
  const lock = lockFile(root)
  try {
    const marker = readMarker(root)
    assertMarker(marker ?? { ...kind, engine: unmarkedEngine(root) ?? kind.engine }, root, kind)
    return {
      path: root,
      isNew: marker === undefined,
      markReady: () => {
        if (marker?.format !== kind.format) writeMarker(root, kind)
      },
      release: () => lock.close(),
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** The engine whose store is in a folder, as its marker or its files say; `undefined` for none. */
export function engineAt(path: string): unknown {
  const root = resolve(path)
  return readMarker(root)?.engine ?? unmarkedEngine(root)
}

/** Makes names that came into a folder survive a loss of power. Windows has no such call. */
export function syncDirectory(path: string): void {
  if (process.platform !== 'win32') syncPath(path)
}

/** Flushes a file or folder to the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export function directoryFailure(message: string, path: string, cause?: unknown): AoError {
  return new AoError('store-failed', message, { path }, cause)
}

function makeDirectory(root: string): void {
  try {
    makeFolder(root)
  } catch (cause) {
    throw directoryFailure(`Expected a folder that can be made and written at ${root}`, root, cause)
  }
}

function lockFile(root: string): DatabaseSync {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(root, LOCK_FILE), { timeout: 0 })
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock?.close()
    const isHeld = (cause as { readonly errcode?: number }).errcode === SQLITE_BUSY
    const message = isHeld
      ? `The store in ${root} is in use; stop the node that holds it, or give this one another folder`
      : `Expected a folder that can be written at ${root}`
    throw directoryFailure(message, root, cause)
  }
}

interface Marker {
  readonly engine?: unknown
  readonly format?: unknown
}

function readMarker(root: string): Marker | undefined {
  try {
    return JSON.parse(readFileSync(join(root, MARKER_FILE), 'utf8')) as Marker
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw directoryFailure(
      `Expected ${MARKER_FILE} of a store to be readable in ${root}`,
      root,
      cause,
    )
  }
}

function unmarkedEngine(root: string): string | undefined {
  return Object.entries(FILE_OF_ENGINE).find(([, file]) => existsSync(join(root, file)))?.[0]
}

function assertMarker({ engine, format }: Marker, root: string, expected: StoreKind): void {
  if (engine !== expected.engine) {
    const message = `Expected a store of engine "${expected.engine}" in ${root}, found one of "${engine}"; use that engine or another folder`
    throw directoryFailure(message, root)
  }
  if (typeof format === 'number' && format >= 1 && format <= expected.format) return
  const message = `Expected a store of format ${expected.format} in ${root}, found format ${format}; use the release that wrote it`
  throw directoryFailure(message, root)
}

/** The file that a crash leaves is the old one or the new one. */
function writeMarker(root: string, { engine, format }: StoreKind): void {
  try {
    const path = join(root, MARKER_FILE)
    writeFileSync(`${path}.new`, `${JSON.stringify({ engine, format })}\n`)
    syncPath(`${path}.new`)
    renameSync(`${path}.new`, path)
    syncDirectory(root)
    syncDirectory(dirname(root))
  } catch (cause) {
    throw directoryFailure(`Expected a folder that can be written at ${root}`, root, cause)
  }
}
