/** From the writes of a caller to writes that an engine can carry out one by one. */
import { AoError, isAoError } from '../base/errors.ts'
import { locate } from './locate.ts'
import { OverlayView } from './overlay-view.ts'
import type { StorePath, StoreWrite } from './store.ts'
import type { Batch, EntryView } from './store-engine.ts'
import {
  assertStorePath,
  isDirectlyBelow,
  joinPath,
  lastName,
  parentPath,
  showPath,
} from './store-path.ts'

export interface BatchPlan {
  /** Each can be carried out as it stands, in order; a delete removes something that is there. */
  readonly writes: readonly StoreWrite[]
  /**
   * Why the batch cannot be written, `writes` is empty then: `store-conflict` when it would put
   * something below a value, or a value or link in the place of a group.
   */
  readonly refusal: AoError | undefined
}

/**
 * The same batch with links on the way followed, missing groups made explicit, and writes that
 * change nothing left out. What `below` throws when it cannot be read is passed on.
 */
export function planBatch(below: EntryView, batch: Batch): BatchPlan {
  const plan = new Plan(below)
  try {
    for (const write of batch) plan.add(write)
  } catch (cause) {
    if (isAoError(cause, 'store-conflict', 'invalid-path')) return { writes: [], refusal: cause }
    throw cause
  }
  return { writes: plan.writes, refusal: undefined }
}

/**
 * Whether a batch is values and links in such groups: unless a group is in the place of one of them,
 * it stands as it is.
 */
export function isPlainBatch(
  batch: Batch,
  isGroup: (path: StorePath) => boolean,
): batch is readonly Exclude<StoreWrite, { kind: 'group' | 'delete' }>[] {
  let group: StorePath | undefined
  for (const { kind, path } of batch) {
    if (kind === 'group' || kind === 'delete') return false
    // Most writes go into the group of the one before.
    if (group !== undefined && isDirectlyBelow(path, group)) continue
    group = parentPath(path)
    if (!isGroup(group)) return false
  }
  return true
}

class Plan {
  readonly writes: StoreWrite[] = []
  readonly #view: OverlayView

  constructor(below: EntryView) {
    this.#view = new OverlayView(below)
  }

  add(write: StoreWrite): void {
    switch (write.kind) {
      case 'value':
        this.#push({ ...write, path: this.#placeFor(write.path) })
        return
      case 'link':
        this.#link(write)
        return
      case 'group':
        this.#requireGroup(write.path, write.path)
        return
      case 'delete':
        this.#delete(write.path)
    }
  }

  #link({ path, target, onlyNew = false }: Extract<StoreWrite, { kind: 'link' }>): void {
    const place = this.#placeFor(path)
    if (onlyNew && this.#view.entryAt(place) !== undefined) return
    this.#push({ kind: 'link', path: place, target })
  }

  #push(write: StoreWrite): void {
    this.writes.push(write)
    this.#view.apply(write)
  }

  /** The path after its links where a value or link may stand; groups above it are made. */
  #placeFor(asked: StorePath): StorePath {
    const place = pathBelow(this.#requireGroup(parentPath(asked), asked), lastName(asked))
    if (this.#view.entryAt(place)?.kind !== 'group') return place
    throw conflict(asked, `Expected no group at ${showPath(place)}; delete it first`)
  }

  /** The path of a group after its links; it and the groups above it are made where missing. */
  #requireGroup(path: StorePath, asked: StorePath): StorePath {
    const location = locate(this.#view, path)
    if (location === undefined) {
      throw conflict(
        asked,
        `Expected links that end, got a circle or too many at ${showPath(path)}`,
      )
    }
    if (location.entry?.kind === 'group') return location.path
    if (location.entry?.kind === 'value') {
      throw conflict(asked, `Expected a group at ${showPath(location.path)}, got a value`)
    }
    const above = this.#requireGroup(parentPath(location.path), asked)
    const made = pathBelow(above, lastName(location.path))
    this.#push({ kind: 'group', path: made })
    return made
  }

  #delete(asked: StorePath): void {
    const above = locate(this.#view, parentPath(asked))
    if (above?.entry?.kind !== 'group') return
    const path = pathBelow(above.path, lastName(asked))
    if (this.#view.entryAt(path) !== undefined) this.#push({ kind: 'delete', path })
  }
}

/** A link can make a path longer than paths may be. */
function pathBelow(group: StorePath, name: string): StorePath {
  const path = joinPath(group, name)
  assertStorePath(path)
  return path
}

function conflict(path: StorePath, message: string): AoError {
  return new AoError('store-conflict', message, { path })
}
