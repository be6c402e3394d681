import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyKey, anyMessage, anyScalar, assertSameValue } from '../../test/arbitrary-message.ts'
import { isAoError } from '../base/errors.ts'
import { commitMessage } from '../codec/commit.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Float, Link } from '../message/value.ts'
import { isWholeState, packState, unpackState } from './state-pack.ts'

test('a state that is read is the one that was written, keys in their order', async () => {
  await fc.assert(
    fc.asyncProperty(anyMessage, async (state) => {
      const bytes = packState(state)
      assert.ok(isWholeState(bytes))
      const read = await unpackState(bytes)
      assertSameValue(read, state)
      assert.deepEqual([...read.keys()], [...state.keys()])
    }),
  )
})

test('changes since the state before give the state, however keys come and go', async () => {
  const changes = fc.array(fc.tuple(anyKey, fc.option(fc.oneof(anyScalar, anyMessage))))
  await fc.assert(
    fc.asyncProperty(anyMessage, changes, async (before, steps) => {
      let state = before
      for (const [key, value] of steps) {
        state = value === null ? state.without(key) : state.with([[key, value]])
      }
      const nested = new Message([['outer', state]])
      const bytes = packState(nested, new Message([['outer', before]]))
      assert.equal(isWholeState(bytes), false)
      const read = await unpackState(bytes, new Message([['outer', before]]))
      assertSameValue(read, nested)
      const inner = read.get('outer')
      assert.ok(inner instanceof Message)
      assert.deepEqual([...inner.keys()], [...state.keys()])
    }),
  )
})

test('a float keeps its sign where it is zero', async () => {
  const read = await unpackState(packState(new Message([['zero', new Float(-0)]])))
  assert.deepEqual(read.get('zero'), new Float(-0))
})

test('of a large state only what changed is written', () => {
  const balances = createMessage(
    Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`account-${n}`, n])),
  )
  const before = new Message([['balances', balances]])
  const after = before.with([['balances', balances.with([['account-7', 70]])]])
  assert.ok(packState(after).length > 100_000)
  assert.ok(packState(after, before).length < 100)
})

test('signed messages in a state keep their signatures, links stay links', async () => {
  const signed = await commitMessage(createMessage({ a: '1', n: { b: 2 } }), testWallet(), {
    device: 'httpsig@1.0',
  })
  const link = new Link('A'.repeat(43), { type: 'integer', lazy: true })
  const state = new Message<Message | Link>([
    ['process', signed],
    ['elsewhere', link],
  ]) as Message
  const read = await unpackState(packState(state))
  assertSameValue(read, state)
  const process = read.get('process')
  assert.ok(process instanceof Message)
  assert.deepEqual([...process.commitments.keys()], [...signed.commitments.keys()])
  assert.deepEqual(read.get('elsewhere'), link)
})

test('other bytes, and changes without the state before, are refused', async () => {
  const state = createMessage({ a: '1' })
  const changes = packState(state.with([['a', '2']]), state)
  for (const bytes of [Buffer.from('x'), Buffer.from([0x91, 7]), changes]) {
    await assert.rejects((async () => unpackState(bytes))(), (error) =>
      isAoError(error, 'store-failed'),
    )
  }
})
