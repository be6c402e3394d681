/** A `Store` made of an engine: checks of paths, links, conflicts, queueing and closing, once for all. */
import { AoError, isAoError } from '../base/errors.ts'
import { CommitQueue, type CommitQueueOptions } from './commit-queue.ts'
import { type Location, locate } from './locate.ts'
import { ownBytes } from './own-bytes.ts'
import type {
  ListOptions,
  Store,
  StoreEntry,
  StoreEntryKind,
  StoreLink,
  StorePath,
  StoreWrite,
} from './store.ts'
import type { Batch, BatchOutcome, NameRange, StoredEntry, StoreEngine } from './store-engine.ts'
import { assertStorePath, showPath } from './store-path.ts'

const DEFAULT_LIMIT = 1_000

export function createEngineStore(engine: StoreEngine, options?: CommitQueueOptions): Store {
  return new EngineStore(engine, options)
}

class EngineStore implements Store {
  readonly #engine: StoreEngine
  readonly #queue: CommitQueue
  #closing: Promise<void> | undefined

  constructor(engine: StoreEngine, options?: CommitQueueOptions) {
    this.#engine = engine
    this.#queue = new CommitQueue((batches) => this.#write(batches), options)
  }

  get name(): string {
    return this.#engine.name
  }

  get isDurable(): boolean {
    return this.#engine.isDurable
  }

  async get(path: StorePath): Promise<Uint8Array | undefined> {
    assertStorePath(path)
    return this.#read(path, () => this.#valueAt(path))
  }

  async getMany(paths: readonly StorePath[]): Promise<(Uint8Array | undefined)[]> {
    for (const path of paths) assertStorePath(path)
    return paths.map((path) => this.#read(path, () => this.#valueAt(path)))
  }

  async kindOf(path: StorePath): Promise<StoreEntryKind | undefined> {
    assertPathOrRoot(path)
    return this.#read(path, () => locate(this.#engine, path)?.entry?.kind)
  }

  async resolve(path: StorePath): Promise<StorePath> {
    assertPathOrRoot(path)
    const location = this.#read(path, () => locate(this.#engine, path))
    if (location !== undefined) return location.path
    throw new AoError(
      'infinite-recursion',
      `Expected links that end, got a circle or too many at ${showPath(path)}`,
      { path },
    )
  }

  async list(path: StorePath, options?: ListOptions): Promise<string[]> {
    const range = rangeOf(path, options)
    return this.#inGroup(path, (group) => this.#engine.names(group, range))
  }

  async scan(path: StorePath, options?: ListOptions): Promise<StoreEntry[]> {
    const range = rangeOf(path, options)
    return this.#inGroup(path, (group) =>
      this.#engine
        .entries(group, range)
        .map(({ name, entry }) => ({ name, value: this.#valueOf(entry) })),
    )
  }

  async links(path: StorePath, options?: ListOptions): Promise<StoreLink[]> {
    const range = rangeOf(path, options)
    return this.#inGroup(path, (group) =>
      this.#engine.entries(group, range).map(({ name, entry }) => ({
        name,
        target: entry.kind === 'link' ? entry.target : undefined,
      })),
    )
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    for (const write of writes) assertWrite(write)
    this.#assertOpen()
    if (writes.length > 0) await this.#queue.push(ownBytes(writes))
  }

  async sizeBytes(): Promise<number> {
    this.#assertOpen()
    return this.#engine.sizeBytes()
  }

  async close(): Promise<void> {
    this.#closing ??= this.#queue.idle().then(() => this.#engine.close())
    await this.#closing
  }

  #inGroup<T>(path: StorePath, read: (group: StorePath) => T[]): T[] {
    return this.#read(path, () => {
      const location = locate(this.#engine, path)
      return location?.entry?.kind === 'group' ? read(location.path) : []
    })
  }

  #valueAt(path: StorePath): Uint8Array | undefined {
    return valueIn(locate(this.#engine, path))
  }

  #valueOf(entry: StoredEntry): Uint8Array | undefined {
    if (entry.kind === 'link') return this.#valueAt(entry.target)
    return entry.kind === 'value' ? entry.read() : undefined
  }

  #read<T>(path: StorePath, read: () => T): T {
    this.#assertOpen()
    try {
      return read()
    } catch (cause) {
      if (isAoError(cause)) throw cause
      const message = `Reading ${showPath(path)} from ${this.name} failed: ${messageOf(cause)}`
      throw new AoError('store-failed', message, { store: this.name, path }, cause)
    }
  }

  async #write(batches: readonly Batch[]): Promise<readonly BatchOutcome[]> {
    try {
      return await this.#engine.write(batches)
    } catch (cause) {
      // One batch may be what the medium refuses; the others get their own chance.
      if (batches.length === 1) return [this.#commitFailure(cause)]
      const outcomes: BatchOutcome[] = []
      for (const batch of batches) outcomes.push(...(await this.#write([batch])))
      return outcomes
    }
  }

  #commitFailure(cause: unknown): AoError {
    if (isAoError(cause)) return cause
    const message = `Writing to ${this.name} failed, nothing was changed: ${messageOf(cause)}`
    return new AoError('store-failed', message, { store: this.name }, cause)
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return
    throw new AoError('store-closed', `The store ${this.name} is closed`, { store: this.name })
  }
}

function valueIn(location: Location | undefined): Uint8Array | undefined {
  return location?.entry?.kind === 'value' ? location.entry.read() : undefined
}

function assertPathOrRoot(path: StorePath): void {
  if (path !== '') assertStorePath(path)
}

function assertWrite(write: StoreWrite): void {
  assertStorePath(write.path)
  if (write.kind !== 'link') return
  assertStorePath(write.target)
  if (write.target !== write.path) return
  throw new AoError(
    'invalid-path',
    `Expected a link to another path, got one from ${showPath(write.path)} to itself`,
    { path: write.path },
  )
}

function rangeOf(path: StorePath, options: ListOptions = {}): NameRange {
  assertPathOrRoot(path)
  const { from, limit = DEFAULT_LIMIT, reverse = false } = options
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new AoError('invalid-value', 'Expected a limit that is a whole number, not negative', {
      limit,
    })
  }
  return { from, limit, reverse }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
