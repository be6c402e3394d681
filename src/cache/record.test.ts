import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Packr } from 'msgpackr'
import { assertSameValue } from '../../test/arbitrary-message.ts'
import { commitAns104 } from '../codec/ans104/commit.ts'
import { commitUnsigned } from '../codec/httpsig/httpsig.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import type { Commitment, CommitmentWire } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { prepareMessage } from './prepare.ts'
import { decodeRecord, encodeRecord, LARGE_VALUE_BYTES } from './record.ts'

/** A message with a commitment that keeps what it was received as. */
function received(wire: CommitmentWire): Message {
  const message = commitUnsigned(createMessage({ a: '1' }))
  const commitments = new Map<string, Commitment>()
  for (const [id, commitment] of message.commitments) commitments.set(id, { ...commitment, wire })
  return message.withCommitments(commitments)
}

for (const length of [10, LARGE_VALUE_BYTES + 1]) {
  test(`a record keeps a signed body of ${length} bytes that its message cannot make`, async () => {
    const wire = {
      kind: 'httpsig',
      base: Buffer.from('base'),
      body: Buffer.alloc(length, 7),
    } as const
    const { bytes, large } = encodeRecord(received(wire))
    const stored = new Map(large.map((value) => [value.hash, value.bytes]))
    const decoded = await decodeRecord(bytes, async (hash) => stored.get(hash))
    assert.ok(decoded instanceof Message)
    const [commitment] = decoded.commitments.values()
    assert.ok(commitment?.wire?.kind === 'httpsig')
    assert.deepEqual(Buffer.from(commitment.wire.base), wire.base)
    assert.deepEqual(Buffer.from(commitment.wire.body ?? []), wire.body)
  })
}

for (const length of [
  0,
  1,
  100,
  255,
  256,
  300,
  4_000,
  LARGE_VALUE_BYTES - 600,
  LARGE_VALUE_BYTES,
]) {
  test(`the record of an item with ${length} bytes of data has the bytes that MessagePack gives`, async () => {
    const packr = new Packr({ useRecords: false, variableMapSize: true })
    for (const keys of [{}, { a: '1' }, { ü: 'ü', n: 1, b: true }, manyKeys(15), manyKeys(100)]) {
      const message = createMessage({ type: 'Message', data: 'd'.repeat(length), ...keys })
      const { message: prepared } = prepareMessage(await commitAns104(message, testWallet()))
      const { bytes, large } = encodeRecord(prepared)
      assert.deepEqual(Buffer.from(packr.pack(packr.unpack(bytes))), Buffer.from(bytes))
      const stored = new Map(large.map((value) => [value.hash, value.bytes]))
      const decoded = await decodeRecord(bytes, async (hash) => stored.get(hash))
      assertSameValue(decoded, prepared)
      assert.deepEqual(
        decoded instanceof Message && [...decoded.commitments.keys()].sort(),
        [...prepared.commitments.keys()].sort(),
      )
    }
  })
}

function manyKeys(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, 'v']))
}
