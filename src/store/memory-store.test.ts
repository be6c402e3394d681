import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from './memory-store.ts'
import { runStoreSuite } from './store-suite.ts'

runStoreSuite('memory', async () => createMemoryStore())

test('memory: it does not claim to be durable', () => {
  assert.equal(createMemoryStore().isDurable, false)
})
