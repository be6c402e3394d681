import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open } from 'lmdb'
import { isAoError } from '../base/errors.ts'
import { runCrashSuite, runFullDiskSuite } from './crash-suite.ts'
import { openLmdbStore } from './lmdb-store.ts'
import type { StoreSpec } from './open-store.ts'
import type { Store } from './store.ts'
import { runStoreSuite } from './store-suite.ts'
import { group, link, remove, text, value } from './suite-kit.ts'

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
    (path) => writeFile(join(path, 'store.json'), '{"engine":"lmdb","format":4}'),
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

/** What the database of a closed store holds, by the text of its keys. */
async function rawEntries(path: string): Promise<Map<string, Buffer>> {
  const database = open<Buffer, Buffer>({ path, noSubdir: false, ...BYTES })
  const entries = [...database.getRange()].map(({ key, value }) => [key.toString('latin1'), value])
  await database.close()
  return new Map(entries as [string, Buffer][])
}

const BYTES = { encoding: 'binary', keyEncoding: 'binary' } as const
const FORMAT = '\0\0format'
const LONG = 'x'.repeat(3_000)

test('lmdb: a store of format 1 is read, written on, and of format 3 from then on', async () => {
  const path = await mkdtemp(join(root, 'older-'))
  await (await openAt(path)).close()
  const database = open<Buffer, Buffer>({ path, noSubdir: false, ...BYTES })
  const older: readonly (readonly [string, string])[] = [
    [FORMAT, '\x01'],
    ['\0g', '\x03'],
    ['g\0long', `\x01${LONG}`],
    ['g\0replaced', `\x01${LONG}`],
    ['g\0gone', `\x01${LONG}`],
    ['\0l', '\x02g/long'],
  ]
  for (const [key, entry] of older) await database.put(Buffer.from(key), Buffer.from(entry))
  await database.close()
  const marker = join(path, 'store.json')
  await writeFile(marker, '{"engine":"lmdb","format":1}')

  const store = await openAt(path)
  assert.deepEqual(JSON.parse(await readFile(marker, 'utf8')), { engine: 'lmdb', format: 3 })
  assert.deepEqual(await store.list('g'), ['gone', 'long', 'replaced'])
  assert.equal(text(await store.get('l')), LONG)
  await store.commit([value('g/replaced', `${LONG}2`), value('g/new', LONG), remove('g/gone')])
  await store.close()
  const again = await openAt(path)
  const entries = (await again.scan('g')).map((entry) => [entry.name, text(entry.value)])
  assert.deepEqual(entries, [
    ['long', LONG],
    ['new', LONG],
    ['replaced', `${LONG}2`],
  ])
  await again.close()
  assert.deepEqual((await rawEntries(path)).get(FORMAT), Buffer.of(3))
})

test('lmdb: nothing stays of a value that was replaced or deleted, however long it was', async () => {
  const path = await mkdtemp(join(root, 'replaced-'))
  const store = await openAt(path)
  await store.commit([value('long', LONG), value('short', 'x'), value('g/a', LONG), group('e')])
  await store.commit([value('long', 'x'), value('short', LONG), value('g/b', LONG)])
  await store.commit([value('short', 'x'), link('long', 'short'), value('e/x', LONG)])
  await store.commit([value('short', LONG)])
  await store.commit([value('short', 'x')])
  await store.commit([value('short', `${LONG}2`), value('short', `${LONG}3`)])
  await store.commit([remove('g'), remove('e/x')])
  assert.equal(text(await store.get('long')), `${LONG}3`)
  await store.close()
  const raw = [...(await rawEntries(path))].map(([key, entry]) => [key.slice(0, 6), entry.length])
  assert.deepEqual(raw, [
    ['\0\0form', 1],
    ['\0\0jour', 12],
    ['\0e', 2],
    ['\0long', 6],
    ['\0short', 7],
    ['\xff\0\0\0\0\0', LONG.length + 2],
  ])
})

test('lmdb: values go on behind all others after opening again', async () => {
  const path = await mkdtemp(join(root, 'numbers-'))
  for (let round = 0; round < 3; round++) {
    const store = await openAt(path)
    await store.commit([value(`g/${round}`, `${LONG}${round}`)])
    const values = (await store.scan('g')).map((entry) => text(entry.value)?.slice(LONG.length))
    assert.deepEqual(values, ['0', '1', '2'].slice(0, round + 1))
    await store.close()
  }
})
