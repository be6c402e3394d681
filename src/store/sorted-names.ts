/** The names of one group in byte order, kept in memory by engines that have no ordered index. */
import { compareText } from '../base/bytes.ts'
import type { NameRange } from './store-engine.ts'

/**
 * A set of names. Names that come in order cost nothing to keep so; others are sorted when the
 * next one asks for the order.
 */
export class SortedNames {
  readonly #names: string[]
  #isSorted = false

  constructor(names: string[] = []) {
    this.#names = names
  }

  get size(): number {
    return this.#names.length
  }

  /** Adds a name that is not there yet. */
  add(name: string): void {
    const last = this.#names.at(-1)
    if (last !== undefined && compareText(last, name) > 0) this.#isSorted = false
    this.#names.push(name)
  }

  delete(name: string): void {
    const names = this.#sorted()
    const index = this.#firstFrom(name)
    if (names[index] === name) names.splice(index, 1)
  }

  range({ from, limit, reverse }: NameRange): string[] {
    const names = this.#sorted()
    if (!reverse) {
      const start = from === undefined ? 0 : this.#firstFrom(from)
      return names.slice(start, start + limit)
    }
    const end = from === undefined ? names.length : this.#firstAfter(from)
    return names.slice(Math.max(0, end - limit), end).reverse()
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#names[Symbol.iterator]()
  }

  #sorted(): string[] {
    if (!this.#isSorted) this.#names.sort(compareText)
    this.#isSorted = true
    return this.#names
  }

  #firstAfter(name: string): number {
    const index = this.#firstFrom(name)
    return this.#names[index] === name ? index + 1 : index
  }

  /** Index of the first name that is not before `name`. */
  #firstFrom(name: string): number {
    let low = 0
    let high = this.#names.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareText(this.#names[middle] ?? '', name) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
