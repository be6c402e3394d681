/** Ordered names of the groups that were listed last, kept true through changes. */
import type { SortedNames } from './sorted-names.ts'
import type { StorePath } from './store.ts'
import { lastName, parentPath } from './store-path.ts'

const MAX_GROUPS = 64

export class NameCache {
  readonly #read: (group: StorePath) => SortedNames
  /** Least recently used first. */
  readonly #groups = new Map<StorePath, SortedNames>()

  /** `read` lists a group anew. */
  constructor(read: (group: StorePath) => SortedNames) {
    this.#read = read
  }

  of(group: StorePath): SortedNames {
    const names = this.#groups.get(group) ?? this.#read(group)
    this.#groups.delete(group)
    this.#groups.set(group, names)
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= MAX_GROUPS) break
      this.#groups.delete(oldest)
    }
    return names
  }

  /** A path that was not there has come. */
  add(path: StorePath): void {
    this.#groups.get(parentPath(path))?.add(lastName(path))
  }

  /** A path has gone, with all below it. */
  remove(path: StorePath): void {
    this.#groups.get(parentPath(path))?.delete(lastName(path))
    for (const group of this.#groups.keys()) {
      if (group === path || group.startsWith(`${path}/`)) this.#groups.delete(group)
    }
  }
}
