/**
 * Writes that are decided and not in their place yet, in the order of the batches. Each is known by
 * its exact path; to delete a group with all below it is none of them. A link that is only made where
 * nothing is may be one: whether it is made shows when it finds its place.
 */
import { SortedNames } from './sorted-names.ts'
import type { StorePath, StoreWrite } from './store.ts'
import type { Batch, NameRange } from './store-engine.ts'
import { lastName, parentPath } from './store-path.ts'

export class PendingWrites {
  readonly batches: Batch[] = []
  readonly #writes = new Map<StorePath, StoreWrite>()
  readonly #names = new Map<StorePath, SortedNames>()
  /** Paths that came since names were last asked for, which is seldom. */
  #unlisted: StorePath[] = []
  #deletes = 0
  readonly #groupsAbove = new Set<StorePath>()

  get isEmpty(): boolean {
    return this.batches.length === 0
  }

  /** How many paths are written. */
  get size(): number {
    return this.#writes.size
  }

  /** How many names a range of what is in place can have that are no longer there, at most. */
  get deletes(): number {
    return this.#deletes
  }

  add(batch: Batch): void {
    this.batches.push(batch)
    for (const write of batch) this.#add(write)
  }

  #add(write: StoreWrite): void {
    const before = this.#writes.get(write.path)
    if (before === undefined) this.#unlisted.push(write.path)
    else if (isOnlyNew(write) && before.kind !== 'delete') return
    const isDecided = before?.kind === 'delete' && isOnlyNew(write)
    this.#writes.set(write.path, isDecided ? { ...write, onlyNew: false } : write)
    if (write.kind === 'delete') this.#deletes++
    if (write.kind === 'group') this.#groupsAbove.add(parentPath(write.path))
  }

  /** Whether a group is made directly below a path. */
  makesGroupIn(path: StorePath): boolean {
    return this.#groupsAbove.has(path)
  }

  /** The last write at a path, if there is one. */
  at(path: StorePath): StoreWrite | undefined {
    return this.#writes.get(path)
  }

  /** Whether there is a write directly below a group. */
  hasIn(group: StorePath): boolean {
    for (const path of this.#unlisted.splice(0)) this.#list(path)
    return this.#names.has(group)
  }

  /** Names directly below a group that are written, also those that are deleted. */
  namesIn(group: StorePath, range: NameRange): string[] {
    return this.hasIn(group) ? (this.#names.get(group)?.range(range) ?? []) : []
  }

  #list(path: StorePath): void {
    const group = parentPath(path)
    let names = this.#names.get(group)
    if (names === undefined) {
      names = new SortedNames()
      this.#names.set(group, names)
    }
    names.add(lastName(path))
  }
}

/** Whether it depends on what was there before what becomes of a write. */
export function isOnlyNew(
  write: StoreWrite,
): write is Extract<StoreWrite, { kind: 'link' }> & { onlyNew: true } {
  return write.kind === 'link' && write.onlyNew === true
}
