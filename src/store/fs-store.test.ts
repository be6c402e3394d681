import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openFsStore } from './fs-store.ts'
import type { Store } from './store.ts'
import { runStoreSuite } from './store-suite.ts'

const root = await mkdtemp(join(tmpdir(), 'fs-store-'))
after(() => rm(root, { recursive: true }))

const paths = new WeakMap<Store, string>()

async function openAt(path: string): Promise<Store> {
  const store = await openFsStore({ path })
  paths.set(store, path)
  return store
}

runStoreSuite('fs', async () => openAt(await mkdtemp(join(root, 'store-'))), {
  reopen: async (store) => openAt(paths.get(store) ?? ''),
})
