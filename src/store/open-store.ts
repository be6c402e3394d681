/** Opens a store by its description, as configuration gives it. */
import { AoError } from '../base/errors.ts'
import { openFsStore } from './fs-store.ts'
import { openLmdbStore } from './lmdb-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store } from './store.ts'
import { engineAt } from './store-directory.ts'

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

/**
 * Opens the store that is in a folder, whatever its engine.
 * @throws AoError `not-found` for a folder without a store, else see `openStore`
 */
export async function openExistingStore(path: string): Promise<Store> {
  const engine = engineAt(path)
  if (engine !== undefined) return openStore({ engine: engineNamed(engine, path), path })
  throw new AoError('not-found', 'Expected a folder with a store', { path })
}

/** The same, or a new LMDB store where nothing is. @throws AoError see `openStore` */
export async function openOrCreateStore(path: string): Promise<Store> {
  return engineAt(path) !== undefined
    ? openExistingStore(path)
    : openStore({ engine: 'lmdb', path })
}

function engineNamed(engine: unknown, path: string): 'lmdb' | 'fs' {
  if (engine === 'lmdb' || engine === 'fs') return engine
  const message = `Expected a store of an engine that this release has, found "${engine}"`
  throw new AoError('store-failed', message, { path })
}
