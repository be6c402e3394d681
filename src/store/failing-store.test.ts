import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { createFailingStore, diskFull } from './failing-store.ts'
import { createMemoryStore } from './memory-store.ts'
import { runStoreSuite } from './store-suite.ts'
import { text, value } from './suite-kit.ts'

runStoreSuite('failing without a failure', async () => createFailingStore(createMemoryStore(), {}))

test('failing: the chosen commit fails, before it is written or after', async () => {
  const store = createFailingStore(createMemoryStore(), {
    beforeCommit: (_, nth) => {
      if (nth === 2) throw diskFull()
    },
    afterCommit: (_, nth) => {
      if (nth === 3) throw diskFull()
    },
  })
  const failed = (error: unknown): boolean => isAoError(error, 'store-failed')
  await store.commit([value('a')])
  await assert.rejects(store.commit([value('b')]), failed)
  await assert.rejects(store.commit([value('c')]), failed)
  await store.commit([value('d')])
  assert.deepEqual(await store.list(''), ['a', 'c', 'd'])
})

test('failing: the chosen read fails, the next one does not', async () => {
  const store = createFailingStore(createMemoryStore(), {
    beforeRead: ([path], nth) => {
      if (path === 'a' && nth === 1) throw diskFull()
    },
  })
  await store.commit([value('a')])
  await assert.rejects(store.get('a'), (error) => isAoError(error, 'store-failed'))
  assert.equal(text(await store.get('a')), 'a')
})
