import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMessage } from '../../../test/arbitrary-message.ts'
import { anyPlainMessage, outcomeOf } from '../../../test/plain-message.ts'
import { toBytes } from '../../base/bytes.ts'
import { testWallet } from '../../crypto/test-wallet.ts'
import type { Commitment } from '../../message/commitment.ts'
import { committedKeys, withOnlyKeys } from '../../message/committed.ts'
import { createMessage } from '../../message/create-message.ts'
import { linkedTabm } from '../../message/id.ts'
import type { Message } from '../../message/message.ts'
import { hmacCommitment } from '../../message/unsigned-commitment.ts'
import { commitAns104 } from '../ans104/commit.ts'
import { commitHttpsig, commitUnsigned } from './commit.ts'
import { encodeHttpsig } from './encode.ts'
import { encodePlain } from './encode-plain.ts'

/** Asserts that a message has one wire; says whether it is a plain one. */
function hasOneWire(message: Message): boolean {
  const plain = encodePlain(message, 'hyphenated')
  if (plain === undefined) return false
  const { names, values, body } = plain
  assert.deepEqual(encodeHttpsig(message, { labels: 'hyphenated' }), {
    headers: names.map((name, index) => [name, values[index]]),
    ...(body === undefined ? {} : { body: toBytes(body) }),
  })
  return true
}

test('encodePlain() gives the headers and the body of the message, or nothing', () => {
  let plain = 0
  const property = fc.property(fc.oneof(anyMessage, anyPlainMessage), (message) => {
    if (hasOneWire(message)) plain++
    const committed = outcomeOf(() => commitUnsigned(message))
    if (!('code' in committed) && hasOneWire(committed)) plain++
  })
  fc.assert(property, { numRuns: 3_000 })
  assert.ok(plain > 100)
})

/** Asserts that the hmac of a message is that of the keys that it is over. */
function assertSameHmac(message: Message): void {
  const keys = committedKeys(message, { committers: 'all' })
  assert.deepEqual(
    outcomeOf(() => messageHmac(commitUnsigned(message))),
    outcomeOf(() => hmacCommitment(linkedTabm(withOnlyKeys(message, keys)), { keys })),
  )
}

function messageHmac({ commitments }: Message): Commitment {
  const hmac = [...commitments.values()].find(({ type }) => type === 'hmac-sha256')
  assert.ok(hmac)
  return hmac
}

test('encodePlain() gives the signatures of the message, of whichever keys they are', async () => {
  const wallet = testWallet()
  let plain = 0
  const property = fc.asyncProperty(anyPlainMessage, async (message) => {
    for (const commit of [commitAns104, commitHttpsig]) {
      const signed = await commit(message, wallet).catch(() => undefined)
      if (signed === undefined) continue
      if (hasOneWire(signed)) plain++
      hasOneWire(signed.with([['status', 200]]))
      assertSameHmac(signed)
      assertSameHmac(signed.with([['status', 200]]))
      const [first] = signed.keys()
      if (first === undefined) continue
      const hmac = hmacCommitment(linkedTabm(signed), { keys: [first] })
      hasOneWire(signed.withCommitments(new Map([...signed.commitments, [hmac.id, hmac]])))
    }
  })
  await fc.assert(property, { numRuns: 60 })
  assert.ok(plain > 10)
})

test('encodePlain() sends the signature of the commitment, not that of the item beside it', async () => {
  const message = await commitAns104(createMessage({ type: 'Message' }), testWallet())
  const [commitment] = message.commitments.values()
  assert.ok(commitment)
  const signature = Buffer.alloc(512, 7)
  const other = { ...commitment, signature: signature.toString('base64url') }
  const plain = encodePlain(message.withCommitments(new Map([[other.id, other]])), 'hyperbeam')
  const sent = plain?.values[plain.names.indexOf('signature')]
  assert.equal(sent, `comm-${other.id.toLowerCase()}=:${signature.toString('base64')}:`)
})
