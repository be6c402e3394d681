/** A binary heap: which entry comes first, and the next one, at a cost that hardly grows. */

export interface HeapEntry<T> {
  /** Time or height. */
  readonly at: number
  readonly item: T
}

export class DueHeap<T> {
  readonly #entries: HeapEntry<T>[] = []

  get size(): number {
    return this.#entries.length
  }

  /** The entry that comes first. */
  peek(): HeapEntry<T> | undefined {
    return this.#entries[0]
  }

  push(entry: HeapEntry<T>): void {
    const entries = this.#entries
    let place = entries.push(entry) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = entries[above]
      if (parent === undefined || parent.at <= entry.at) break
      entries[place] = parent
      place = above
    }
    entries[place] = entry
  }

  /** Takes the first entry, if it comes at or before a time. */
  popUntil(at: number): HeapEntry<T> | undefined {
    const first = this.#entries[0]
    if (first === undefined || first.at > at) return undefined
    const last = this.#entries.pop()
    if (last !== undefined && this.#entries.length > 0) this.#sink(last)
    return first
  }

  #sink(entry: HeapEntry<T>): void {
    const entries = this.#entries
    let place = 0
    for (;;) {
      const child = this.#smallerChild(place)
      const below = entries[child]
      if (below === undefined || below.at >= entry.at) break
      entries[place] = below
      place = child
    }
    entries[place] = entry
  }

  #smallerChild(place: number): number {
    const left = 2 * place + 1
    const [first, second] = [this.#entries[left], this.#entries[left + 1]]
    return first !== undefined && second !== undefined && second.at < first.at ? left + 1 : left
  }
}
