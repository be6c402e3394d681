import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSameValue } from '../../test/arbitrary-message.ts'
import { isAoError } from '../base/errors.ts'
import { commitAns104 } from '../codec/ans104/commit.ts'
import { verifyMessage } from '../codec/verify.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Link } from '../message/value.ts'
import { packMessage, unpackMessage } from './packed-message.ts'

test('unpackMessage() gives what packMessage() got: types, nested messages, lists, large values', async () => {
  const message = createMessage({
    ...{ path: '/a/b?c=1', count: 3, flag: true, ratio: 1.5, bytes: Uint8Array.of(0, 255) },
    nested: { deeper: { list: [1, 'two', { three: 3 }] }, empty: {} },
    large: 'x'.repeat(50_000),
    link: new Link('A'.repeat(43)),
  })
  assertSameValue(await unpackMessage(packMessage(message)), message)
})

test('a nested signed message still verifies', async () => {
  const wallet = await generateWallet('ed25519')
  const signed = await commitAns104(createMessage({ target: 'T'.repeat(43), data: 'hi' }), wallet)
  const message = new Message([['body', signed]])
  const body = (await unpackMessage(packMessage(message))).get('body')
  assert.ok(body instanceof Message)
  assert.deepEqual((await verifyMessage(body)).signers, [wallet.address])
})

test('unpackMessage() refuses other bytes', async () => {
  for (const bytes of [Uint8Array.of(1, 2, 3), Uint8Array.of(), Buffer.from('{}')]) {
    await assert.rejects(unpackMessage(bytes), (error) => isAoError(error, 'store-failed'))
  }
})
