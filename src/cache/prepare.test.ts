import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitMessage } from '../codec/commit.ts'
import { verifyMessage } from '../codec/verify.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createMessageCache } from './cache.ts'
import { prepareMessage } from './prepare.ts'

test('an empty message inside of a signed bundle is the same after it was stored', async () => {
  const message = await commitMessage(
    createMessage({ k: 'v', empty: {}, list: [] }),
    testWallet(),
    {
      device: 'httpsig@1.0',
      bundle: true,
    },
  )
  const store = createMemoryStore()
  const { id, writes } = prepareMessage(message)
  await store.commit(writes)
  const cache = createMessageCache(store)
  const stored = await cache.readCommitted(id)
  assert.ok(stored)
  assert.equal((await verifyMessage(await cache.loadAll(stored))).valid, true)
})
