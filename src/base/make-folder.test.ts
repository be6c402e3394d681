import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeFolder } from './make-folder.ts'

const root = await mkdtemp(join(tmpdir(), 'make-folder-'))
after(() => rm(root, { recursive: true }))

test('makeFolder() makes what is missing and leaves what is there', async () => {
  const path = join(root, 'a', 'b', 'c')
  makeFolder(path)
  await writeFile(join(path, 'file'), '')
  makeFolder(path)
  assert.ok((await stat(join(path, 'file'))).isFile())
  makeFolder('/')
})

test('makeFolder() throws where a file is in the way', async () => {
  const file = join(root, 'file')
  await writeFile(file, '')
  assert.throws(() => makeFolder(file), { code: 'EEXIST' })
  assert.throws(() => makeFolder(join(file, 'below')), { code: 'ENOTDIR' })
})

test('makeFolder() ends where the file system admits no such name', {
  skip: process.platform !== 'linux',
}, () => {
  assert.throws(() => makeFolder('/proc/not-there'), { code: 'ENOENT' })
  assert.throws(() => makeFolder('/proc/self/fd/not/there'), { code: 'ENOENT' })
})
