/** Makes folders; the one place where it is known how. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it where they are missing.
 * @NOTE `mkdirSync` with `recursive` never returns in file systems that say "no such folder" for a
 * name that they do not admit, as `/proc` does.
 * @throws the error of the system for a name that is taken by a file, or cannot be made
 */
export function makeFolder(path: string): void {
  if (isFolder(path)) return
  try {
    makeOne(path)
  } catch (error) {
    const above = dirname(path)
    if (codeOf(error) !== 'ENOENT' || isFolder(above)) throw error
    makeFolder(above)
    makeOne(path)
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && isFolder(path)) return
    throw error
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  } catch {
    return false
  }
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code
}
