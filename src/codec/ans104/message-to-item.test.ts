import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compareText, toText } from '../../base/bytes.ts'
import { generateWallet } from '../../crypto/local-wallet.ts'
import { createMessage } from '../../message/create-message.ts'
import { unsignedId } from '../../message/id.ts'
import { Message } from '../../message/message.ts'
import { formatTyped } from '../../message/typed-notation.ts'
import { Atom, Float, type Value } from '../../message/value.ts'
import { commitHttpsig } from '../httpsig/httpsig.ts'
import { decodeAns104, encodeAns104 } from './ans104.ts'
import { commitAns104 } from './commit.ts'
import { unsignedItemId } from './item-signature.ts'
import { MAX_ITEM_DEPTH } from './item-to-message.ts'
import { type MessageToItemOptions, messageToItem } from './message-to-item.ts'
import { readNestedItems } from './nested-items.ts'
import { verifyAns104 } from './verify.ts'

const wallet = await generateWallet('ed25519')

function tagsOf(input: Record<string, unknown>, options: MessageToItemOptions = {}): string[] {
  const { tags } = messageToItem(createMessage(input), options)
  return tags.map(({ name, value }) => `${name}: ${value}`)
}

function dataOf(input: Record<string, unknown>): string | undefined {
  return toText(messageToItem(createMessage(input)).data)
}

const id = 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA'

describe('messageToItem()', () => {
  it('makes the bundle of the worked example', () => {
    const item = messageToItem(createMessage({ k: 'v', n: { x: '1' } }), { bundle: true })
    assert.equal(item.bytes.length, 3493)
    assert.equal(item.data.length, 2346)
    assert.equal(unsignedItemId(item), 'HhA-MhLNbyncxT-G2RZcFl1GQ87huO-DxtrGilfMgPo')
    assert.deepEqual(
      item.tags.map(({ value }) => value),
      ['binary', '2.0.0', '4YjtkLP4NZtvnB_CJ23WeL0o-Gtu4uTh-WZW_eLsB3k', 'v'],
    )
    const child = readNestedItems(item)?.get('n')
    assert.equal(child && unsignedItemId(child), 'aybTIT6zaHPPBWIxjM9Ia8Mb-XjHj3va6Y81Lfws_0I')
  })

  it('sorts the tags, links nested messages, and puts data or else body into the data', () => {
    assert.deepEqual(tagsOf({ b: 'x', a: 1, data: 'd', body: 'y' }), [
      'a: 1',
      'ao-types: a="integer"',
      'b: x',
      'body: y',
    ])
    assert.equal(dataOf({ data: 'd', body: 'y' }), 'd')
    assert.deepEqual(tagsOf({ body: 'y', a: 'x' }), ['ao-data-key: body', 'a: x'])
    assert.equal(dataOf({ body: 'y' }), 'y')
    assert.deepEqual(tagsOf({ a: {} }), [`a+link: ${unsignedId(createMessage({}))}`])
  })

  it('takes ao-data-key of the message, and writes it once', () => {
    assert.deepEqual(tagsOf({ 'ao-data-key': 'x', x: 'y', z: '1' }), ['ao-data-key: x', 'z: 1'])
    assert.equal(dataOf({ 'ao-data-key': 'x', x: 'y' }), 'y')
  })

  it('puts a target and anchor into the fields if they are ids, else into tags', () => {
    const { target, anchor, tags } = messageToItem(createMessage({ target: id, anchor: `${id}=` }))
    assert.equal(target && Buffer.from(target).toString('base64url'), id)
    assert.deepEqual(anchor, target)
    assert.deepEqual(tags, [])
    const address = '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23'
    for (const text of [address, 'x'.repeat(56), 'not an id', '']) {
      assert.deepEqual(tagsOf({ target: text, anchor: text }), [
        `anchor: ${text}`,
        `target: ${text}`,
      ])
    }
  })

  it('makes nested items of values and keys that no tag can hold', () => {
    const long = 'k'.repeat(1025)
    const input = { big: 'x'.repeat(3073), fits: 'x'.repeat(3072), [long]: 'v', data: 'd' }
    const item = messageToItem(createMessage(input))
    assert.deepEqual([...(readNestedItems(item)?.keys() ?? [])], ['big', 'data', long])
    assert.deepEqual(formatTyped(decodeAns104(item.bytes)), formatTyped(createMessage(input)))
  })

  it('names what it cannot hold', () => {
    const many = Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`k${i}`, 'v']))
    for (const input of [many, { target: 'x'.repeat(3073) }, { '': 'x' }]) {
      assert.throws(() => messageToItem(createMessage(input)), { code: 'unencodable' })
    }
    for (const target of [{}, ['x']]) {
      const message = createMessage({ target })
      assert.throws(() => messageToItem(message, { bundle: true }), { code: 'unencodable' })
      assert.ok(messageToItem(message))
    }
  })

  it('refuses more levels than it reads', () => {
    let message = createMessage({ a: 'b' })
    for (let level = 0; level < MAX_ITEM_DEPTH; level++) message = new Message([['n', message]])
    const bytes = encodeAns104(message, { bundle: true })
    assert.ok(decodeAns104(bytes).get('n') instanceof Message)
    const deeper = new Message([['n', message]])
    assert.throws(() => messageToItem(deeper, { bundle: true }), { code: 'unencodable' })
  })

  it('sorts a map of over 32 nested items', () => {
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`)
    const message = createMessage(Object.fromEntries(keys.map((key) => [key, { key }])))
    const item = messageToItem(message, { bundle: true })
    const nested = readNestedItems(item)
    assert.deepEqual([...(nested?.keys() ?? [])], keys.sort(compareText))
    assert.deepEqual(formatTyped(decodeAns104(item.bytes)), formatTyped(message))
  })

  it('escapes control characters in the manifest as Erlang does', () => {
    const message = createMessage({ '\u001f"\\\u001f\n/\u007f': {} })
    const { data } = messageToItem(message, { bundle: true })
    assert.ok(Buffer.from(data).includes('{"\\u001F\\"\\\\\\u001F\\n/\u007f":"'))
    assert.deepEqual(
      formatTyped(decodeAns104(encodeAns104(message, { bundle: true }))),
      formatTyped(message),
    )
  })

  it('leaves httpsig commitments of nested messages out, and keeps those of items', async () => {
    const signed = await commitHttpsig(createMessage({ a: 'b' }), wallet)
    const item = await commitAns104(createMessage({ Action: 'b' }), wallet)
    const bytes = encodeAns104(
      new Message([
        ['s', signed],
        ['i', item],
      ]),
      { bundle: true },
    )
    const decoded = decodeAns104(bytes)
    const [s, i] = [decoded.get('s'), decoded.get('i')]
    assert.ok(s instanceof Message && i instanceof Message)
    assert.equal(s.commitments.size, 0)
    const [commitment] = i.commitments.values()
    assert.ok(commitment !== undefined && (await verifyAns104(i, commitment)))
    assert.deepEqual([...i.commitments.keys()], [...item.commitments.keys()])
  })

  it('refuses to choose between two items', async () => {
    const message = createMessage({ a: 'b' })
    const [one, two] = [
      await commitAns104(message, wallet),
      await commitAns104(message, await generateWallet('ed25519')),
    ]
    const both = message.withCommitments(new Map([...one.commitments, ...two.commitments]))
    assert.throws(() => messageToItem(both), { code: 'unencodable' })
    for (const commitment of both.commitments.values())
      assert.ok(await verifyAns104(both, commitment))
  })
})

const key = fc
  .string({
    unit: fc.constantFrom('a', 'b', '-', '1', 'é', '日', '+', ' '),
    minLength: 1,
    maxLength: 4,
  })
  .filter((name) => !name.endsWith('+link'))
const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 10 }),
  fc.constant('x'.repeat(4000)),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => new Float(number)),
  fc.constantFrom(Atom.true, Atom.null, new Atom('ok')),
)
const { message: anyMessage } = fc.letrec<{ value: Value; message: Message }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('message'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  message: fc
    .uniqueArray(fc.tuple(fc.oneof(key, fc.constantFrom('data', 'body')), tie('value')), {
      maxLength: 5,
      selector: ([name]) => name,
    })
    .map((entries) => new Message(entries)),
}))

describe('any message', () => {
  it('comes back from an item as it was, inline or with the same links', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const inline = decodeAns104(encodeAns104(message, { bundle: true }))
        const linked = decodeAns104(encodeAns104(message))
        // An item cannot tell an empty body, as its data, from none.
        if (hasEmptyData(message)) return
        assert.deepEqual(formatTyped(withoutCommitments(inline)), formatTyped(message))
        assert.equal(unsignedId(linked), unsignedId(message))
      }),
      { numRuns: 300 },
    )
  })

  it('is signed so that it verifies, and not when any key is changed', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, fc.boolean(), async (message, bundle) => {
        const committed = await commitAns104(message, wallet, { bundle })
        const [commitment] = committed.commitments.values()
        assert.ok(commitment !== undefined)
        const { wire: _, ...travelled } = commitment
        for (const received of [commitment, travelled]) {
          assert.ok(await verifyAns104(committed, received))
          for (const name of committed.keys()) {
            const value = committed.get(name) === '1' ? '2' : '1'
            assert.ok(!(await verifyAns104(committed.with([[name, value]]), received)))
            assert.ok(!(await verifyAns104(committed.without(name), received)))
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

function hasEmptyData(value: Value): boolean {
  if (Array.isArray(value)) return value.some(hasEmptyData)
  if (!(value instanceof Message)) return false
  if (value.get('body') === '' || value.get('data') === '') return true
  return [...value].some(([, nested]) => hasEmptyData(nested))
}

function withoutCommitments(value: Message): Message {
  const entries = [...value].map(([name, nested]): [string, Value] => [name, bare(nested)])
  return new Message(entries)
}

function bare(value: Value): Value {
  if (Array.isArray(value)) return value.map(bare)
  return value instanceof Message ? withoutCommitments(value) : value
}
