/**
 * Test aid: a store whose commits and reads fail when a test says so, or wait for it, to see what
 * the parts above do then. Everything else goes to the store below.
 */
import { AoError } from '../base/errors.ts'
import type { Store, StorePath, StoreWrite } from './store.ts'

/** Each hook may throw, or return a promise to be waited for. */
export interface FailingStoreHooks {
  /** Before a batch goes to the store: thrown here, nothing of it is written. */
  readonly beforeCommit?: (writes: readonly StoreWrite[], nth: number) => void | Promise<void>
  /** After a batch is durable: thrown here, it is written but its writer is told that it is not. */
  readonly afterCommit?: (writes: readonly StoreWrite[], nth: number) => void | Promise<void>
  /** Before each read of one or more paths. */
  readonly beforeRead?: (paths: readonly StorePath[], nth: number) => void | Promise<void>
}

/** `nth` counts from 1, commits and reads apart. Closing closes the store below. */
export function createFailingStore(store: Store, hooks: FailingStoreHooks): Store {
  let commits = 0
  let reads = 0
  const read = async <T>(paths: readonly StorePath[], go: () => Promise<T>): Promise<T> => {
    await hooks.beforeRead?.(paths, ++reads)
    return go()
  }
  return {
    name: `failing(${store.name})`,
    isDurable: store.isDurable,
    get: (path) => read([path], () => store.get(path)),
    getMany: (paths) => read(paths, () => store.getMany(paths)),
    kindOf: (path) => read([path], () => store.kindOf(path)),
    resolve: (path) => read([path], () => store.resolve(path)),
    list: (path, options) => read([path], () => store.list(path, options)),
    scan: (path, options) => read([path], () => store.scan(path, options)),
    links: (path, options) => read([path], () => store.links(path, options)),
    commit: async (writes) => {
      const nth = ++commits
      // Without a hook the store below gets the call in the same turn, as without this one.
      const hook = hooks.beforeCommit?.(writes, nth)
      if (hook !== undefined) await hook
      await store.commit(writes)
      await hooks.afterCommit?.(writes, nth)
    },
    sizeBytes: () => store.sizeBytes(),
    close: () => store.close(),
  }
}

/** What a full disk looks like to a caller. */
export function diskFull(): AoError {
  return new AoError('store-failed', 'Writing failed, nothing was changed: no space left', {
    store: 'failing',
  })
}
