/**
 * What must be true before `lmdb` opens a folder. Where its native code cannot open a file it frees
 * its state twice and takes the process down, so each reason to fail is looked for here first.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { directoryFailure, type StoreDirectory } from './store-directory.ts'

export const DATA_FILE = 'data.mdb'
const LOCK_FILE = 'lock.mdb'
const PROBE_FILE = 'probe'
/** Stands in the head of the first page, in the byte order of the machine. */
const MAGIC = Buffer.from(Uint32Array.of(0xbeefc0de).buffer)
const HEAD_BYTES = 64
/** Two meta pages of the smallest size in use. */
const MIN_BYTES = 8_192
/** More than what `lmdb` writes when it makes a database. */
const PROBE_BYTES = 65_536

/** @throws AoError `store-failed` that says what is wrong with the folder */
export function precheckDatabase({ path, isNew }: StoreDirectory): void {
  const file = join(path, DATA_FILE)
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > 0) assertDataFile(file)
  else if (isNew) assertWritable(path)
  else {
    // It would be taken for a new database, and everything in the old one be forgotten.
    const message = `Expected ${DATA_FILE} in ${path}, where a store was before; restore it, or remove the folder to begin anew`
    throw directoryFailure(message, path)
  }
  // Holds the table of readers of those who have the database open. Nobody has: the folder is ours.
  rmSync(join(path, LOCK_FILE), { force: true })
}

function assertDataFile(path: string): void {
  const head = Buffer.alloc(HEAD_BYTES)
  const file = openFile(path)
  try {
    readSync(file, head, 0, HEAD_BYTES, 0)
    if (head.includes(MAGIC) && fstatSync(file).size >= MIN_BYTES) return
  } finally {
    closeSync(file)
  }
  const message = `Expected an LMDB database in ${path}, found something else or a damaged one; restore it or use another folder`
  throw directoryFailure(message, path)
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch (cause) {
    throw directoryFailure(`Expected a file that can be written at ${path}`, path, cause)
  }
}

function assertWritable(root: string): void {
  const probe = join(root, PROBE_FILE)
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES, 1), { flush: true })
  } catch (cause) {
    throw directoryFailure(`Expected a folder that can be written at ${root}`, root, cause)
  } finally {
    rmSync(probe, { force: true })
  }
}
