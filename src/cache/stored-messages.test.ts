import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMessage, assertSameValue } from '../../test/arbitrary-message.ts'
import { type ErrorCode, isAoError } from '../base/errors.ts'
import { commitMessage } from '../codec/commit.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import { createCountedStore } from '../store/counted-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createMessageCache } from './cache.ts'
import { prepareMessage } from './prepare.ts'
import { encodeRecord, LARGE_VALUE_BYTES } from './record.ts'
import { createStoredReader } from './stored-messages.ts'

async function storeWith(...messages: readonly Message[]) {
  const store = createMemoryStore()
  const prepared = messages.map((message) => prepareMessage(message))
  for (const { writes } of prepared) await store.commit(writes)
  const cache = createMessageCache(store)
  const loaded = async (id: string): Promise<Message> => {
    const message = await cache.readCommitted(id)
    assert.ok(message)
    return cache.loadAll(message)
  }
  return { store, loaded, ids: prepared.map(({ id }) => id), readStored: createStoredReader(store) }
}

test('readStored() gives what reading and loading each by itself gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMessage, { minLength: 1, maxLength: 3 }), async (messages) => {
      const { ids, loaded, readStored } = await storeWith(...messages)
      for (const [index, stored] of (await readStored(ids)).entries()) {
        const expected = await loaded(ids[index] ?? '')
        assert.ok(stored)
        assertSameValue(stored.message(), expected)
        const ofCommitments = (message: Message) => [...message.commitments.values()]
        assert.deepEqual(ofCommitments(stored.message()), ofCommitments(expected))
      }
    }),
  )
})

test('readStored() loads what items link to, whatever the case of the tag', async () => {
  const wallet = await generateWallet('ed25519')
  const target = createMessage({ deep: { a: 'b' } })
  const { ids } = await storeWith(target)
  const [id = ''] = ids
  for (const name of ['nested+link', 'nested+LINK', 'nested+lin\u212A']) {
    const item = await commitMessage(createMessage({ [name]: id }), wallet, {
      device: 'ans104@1.0',
    })
    const both = await storeWith(target, item)
    const [, stored] = await both.readStored(both.ids)
    assert.ok(stored)
    assertSameValue(stored.message(), await both.loaded(both.ids[1] ?? ''))
  }
})

test('readStored() counts the bytes of all that a message holds, large values too', async () => {
  const { ids, readStored } = await storeWith(
    createMessage({ large: 'x'.repeat(LARGE_VALUE_BYTES + 1), nested: { y: 'y'.repeat(5_000) } }),
    createMessage({ small: 'x' }),
  )
  const [large, small] = await readStored(ids)
  assert.ok(large && large.bytes > LARGE_VALUE_BYTES + 5_000 && large.bytes < 30_000)
  assert.ok(small && small.bytes < 1_000)
})

test('readStored() reads each record once, in two calls for messages of two levels', async () => {
  const shared = createMessage({ same: 'in all' })
  const messages = [1, 2, 3].map(
    (n) => new Message<Value>([['n', n] as const, ['shared', shared] as const]),
  )
  const { store, ids } = await storeWith(...messages)
  let [calls, values] = [0, 0]
  const counted = createCountedStore(store, () => values++)
  const readStored = createStoredReader({
    ...counted,
    getMany: (paths) => {
      calls++
      return counted.getMany(paths)
    },
  })
  assert.equal((await readStored(ids)).length, 3)
  assert.deepEqual([calls, values], [2, 4])
})

test('readStored() has no message for ids that are not stored or could be paths', async () => {
  const { ids, readStored } = await storeWith(createMessage({ a: 'b' }))
  const unknown = ['A'.repeat(43), '../a', '', `${'A'.repeat(40)}/..`]
  const [known, ...others] = await readStored([ids[0] ?? '', ...unknown])
  assert.ok(known)
  assert.deepEqual(others, [undefined, undefined, undefined, undefined])
})

test('readStored() refuses links that lead nowhere, are too many, or go in a circle', async () => {
  const store = createMemoryStore()
  const readStored = createStoredReader(store)
  const id = (letter: string): string => letter.repeat(43)
  const put = (letter: string, to: string, links = 1): Promise<void> => {
    const keys = Array.from({ length: links }, (_, n) => [`k${n}`, new Link(id(to))] as const)
    const value = encodeRecord(new Message(keys)).bytes
    return store.commit([{ kind: 'value', path: `messages/${id(letter)}`, value }])
  }
  const refuses = (letter: string, code: ErrorCode) =>
    assert.rejects(readStored([id(letter)]), (error) => isAoError(error, code))
  await put('A', 'X')
  await refuses('A', 'link-not-found')
  await put('C', 'B')
  await put('B', 'C')
  await refuses('B', 'limit-exceeded')
  await put('D', 'E', 101)
  await put('E', 'F', 101)
  const end = encodeRecord(createMessage({ end: 'here' })).bytes
  await store.commit([{ kind: 'value', path: `messages/${id('F')}`, value: end }])
  assert.equal((await readStored([id('E')]))[0]?.message().size, 101)
  await refuses('D', 'limit-exceeded')
})
