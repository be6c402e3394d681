import assert from 'node:assert/strict'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { runCrashSuite, runFullDiskSuite } from './crash-suite.ts'
import { openFsStore } from './fs-store.ts'
import type { StoreSpec } from './open-store.ts'
import type { Store } from './store.ts'
import { runStoreSuite } from './store-suite.ts'
import { group, link, remove, text, value } from './suite-kit.ts'

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

const newSpec = async (): Promise<StoreSpec> => ({
  engine: 'fs',
  path: await mkdtemp(join(root, 'process-')),
})
runCrashSuite('fs', newSpec)
runFullDiskSuite('fs', async () => ({ ...(await newSpec()), journalLimitBytes: 2 ** 40 }))

const failed = (error: unknown): boolean => isAoError(error, 'store-failed')

test('fs: a store is plain folders, files and symbolic links', async () => {
  const path = await mkdtemp(join(root, 'plain-'))
  const store = await openFsStore({ path })
  await store.commit([value('Ab/c', 'content'), link('l/m', 'Ab/c'), link('n', 'Ab')])
  assert.equal(await readFile(join(path, 'data', '^ab', 'c'), 'utf8'), 'content')
  assert.equal(await readlink(join(path, 'data', 'l', 'm')), join('..', '^ab', 'c'))
  assert.equal(await readFile(join(path, 'data', 'n', 'c'), 'utf8'), 'content')
  await store.close()
})

test('fs: a symbolic link that leaves the store is not followed', async () => {
  const path = await mkdtemp(join(root, 'outside-'))
  const secret = join(root, 'secret')
  await mkdir(secret)
  await writeFile(join(secret, 'key'), 'secret')
  const store = await openFsStore({ path })
  await store.commit([group('g')])
  await symlink(join(secret, 'key'), join(path, 'data', 'g', 'absolute'))
  await symlink('../../../secret', join(path, 'data', 'g', 'relative'))
  await symlink(secret, join(path, 'data', 'folder'))
  for (const at of ['g/absolute', 'g/relative', 'g/relative/key', 'folder', 'folder/key']) {
    await assert.rejects(store.get(at), failed)
    await assert.rejects(store.resolve(at), failed)
  }
  await assert.rejects(store.list('folder'), failed)
  await assert.rejects(store.commit([value('folder/planted')]), failed)
  assert.deepEqual(await readdir(secret), ['key'])
  await store.commit([remove('folder'), remove('g')])
  assert.deepEqual(await readdir(secret), ['key'])
  assert.equal(await readFile(join(secret, 'key'), 'utf8'), 'secret')
  await store.close()
})

test('fs: files of somebody else are no names', async () => {
  const path = await mkdtemp(join(root, 'foreign-'))
  const store = await openFsStore({ path })
  await store.commit([value('a')])
  for (const file of ['.DS_Store', '%zz', '%41', 'B', '%+']) {
    await writeFile(join(path, 'data', file), '')
  }
  await store.close()
  const again = await openFsStore({ path })
  assert.deepEqual(await again.list(''), ['a'])
  await again.close()
})

/** A copy of the folder of an open store, as a loss of power leaves it: only the journal is sure. */
async function afterPowerLoss(path: string): Promise<string> {
  const copy = `${path}-copy`
  await cp(path, copy, { recursive: true, verbatimSymlinks: true })
  await rm(join(copy, 'data'), { recursive: true })
  return copy
}

test('fs: what was acknowledged is in the journal, and comes back without the files', async () => {
  const path = await mkdtemp(join(root, 'power-'))
  const store = await openFsStore({ path })
  await store.commit([value('g/a', '1'), value('g/b', '2'), link('l', 'g')])
  await store.commit([remove('g/a'), value('x', 'was a value'), value('h/i/j', 'deep')])
  await store.commit([remove('x'), value('x/y', 'is a group'), remove('h')])
  const copy = await afterPowerLoss(path)
  await store.close()
  const again = await openFsStore({ path: copy })
  assert.deepEqual(await again.list(''), ['g', 'l', 'x'])
  assert.deepEqual(await again.list('l'), ['b'])
  assert.equal(text(await again.get('x/y')), 'is a group')
  await again.close()
})

test('fs: the journal may be carried out over files that are there already', async () => {
  const path = await mkdtemp(join(root, 'twice-'))
  const store = await openFsStore({ path })
  await store.commit([value('a', 'value'), value('g/x'), link('l', 'g')])
  await store.commit([remove('a'), value('a/b', 'group'), remove('l'), value('l', 'value')])
  const copy = `${path}-copy`
  await cp(path, copy, { recursive: true, verbatimSymlinks: true })
  await store.close()
  const again = await openFsStore({ path: copy })
  assert.deepEqual(await again.list(''), ['a', 'g', 'l'])
  assert.equal(text(await again.get('a/b')), 'group')
  assert.equal(text(await again.get('l')), 'value')
  await again.close()
})

test('fs: a record that was cut off was never decided', async () => {
  const path = await mkdtemp(join(root, 'torn-'))
  const store = await openFsStore({ path })
  await store.commit([value('a')])
  await store.commit([value('b')])
  const copy = await afterPowerLoss(path)
  await store.close()
  const journal = await readFile(join(copy, 'journal'))
  await writeFile(join(copy, 'journal'), journal.subarray(0, -1))
  const again = await openFsStore({ path: copy })
  assert.deepEqual(await again.list(''), ['a'])
  await again.close()
})

test('fs: when the files cannot be changed, everything is taken back, and the store goes on', async () => {
  const path = await mkdtemp(join(root, 'back-'))
  const store = await openFsStore({ path })
  await store.commit([value('a', 'old'), value('g/x')])
  const names = await store.list('')
  // A file that the store does not know is where it wants to make a folder.
  await writeFile(join(path, 'data', `${'^x'.repeat(100)}%+`), '')
  const impossible = value('X'.repeat(200))
  const batch = [value('a', 'new'), remove('g'), value('h/y'), link('l', 'a'), impossible]
  await assert.rejects(store.commit(batch), failed)
  assert.deepEqual(await store.list(''), names)
  assert.equal(text(await store.get('a')), 'old')
  assert.deepEqual(await store.list('g'), ['x'])
  await store.commit(batch.slice(0, 4))
  await store.close()
  const again = await openFsStore({ path })
  assert.deepEqual(await again.list(''), ['a', 'h', 'l'])
  await again.close()
})

test('fs: the journal begins anew when it is full, and nothing is lost', async () => {
  const path = await mkdtemp(join(root, 'limit-'))
  const store = await openFsStore({ path, journalLimitBytes: 10_000 })
  for (let n = 0; n < 30; n++) await store.commit([value(`v/${n}`, 'x'.repeat(1_000))])
  assert.ok((await stat(join(path, 'journal'))).size <= 12_000)
  assert.deepEqual(await readdir(join(path, 'trash')), [])
  const copy = `${path}-copy`
  await cp(path, copy, { recursive: true })
  await store.close()
  const again = await openFsStore({ path: copy })
  assert.equal((await again.list('v')).length, 30)
  await again.close()
})
