import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { runCrashSuite, runFullDiskSuite } from './crash-suite.ts'
import { openLmdbStore } from './lmdb-store.ts'
import type { StoreSpec } from './open-store.ts'
import type { Store } from './store.ts'
import { runStoreSuite } from './store-suite.ts'
import { value } from './suite-kit.ts'

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

const newSpec = async (): Promise<StoreSpec> => ({
  engine: 'lmdb',
  path: await mkdtemp(join(root, 'process-')),
})
runCrashSuite('lmdb', newSpec)
runFullDiskSuite('lmdb', newSpec)

/** A closed store with some content, as damaged by `damage`. */
async function damagedStore(damage: (path: string) => Promise<void>): Promise<string> {
  const path = await mkdtemp(join(root, 'damaged-'))
  const store = await openAt(path)
  const writes = Array.from({ length: 200 }, (_, n) => value(`g/${n}`, 'x'.repeat(3_000)))
  await store.commit(writes)
  await store.close()
  await damage(path)
  return path
}

const failed = (error: unknown): boolean => isAoError(error, 'store-failed')

const DAMAGES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  [
    'has other bytes in its data file',
    (path) => writeFile(join(path, 'data.mdb'), 'x'.repeat(50_000)),
  ],
  ['has a data file of few bytes', (path) => writeFile(join(path, 'data.mdb'), 'x')],
  ['has an empty data file', (path) => truncate(join(path, 'data.mdb'))],
  ['has lost its data file', (path) => rm(join(path, 'data.mdb'))],
  ['has lost half of its data file', (path) => truncate(join(path, 'data.mdb'), 300_000)],
  ['has lost all but the first pages', (path) => truncate(join(path, 'data.mdb'), 8_192)],
  ['has an unreadable marker', (path) => writeFile(join(path, 'store.json'), '{')],
  [
    'has a marker of another engine',
    (path) => writeFile(join(path, 'store.json'), '{"engine":"fs","format":1}'),
  ],
  [
    'has a marker of a later format',
    (path) => writeFile(join(path, 'store.json'), '{"engine":"lmdb","format":2}'),
  ],
]

for (const [what, damage] of DAMAGES) {
  test(`lmdb: a folder that ${what} is one clear error, and the folder is free again`, async () => {
    const path = await damagedStore(damage)
    await assert.rejects(openLmdbStore({ path }), failed)
    await assert.rejects(
      openLmdbStore({ path }),
      (error) => failed(error) && !/in use/.test(String(error)),
    )
  })
}

test('lmdb: a data file that lost a few pages is an error of reads, not the end of the process', async () => {
  const path = await damagedStore(async (folder) => {
    const file = join(folder, 'data.mdb')
    await truncate(file, (await stat(file)).size - 40_000)
  })
  const outcome = await openLmdbStore({ path }).then(
    async (store) => {
      const reads = Array.from({ length: 200 }, (_, n) => store.get(`g/${n}`))
      const results = await Promise.allSettled(reads)
      await store.close()
      return results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    },
    (error: unknown) => [error],
  )
  assert.ok(outcome.length > 0 && outcome.every(failed))
})

test('lmdb: a lock file that is damaged is made anew', async () => {
  const path = await damagedStore((folder) =>
    writeFile(join(folder, 'lock.mdb'), 'x'.repeat(9_000)),
  )
  const store = await openLmdbStore({ path })
  assert.equal((await store.list('g', { limit: 3 })).length, 3)
  await store.close()
})

test('lmdb: a file where the folder should be is one clear error', async () => {
  const path = join(root, 'file')
  await writeFile(path, '')
  await assert.rejects(openLmdbStore({ path }), failed)
})

test('lmdb: a folder may have a dot in its name', async () => {
  const path = join(root, 'a', 'folder.v1')
  const store = await openLmdbStore({ path })
  await store.commit([value('a')])
  await store.close()
  assert.ok((await stat(join(path, 'data.mdb'))).size > 0)
})

test('lmdb: a map that is too small grows', async () => {
  const path = await mkdtemp(join(root, 'small-'))
  const store = await openLmdbStore({ path, mapSizeBytes: 1_048_576 })
  for (let n = 0; n < 8; n++) {
    await store.commit([value(`v/${n}`, new Uint8Array(700_000).fill(n))])
    assert.equal((await store.get('v/0'))?.at(-1), 0)
  }
  assert.equal((await store.get('v/7'))?.at(-1), 7)
  await store.close()
})
