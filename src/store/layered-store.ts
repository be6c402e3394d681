/**
 * Several stores as one: a fast one before a large one, or a store of one's own before one that may
 * only be read. Each layer says what may be done with it; the order of the layers decides.
 */
import { AoError, isAoError } from '../base/errors.ts'
import { mergeNames } from './merge-names.ts'
import { ownBytes } from './own-bytes.ts'
import {
  type ListOptions,
  MAX_LINKS,
  type Store,
  type StoreEntry,
  type StoreEntryKind,
  type StoreLink,
  type StorePath,
  type StoreWrite,
} from './store.ts'
import { joinPath, lastName, parentPath, showPath } from './store-path.ts'

/** `admin` allows to delete groups, with all that is below them. */
export type StoreAccess = 'read' | 'write' | 'admin'

export interface StoreLayer {
  readonly store: Store
  /** Default: all three. */
  readonly access?: readonly StoreAccess[]
}

/**
 * - Reads ask the readable layers in order. What the first one has at a path, be it a link, hides
 *   what others have there; groups at one path are one group. Links lead through all layers.
 * - A batch goes, whole, to the first layer whose access allows it. When that one fails, the batch
 *   fails: in another layer it would be hidden by what the first one still has.
 * - `close` closes every layer.
 *
 * @throws AoError `store-denied` when no layer allows what is asked
 */
export function createLayeredStore(layers: readonly StoreLayer[]): Store {
  return new LayeredStore(layers)
}

class LayeredStore implements Store {
  readonly #layers: readonly StoreLayer[]
  /** Those under way. */
  readonly #commits = new Set<Promise<void>>()

  constructor(layers: readonly StoreLayer[]) {
    this.#layers = layers
  }

  get name(): string {
    return `layered(${this.#layers.map(({ store }) => store.name).join(', ')})`
  }

  /** Whether every layer that a batch can go to is. */
  get isDurable(): boolean {
    const writable = this.#layers.filter((layer) => allows(layer, 'write'))
    return writable.length > 0 && writable.every(({ store }) => store.isDurable)
  }

  async get(path: StorePath): Promise<Uint8Array | undefined> {
    const stores = this.#readable()
    let current = path
    for (let links = 0; links <= MAX_LINKS; links++) {
      const found = await lookUp(stores, current)
      if (found.next === undefined) return found.value
      current = found.next
    }
    return undefined
  }

  async getMany(paths: readonly StorePath[]): Promise<(Uint8Array | undefined)[]> {
    const [first, ...others] = this.#readable()
    const values = (await first?.getMany(paths)) ?? []
    if (others.length === 0) return values
    return Promise.all(values.map((value, index) => value ?? this.get(paths[index] ?? '')))
  }

  async kindOf(path: StorePath): Promise<StoreEntryKind | undefined> {
    return (await this.#locate(path))?.kind
  }

  async resolve(path: StorePath): Promise<StorePath> {
    const location = await this.#locate(path)
    if (location !== undefined) return location.path
    throw new AoError(
      'infinite-recursion',
      `Expected links that end, got a circle or too many at ${showPath(path)}`,
      { path },
    )
  }

  async list(path: StorePath, options: ListOptions = {}): Promise<string[]> {
    const location = await this.#locate(path)
    const lists = (location?.stores ?? []).map((store) => store.list(location?.path ?? '', options))
    return mergeNames(await Promise.all(lists), options)
  }

  async scan(path: StorePath, options?: ListOptions): Promise<StoreEntry[]> {
    const group = (await this.#locate(path))?.path ?? path
    const names = await this.list(path, options)
    const values = await Promise.all(names.map((name) => this.get(joinPath(group, name))))
    return names.map((name, index) => ({ name, value: values[index] }))
  }

  async links(path: StorePath, options: ListOptions = {}): Promise<StoreLink[]> {
    const location = await this.#locate(path)
    const lists = await Promise.all(
      (location?.stores ?? []).map((store) => store.links(location?.path ?? '', options)),
    )
    const first = new Map<string, StoreLink>()
    for (const link of lists.flat()) if (!first.has(link.name)) first.set(link.name, link)
    const names = lists.map((list) => list.map(({ name }) => name))
    return mergeNames(names, options).map((name) => first.get(name) ?? { name, target: undefined })
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    const commit = this.#commit(ownBytes(writes))
    this.#commits.add(commit)
    try {
      await commit
    } finally {
      this.#commits.delete(commit)
    }
  }

  async sizeBytes(): Promise<number> {
    const sizes = await Promise.all(this.#layers.map(({ store }) => store.sizeBytes()))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#commits)
    await Promise.all(this.#layers.map(({ store }) => store.close()))
  }

  async #commit(writes: readonly StoreWrite[]): Promise<void> {
    let denial = this.#denied('write')
    for (const layer of this.#layers.filter((each) => allows(each, 'write'))) {
      try {
        await this.#assertMayDelete(layer, writes)
        return await layer.store.commit(writes)
      } catch (error) {
        if (!isAoError(error, 'store-denied')) throw error
        denial = error
      }
    }
    throw denial
  }

  #readable(): readonly Store[] {
    const stores = this.#layers.filter((layer) => allows(layer, 'read')).map(({ store }) => store)
    if (stores.length === 0) throw this.#denied('read')
    return stores
  }

  #denied(access: StoreAccess, store: string = this.name): AoError {
    return new AoError('store-denied', `The store ${store} does not allow to ${access}`, {
      store,
      access,
    })
  }

  /** Where a path leads through all layers, and the layers that have it; `undefined` for a circle. */
  async #locate(path: StorePath): Promise<LayeredLocation | undefined> {
    const stores = this.#readable()
    let current = path
    for (let links = 0; links <= MAX_LINKS; links++) {
      const found = await locateIn(stores, current)
      if (typeof found !== 'string') return found
      current = found
    }
    return undefined
  }

  async #assertMayDelete(layer: StoreLayer, writes: readonly StoreWrite[]): Promise<void> {
    if (allows(layer, 'admin')) return
    for (const { kind, path } of writes) {
      if (kind !== 'delete' || !(await isGroup(layer.store, path))) continue
      throw this.#denied('admin', layer.store.name)
    }
  }
}

interface LayeredLocation {
  readonly path: StorePath
  readonly kind: StoreEntryKind | undefined
  /** Those with a group, in order; for a value the first one that has it. */
  readonly stores: readonly Store[]
}

function allows({ access }: StoreLayer, wanted: StoreAccess): boolean {
  return access === undefined || access.includes(wanted)
}

/** The value that the first store with anything at `path` has there, or where its links lead on. */
async function lookUp(
  stores: readonly Store[],
  path: StorePath,
): Promise<{ readonly value?: Uint8Array; readonly next?: StorePath }> {
  for (const store of stores) {
    const value = await store.get(path)
    if (value !== undefined) return { value }
    const next = await resolveIn(store, path)
    if (next !== path) return next === undefined ? {} : { next }
    if ((await store.kindOf(path)) !== undefined) return {}
  }
  return {}
}

/** The same for whatever is at `path`; a text is where links lead on. */
async function locateIn(
  stores: readonly Store[],
  path: StorePath,
): Promise<LayeredLocation | StorePath | undefined> {
  const groups: Store[] = []
  for (const store of stores) {
    const next = await resolveIn(store, path)
    if (next === undefined) return undefined
    if (next !== path) return groups.length > 0 ? { path, kind: 'group', stores: groups } : next
    const kind = await store.kindOf(path)
    if (kind === 'group') groups.push(store)
    if (kind === 'value' && groups.length === 0) return { path, kind, stores: [store] }
  }
  return { path, kind: groups.length > 0 ? 'group' : undefined, stores: groups }
}

/** Where the links of one store lead; `undefined` for a circle. */
async function resolveIn(store: Store, path: StorePath): Promise<StorePath | undefined> {
  try {
    return await store.resolve(path)
  } catch (error) {
    if (isAoError(error, 'infinite-recursion')) return undefined
    throw error
  }
}

/** Whether a group, not a link to one, is at a path. */
async function isGroup(store: Store, path: StorePath): Promise<boolean> {
  const above = await resolveIn(store, parentPath(path))
  if (above === undefined) return false
  const place = joinPath(above, lastName(path))
  return (await resolveIn(store, place)) === place && (await store.kindOf(place)) === 'group'
}
