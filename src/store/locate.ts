/** Follows links: where a path leads, and what is there. */
import { MAX_LINKS, type StorePath } from './store.ts'
import type { EntryView, StoredEntry } from './store-engine.ts'
import { isStorePath } from './store-path.ts'

export interface Location {
  /** The path after all links. */
  readonly path: StorePath
  /** What is there; never a link. */
  readonly entry: Exclude<StoredEntry, { kind: 'link' }> | undefined
}

/** Where a path leads; `undefined` where the links on the way are a circle or too many. */
export function locate(view: EntryView, path: StorePath): Location | undefined {
  let current = path
  for (let links = 0; links <= MAX_LINKS; links++) {
    const entry = view.entryAt(current)
    if (entry !== undefined && entry.kind !== 'link') return { path: current, entry }
    const next = entry === undefined ? redirect(view, current) : entry.target
    if (next === undefined) return { path: current, entry: undefined }
    current = next
  }
  return undefined
}

/**
 * Where a path that is not there continues, if a link stands above it. The nearest thing above
 * decides: a group or value there has no such path below it.
 */
function redirect(view: EntryView, path: StorePath): StorePath | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const entry = view.entryAt(path.slice(0, end))
    if (entry === undefined) continue
    if (entry.kind !== 'link') return undefined
    const next = entry.target + path.slice(end)
    return isStorePath(next) ? next : undefined
  }
  return undefined
}
