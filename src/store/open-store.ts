/** Opens a store by its description, as configuration gives it. */
import { openFsStore } from './fs-store.ts'
import { openLmdbStore } from './lmdb-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store } from './store.ts'

export type StoreSpec =
  /** One embedded database; the default of a node. */
  | { readonly engine: 'lmdb'; readonly path: string; readonly mapSizeBytes?: number }
  /** Folders, files and symbolic links. */
  | { readonly engine: 'fs'; readonly path: string; readonly journalLimitBytes?: number }
  /** Gone when the process ends. */
  | { readonly engine: 'memory' }

/** @throws AoError `store-failed` when the folder cannot be used or another process holds it */
export async function openStore(spec: StoreSpec): Promise<Store> {
  switch (spec.engine) {
    case 'lmdb':
      return openLmdbStore(spec)
    case 'fs':
      return openFsStore(spec)
    case 'memory':
      return createMemoryStore()
  }
}
