/** A store whose reads are counted, so that a request can be held to what it takes into memory. */
import type { Store } from './store.ts'

/** The same store; `hold` hears of the bytes of each value that is read, and may refuse them. */
export function createCountedStore(store: Store, hold: (bytes: number) => void): Store {
  return {
    name: store.name,
    isDurable: store.isDurable,
    get: async (path) => {
      const value = await store.get(path)
      if (value !== undefined) hold(value.length)
      return value
    },
    getMany: async (paths) => {
      const values = await store.getMany(paths)
      for (const value of values) if (value !== undefined) hold(value.length)
      return values
    },
    scan: async (path, options) => {
      const entries = await store.scan(path, options)
      for (const { value } of entries) if (value !== undefined) hold(value.length)
      return entries
    },
    kindOf: (path) => store.kindOf(path),
    resolve: (path) => store.resolve(path),
    list: (path, options) => store.list(path, options),
    links: (path, options) => store.links(path, options),
    commit: (writes) => store.commit(writes),
    sizeBytes: () => store.sizeBytes(),
    close: () => store.close(),
  }
}
