/**
 * Writes that are decided and not in their place yet, in the order of the batches. Each is known by
 * its exact path; to delete a group with all below it is none of them.
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
    for (const write of batch) {
      if (!this.#writes.has(write.path)) this.#unlisted.push(write.path)
      this.#writes.set(write.path, write)
      if (write.kind === 'delete') this.#deletes++
    }
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
