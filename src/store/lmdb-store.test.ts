import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openLmdbStore } from './lmdb-store.ts'
import type { Store } from './store.ts'
import { runStoreSuite } from './store-suite.ts'

const root = await mkdtemp(join(tmpdir(), 'lmdb-store-'))
after(() => rm(root, { recursive: true }))

const paths = new WeakMap<Store, string>()

async function openAt(path: string): Promise<Store> {
  const store = await openLmdbStore({ path })
  paths.set(store, path)
  return store
}

runStoreSuite('lmdb', async () => openAt(await mkdtemp(join(root, 'store-'))), {
  reopen: async (store) => openAt(paths.get(store) ?? ''),
})
