import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { openExistingStore, openOrCreateStore, openStore } from './open-store.ts'
import { value } from './suite-kit.ts'

const root = await mkdtemp(join(tmpdir(), 'open-store-'))
after(() => rm(root, { recursive: true }))

test('openStore() opens each engine by its name', async () => {
  const stores = await Promise.all([
    openStore({ engine: 'memory' }),
    openStore({ engine: 'lmdb', path: join(root, 'one') }),
    openStore({ engine: 'fs', path: join(root, 'two') }),
  ])
  assert.deepEqual(
    stores.map(({ name, isDurable }) => [name, isDurable]),
    [
      ['memory', false],
      [`lmdb(${join(root, 'one')})`, true],
      [`fs(${join(root, 'two')})`, true],
    ],
  )
  await Promise.all(stores.map((store) => store.close()))
})

test('openStore() refuses a folder with a store of another engine', async () => {
  const path = join(root, 'three')
  await (await openStore({ engine: 'fs', path })).close()
  await assert.rejects(
    openStore({ engine: 'lmdb', path }),
    (error) => isAoError(error, 'store-failed') && /engine/.test(error.message),
  )
  await (await openStore({ engine: 'fs', path })).close()
})

for (const engine of ['lmdb', 'fs'] as const) {
  test(`a store that lost its marker is known by its files, and marked again, ${engine}`, async () => {
    const path = join(root, `unmarked-${engine}`)
    const store = await openStore({ engine, path })
    await store.commit([value('a')])
    await store.close()
    const marker = join(path, 'store.json')
    const content = await readFile(marker, 'utf8')
    for (const reopen of [openExistingStore, openOrCreateStore]) {
      await rm(marker)
      const other = engine === 'lmdb' ? 'fs' : 'lmdb'
      await assert.rejects(openStore({ engine: other, path }), /found one of "/)
      const opened = await reopen(path)
      assert.equal(await opened.kindOf('a'), 'value')
      await opened.close()
      assert.equal(await readFile(marker, 'utf8'), content)
    }
  })
}
