/** What readers see: entries in their place, and above them the writes that are pending. */
import { compareText } from '../base/bytes.ts'
import { entryOf } from './overlay-view.ts'
import { isOnlyNew, type PendingWrites } from './pending-writes.ts'
import type { StorePath, StoreWrite } from './store.ts'
import type { NamedEntry, NameRange, StoredEntry, StoreEngine } from './store-engine.ts'
import { joinPath } from './store-path.ts'

type Placed = Pick<StoreEngine, 'entryAt' | 'names' | 'entries'>

export class PendingView implements Placed {
  readonly #base: Placed
  /** The latest writes first. */
  readonly #layers: () => readonly PendingWrites[]

  constructor(base: Placed, layers: () => readonly PendingWrites[]) {
    this.#base = base
    this.#layers = layers
  }

  entryAt(path: StorePath): StoredEntry | undefined {
    let ifNothing: StoreWrite | undefined
    for (const layer of this.#layers()) {
      const write = layer.at(path)
      if (write === undefined) continue
      if (!isOnlyNew(write)) return entryAfter(write) ?? (ifNothing && entryAfter(ifNothing))
      ifNothing = write
    }
    return this.#base.entryAt(path) ?? (ifNothing && entryAfter(ifNothing))
  }

  /** Whether a path is a group in its place that has no group directly below it, nor will have. */
  isFlatGroup(path: StorePath): boolean {
    const entry = this.#base.entryAt(path)
    if (entry?.kind !== 'group' || entry.isFlat !== true) return false
    return !this.#layers().some((layer) => layer.makesGroupIn(path))
  }

  names(group: StorePath, range: NameRange): string[] {
    const layers = this.#layersWith(group)
    if (layers.length === 0) return this.#base.names(group, range)
    const wide = widened(range, layers)
    const names = new Set(this.#base.names(group, wide))
    for (const { name, entry } of this.#pendingIn(group, wide, layers)) {
      if (entry === undefined) names.delete(name)
      else names.add(name)
    }
    return inOrder(names, range)
  }

  entries(group: StorePath, range: NameRange): NamedEntry[] {
    const layers = this.#layersWith(group)
    if (layers.length === 0) return this.#base.entries(group, range)
    const wide = widened(range, layers)
    const entries = new Map<string, NamedEntry>()
    for (const placed of this.#base.entries(group, wide)) entries.set(placed.name, placed)
    for (const { name, entry } of this.#pendingIn(group, wide, layers)) {
      if (entry === undefined) entries.delete(name)
      else entries.set(name, { name, entry })
    }
    return inOrder(entries.keys(), range).flatMap((name) => entries.get(name) ?? [])
  }

  #layersWith(group: StorePath): PendingWrites[] {
    return this.#layers().filter((layer) => layer.hasIn(group))
  }

  /** What stands at each name that is written; `undefined` where nothing is left. */
  *#pendingIn(
    group: StorePath,
    range: NameRange,
    layers: readonly PendingWrites[],
  ): Iterable<{ readonly name: string; readonly entry: StoredEntry | undefined }> {
    const names = new Set(layers.flatMap((layer) => layer.namesIn(group, range)))
    for (const name of names) yield { name, entry: this.entryAt(joinPath(group, name)) }
  }
}

/** So many names more that enough are left when those are gone that were deleted. */
function widened(range: NameRange, layers: readonly PendingWrites[]): NameRange {
  const deletes = layers.reduce((sum, layer) => sum + layer.deletes, 0)
  return { ...range, limit: range.limit + deletes }
}

function entryAfter(write: StoreWrite): StoredEntry | undefined {
  return write.kind === 'delete' ? undefined : entryOf(write)
}

function inOrder(names: Iterable<string>, { limit, reverse }: NameRange): string[] {
  const sorted = [...names].sort(compareText)
  if (reverse) sorted.reverse()
  return sorted.slice(0, limit)
}
