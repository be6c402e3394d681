/** A view with changes that are not written yet: what later writes of a batch see. */
import type { StorePath, StoreWrite } from './store.ts'
import type { EntryView, StoredEntry } from './store-engine.ts'

/** Remembers what it read from the view below, which must not change meanwhile. */
export class OverlayView implements EntryView {
  readonly #below: EntryView
  readonly #entries = new Map<StorePath, StoredEntry | undefined>()
  /** Deleted groups: what the view below has there is gone, even when the group came back. */
  readonly #cleared = new Set<StorePath>()

  constructor(below: EntryView) {
    this.#below = below
  }

  entryAt(path: StorePath): StoredEntry | undefined {
    if (this.#entries.has(path)) return this.#entries.get(path)
    const entry = this.#isCleared(path) ? undefined : this.#below.entryAt(path)
    this.#entries.set(path, entry)
    return entry
  }

  apply(write: StoreWrite): void {
    if (write.kind === 'delete') this.#delete(write.path)
    else if (write.kind === 'link' && write.onlyNew && this.entryAt(write.path)) return
    else this.#entries.set(write.path, entryOf(write))
  }

  #delete(path: StorePath): void {
    for (const known of this.#entries.keys()) {
      if (known.startsWith(`${path}/`)) this.#entries.set(known, undefined)
    }
    this.#entries.set(path, undefined)
    this.#cleared.add(path)
  }

  #isCleared(path: StorePath): boolean {
    if (this.#cleared.size === 0) return false
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      if (this.#cleared.has(path.slice(0, end))) return true
    }
    return false
  }
}

/** The entry that a write leaves at its path. */
export function entryOf(write: Exclude<StoreWrite, { kind: 'delete' }>): StoredEntry {
  switch (write.kind) {
    case 'value':
      return { kind: 'value', read: () => write.value.slice() }
    case 'link':
      return { kind: 'link', target: write.target }
    case 'group':
      return { kind: 'group' }
  }
}
