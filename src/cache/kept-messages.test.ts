import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signItem, walletA, walletB } from '../../test/node-kit.ts'
import { commitMessage } from '../codec/commit.ts'
import { signersOf } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { messageId } from '../message/id.ts'
import { createCountedStore } from '../store/counted-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createMessageCache } from './cache.ts'
import { LARGE_VALUE_BYTES } from './record.ts'

function open() {
  const counted = { reads: 0 }
  const store = createCountedStore(createMemoryStore(), () => {
    counted.reads++
  })
  return { counted, cache: createMessageCache(store) }
}

test('a signed message that was read is not read again under the id of its signers', async () => {
  const { cache, counted } = open()
  const message = await signItem({ a: 'b' })
  const id = messageId(message, 'all')
  await cache.write(message)
  const first = await cache.read(id)
  const { reads } = counted
  assert.ok(first)
  assert.equal(messageId((await cache.read(id)) ?? first), id)
  assert.equal(await cache.canonicalId(id), id)
  assert.equal(counted.reads, reads)
})

test('what an id without signers names is looked up each time, because it can change', async () => {
  const { cache } = open()
  const unsigned = createMessage({ a: 'b' })
  const id = await cache.write(unsigned)
  assert.deepEqual(signersOf((await cache.readCommitted(id)) ?? unsigned), [])
  for (const wallets of [[walletA], [walletA, walletB]]) {
    let signed = unsigned
    for (const wallet of wallets) {
      signed = await commitMessage(signed, wallet, { device: 'httpsig@1.0' })
    }
    await cache.write(signed)
    const found = (await cache.readCommitted(id)) ?? unsigned
    assert.equal(signersOf(found).length, wallets.length)
    assert.equal(await cache.canonicalId(id), messageId(signed, 'all'))
  }
})

test('messages with large values are not kept in memory', async () => {
  const { cache, counted } = open()
  const message = await signItem({ data: 'x'.repeat(LARGE_VALUE_BYTES + 1) })
  await cache.write(message)
  const id = messageId(message, 'all')
  await cache.read(id)
  const { reads } = counted
  await cache.read(id)
  assert.ok(counted.reads > reads)
})
