/**
 * What was made of lists of names, found again by the names one after the other: no text of several
 * names is ambiguous here, and none has to be put together to look for one. For what follows from
 * the keys of a message alone, since messages of one kind have the same keys.
 */
import { ownText } from './bytes.ts'

/** Text, or a number that stands for something else than a name. */
export type ListItem = string | number

export interface KnownListsOptions {
  /** Of longer lists nothing is kept. Default 64. */
  readonly maxItems?: number
  /** Nothing is kept of a list with a longer name either. Default 64. */
  readonly maxLength?: number
  /**
   * What is kept, in items: those of all lists, which several that begin alike have in common, and
   * as many for what was made of each. Default 4,096.
   */
  readonly maxNodes?: number
}

export class KnownLists<N extends ListItem, T> {
  readonly #make: (items: readonly N[]) => T
  readonly #options: Required<KnownListsOptions>
  #root: Node<N, T> = createNode()
  #size = 0

  /** @param make what is kept of a list; it follows from the items and nothing else. */
  constructor(make: (items: readonly N[]) => T, options: KnownListsOptions = {}) {
    this.#make = make
    this.#options = { maxItems: 64, maxLength: 64, maxNodes: 4_096, ...options }
  }

  get(items: readonly N[]): T {
    if (items.length > this.#options.maxItems) return this.#make(items)
    let node = this.#root
    for (const item of items) {
      const next = node.next.get(item) ?? this.#grow(node, item)
      if (next === undefined) return this.#make(items)
      node = next
    }
    if (node.known === undefined) {
      node.known = { value: this.#make(items.map(ownItem)) }
      this.#size += items.length
    }
    return node.known.value
  }

  #grow(node: Node<N, T>, item: N): Node<N, T> | undefined {
    if (typeof item === 'string' && item.length > this.#options.maxLength) return undefined
    // One full tree after the other: what is used is soon there again.
    if (this.#size++ >= this.#options.maxNodes) {
      this.#root = createNode()
      this.#size = 0
    }
    const next: Node<N, T> = createNode()
    node.next.set(ownItem(item), next)
    return next
  }
}

interface Node<N, T> {
  readonly next: Map<N, Node<N, T>>
  known: { readonly value: T } | undefined
}

function createNode<N, T>(): Node<N, T> {
  return { next: new Map(), known: undefined }
}

/** A name is often a piece of a long text, which is not to be kept with it. */
function ownItem<N extends ListItem>(item: N): N {
  return typeof item === 'string' ? (ownText(item) as N) : item
}
