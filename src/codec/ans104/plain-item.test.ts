import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { assertSameValue } from '../../../test/arbitrary-message.ts'
import { generateWallet } from '../../crypto/local-wallet.ts'
import { createMessage } from '../../message/create-message.ts'
import { Message } from '../../message/message.ts'
import { Atom, Float, Link, type Value } from '../../message/value.ts'
import { verifyMessage } from '../verify.ts'
import { commitAns104 } from './commit.ts'
import { decodeItem } from './data-item.ts'
import { itemToMessage } from './item-to-message.ts'
import { plainItemOf } from './plain-item.ts'

const wallet = await generateWallet('ed25519')

const plainKey = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/),
  fc.constantFrom('target', 'anchor', 'data', 'body', 'ao-type', 'ao-data-key', 'Key', '.', 'a%b'),
)
const nested = fc.constantFrom(
  createMessage({ a: 1 }),
  createMessage({}),
  ['x', 1] as const,
  [] as const,
)
const plainValue: fc.Arbitrary<Value> = fc.oneof(
  fc.string(),
  fc.uint8Array({ maxLength: 4 }),
  fc.integer(),
  fc.constantFrom<Value>(
    ...[-0, 5n, new Float(1), new Atom('true'), new Atom('"a"'), 'A'.repeat(43)],
    ...[new Link('A'.repeat(43)), new Link('')],
  ),
  nested,
)
const message = fc
  .array(fc.tuple(plainKey, plainValue), { minLength: 1, maxLength: 6 })
  .map((entries) => new Message<Value>(entries))

function itemOf(committed: Message) {
  const [commitment] = committed.commitments.values()
  assert.ok(commitment?.wire?.kind === 'ans104')
  return decodeItem(commitment.wire.item)
}

describe('plainItemOf()', () => {
  it('gives what reading the item gives', async () => {
    await fc.assert(
      fc.asyncProperty(message, async (given) => {
        let committed: Message
        try {
          committed = await commitAns104(given, wallet)
        } catch {
          return // Not every message is an item.
        }
        const read = itemToMessage(itemOf(committed))
        assertSameValue(committed, read)
        assert.deepEqual([...committed.keys()], [...read.keys()])
        assert.deepEqual([...committed.commitments], [...read.commitments])
      }),
      { numRuns: 2_000 },
    )
  })

  it('knows the item of an assignment', () => {
    const assignment = createMessage({ body: { data: 'x' }, slot: 1, type: 'Assignment' })
    assert.ok(plainItemOf(assignment))
  })

  it('can leave nested messages where they are, behind all other keys', async () => {
    const body = createMessage({ data: 'x' })
    for (const others of [{ slot: 1 }, { slot: 1, data: 'not plain' }]) {
      const given = createMessage({ body, ...others })
      const linked = await commitAns104(given, wallet)
      const kept = await commitAns104(given, wallet, { keepNested: true })
      assert.equal(kept.get('body'), body)
      assert.deepEqual([...kept.keys()], [...linked.without('body').keys(), 'body'])
      assert.deepEqual([...kept.commitments.keys()], [...linked.commitments.keys()])
      assert.ok((await verifyMessage(kept)).valid)
    }
  })
})
