/** A store in memory: gone when the process ends. For tests and for nodes that keep nothing. */
import { createEngineStore } from './engine-store.ts'
import { entryOf } from './overlay-view.ts'
import { planBatch } from './plan-batch.ts'
import { SortedNames } from './sorted-names.ts'
import type { Store, StorePath, StoreWrite } from './store.ts'
import type {
  Batch,
  BatchOutcome,
  NamedEntry,
  NameRange,
  StoredEntry,
  StoreEngine,
} from './store-engine.ts'
import { joinPath, lastName, parentPath } from './store-path.ts'

export function createMemoryStore(): Store {
  return createEngineStore(new MemoryEngine())
}

class MemoryEngine implements StoreEngine {
  readonly name = 'memory'
  readonly isDurable = false
  readonly #entries = new Map<StorePath, StoredEntry>([['', { kind: 'group' }]])
  readonly #names = new Map<StorePath, SortedNames>()
  readonly #sizes = new Map<StorePath, number>()
  #sizeBytes = 0

  entryAt(path: StorePath): StoredEntry | undefined {
    return this.#entries.get(path)
  }

  names(group: StorePath, range: NameRange): string[] {
    return this.#names.get(group)?.range(range) ?? []
  }

  entries(group: StorePath, range: NameRange): NamedEntry[] {
    return this.names(group, range).flatMap((name) => {
      const entry = this.entryAt(joinPath(group, name))
      return entry === undefined ? [] : [{ name, entry }]
    })
  }

  async write(batches: readonly Batch[]): Promise<readonly BatchOutcome[]> {
    return batches.map((batch) => {
      const { writes, refusal } = planBatch(this, batch)
      for (const write of writes) this.#apply(write)
      return refusal
    })
  }

  async sizeBytes(): Promise<number> {
    return this.#sizeBytes
  }

  async close(): Promise<void> {
    this.#entries.clear()
    this.#names.clear()
  }

  #apply(write: StoreWrite): void {
    if (write.kind === 'delete') {
      this.#delete(write.path)
      this.#names.get(parentPath(write.path))?.delete(lastName(write.path))
      return
    }
    if (!this.#entries.has(write.path)) this.#addName(write.path)
    this.#entries.set(write.path, entryOf(write))
    this.#setSize(write.path, write.kind === 'value' ? write.value.length : 0)
  }

  #addName(path: StorePath): void {
    const group = parentPath(path)
    const names = this.#names.get(group) ?? new SortedNames()
    this.#names.set(group, names)
    names.add(lastName(path))
  }

  #delete(path: StorePath): void {
    for (const name of this.#names.get(path) ?? []) this.#delete(joinPath(path, name))
    this.#names.delete(path)
    this.#entries.delete(path)
    this.#sizeBytes -= this.#sizes.get(path) ?? 0
    this.#sizes.delete(path)
  }

  #setSize(path: StorePath, valueBytes: number): void {
    const bytes = path.length + valueBytes
    this.#sizeBytes += bytes - (this.#sizes.get(path) ?? 0)
    this.#sizes.set(path, bytes)
  }
}
