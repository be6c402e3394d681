/**
 * A view that remembers where groups are. Each write asks for the group above it, and that is mostly
 * one of the same few; a group stays one until something is deleted or a transaction is undone, and
 * then all is forgotten.
 */
import type { StorePath } from './store.ts'
import type { EntryView, StoredEntry } from './store-engine.ts'

/** Paths of some hundred bytes each. */
const MAX_KNOWN = 10_000
const GROUP: StoredEntry = { kind: 'group' }

export class KnownGroups implements EntryView {
  readonly #below: EntryView
  readonly #known = new Set<StorePath>()

  constructor(below: EntryView) {
    this.#below = below
  }

  entryAt(path: StorePath): StoredEntry | undefined {
    if (this.#known.has(path)) return GROUP
    const entry = this.#below.entryAt(path)
    if (entry?.kind === 'group') {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.add(path)
    }
    return entry
  }

  /** Whether a path is known to be a group, without a look at the store. */
  has(path: StorePath): boolean {
    return this.#known.has(path)
  }

  forget(): void {
    this.#known.clear()
  }
}
