import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitUnsigned } from '../codec/httpsig/httpsig.ts'
import type { Commitment, CommitmentWire } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
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
