import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ArweaveSigner, bundleAndSignData, createData } from 'arbundles'
import fc from 'fast-check'
import { readVectorFile } from '../../../test/vectors.ts'
import { type Binary, toBinary, toBytes } from '../../base/bytes.ts'
import { isAoError } from '../../base/errors.ts'
import { generateWallet, walletFromJwk } from '../../crypto/local-wallet.ts'
import { Message } from '../../message/message.ts'
import { formatTyped } from '../../message/typed-notation.ts'
import { Link } from '../../message/value.ts'
import { encodeBundle } from './bundle.ts'
import { createItem, type DataItem, decodeItem, type ItemContent } from './data-item.ts'
import { signedItemId, signItem, unsignedItemId } from './item-signature.ts'
import { itemToMessage } from './item-to-message.ts'
import { messageToItem } from './message-to-item.ts'
import { ORIGINAL_TAGS } from './original-tags.ts'
import { verifyAns104 } from './verify.ts'

const wallet = await generateWallet('ed25519')
const jwk = readVectorFile('wallet') as Record<string, string>

type Tags = readonly (readonly [name: string, value: Binary])[]

function contentOf(tags: Tags, data: Binary = '', fields: Partial<ItemContent> = {}): ItemContent {
  return { ...fields, tags: tags.map(([name, value]) => ({ name, value })), data: toBytes(data) }
}

function itemOf(tags: Tags, data: Binary = '', fields: Partial<ItemContent> = {}): DataItem {
  return createItem(contentOf(tags, data, fields))
}

function decode(tags: Tags, data: Binary = '', fields: Partial<ItemContent> = {}): Message {
  return itemToMessage(itemOf(tags, data, fields))
}

function entriesOf(message: Message): Record<string, unknown> {
  return Object.fromEntries([...message].map(([key, value]) => [key, value]))
}

/** Signs, decodes, and checks that the item comes out the same when only fields have travelled. */
async function signedMessage(
  tags: Tags,
  data: Binary = '',
  fields: Partial<ItemContent> = {},
): Promise<Message> {
  const item = await signItem(contentOf(tags, data, fields), wallet)
  const message = itemToMessage(item)
  const [commitment] = message.commitments.values()
  assert.ok(commitment !== undefined)
  const { wire: _, ...travelled } = commitment
  const received = message.withCommitments(new Map([[commitment.id, travelled]]))
  assert.ok(await verifyAns104(message, commitment))
  assert.ok(await verifyAns104(received, travelled))
  assert.deepEqual(messageToItem(received).bytes, item.bytes)
  return message
}

const BUNDLE: Tags = [
  ['bundle-format', 'binary'],
  ['bundle-version', '2.0.0'],
]

describe('itemToMessage()', () => {
  it('takes the keys in lower case, a repeated name as a list, and data under its key', () => {
    assert.deepEqual(
      entriesOf(
        decode(
          [
            ['Action', 'Eval'],
            ['ÀΣ', 'x'],
          ],
          'hi',
        ),
      ),
      {
        data: 'hi',
        action: 'Eval',
        àσ: 'x',
      },
    )
    assert.deepEqual(
      entriesOf(
        decode([
          ['a', '1'],
          ['A', 'say "2"\\'],
        ]),
      ),
      { a: '"1", "say \\"2\\"\\\\"' },
    )
    assert.deepEqual(entriesOf(decode([['ao-data-key', 'body']], 'hi')), { body: 'hi' })
  })

  it('keeps bytes that are no text as bytes', () => {
    const message = decode(
      [
        ['a', Buffer.of(0xff, 0x22)],
        ['a', 'b'],
      ],
      Buffer.of(0xfe),
    )
    assert.deepEqual(message.get('data'), Buffer.of(0xfe))
    assert.deepEqual(
      message.get('a'),
      Buffer.concat([Buffer.of(0x22, 0xff, 0x5c, 0x22, 0x22), Buffer.from(', "b"')]),
    )
  })

  it('gives typed values, links and lists', () => {
    const message = decode([
      ['Slot', '5'],
      ['ao-types', 'SLOT=integer'],
      ['next+link', 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA'],
    ])
    assert.equal(message.get('slot'), 5)
    assert.ok(message.get('next') instanceof Link)
  })

  it('puts the data before a field, and a field before a tag of the same name', async () => {
    const target = Buffer.alloc(32, 1)
    const message = await signedMessage(
      [
        ['target', 'tag'],
        ['Anchor', 'tag'],
      ],
      'hi',
      { target, anchor: target },
    )
    const id = target.toString('base64url')
    assert.deepEqual(entriesOf(message), { data: 'hi', target: id, anchor: id })
  })

  it('lists committed keys: data, tags in their order, then fields', async () => {
    const fields = { target: Buffer.alloc(32, 1), anchor: Buffer.alloc(32, 2) }
    const message = await signedMessage(
      [
        ['z', '1'],
        ['B', '2'],
      ],
      'hi',
      fields,
    )
    const [commitment] = message.commitments.values()
    assert.deepEqual(commitment?.committed, ['data', 'z', 'b', 'anchor', 'target'])
    assert.equal(commitment?.fields.get('bundle'), 'false')
    assert.equal(commitment?.fields.get('field-target'), fields.target.toString('base64url'))
    assert.equal(commitment?.type, 'ed25519-sha512')
    assert.equal(commitment?.committer, wallet.address)
  })

  it('gives an Ethereum signer its checksummed address', async () => {
    const ethereum = await generateWallet('secp256k1')
    const message = itemToMessage(await signItem(contentOf([['a', 'b']]), ethereum))
    const [commitment] = message.commitments.values()
    assert.equal(commitment?.type, 'ethereum')
    assert.equal(commitment?.committer, ethereum.address)
    assert.match(ethereum.address, /^0x[0-9a-fA-F]{40}$/)
    assert.ok(commitment !== undefined && (await verifyAns104(message, commitment)))
  })

  it('commits to an unsigned item only where its tags would be lost', () => {
    assert.equal(decode([['a', '1']]).commitments.size, 0)
    const [commitment] = decode([['A', '1']]).commitments.values()
    assert.equal(commitment?.type, 'unsigned-sha256')
    assert.equal(commitment?.id, unsignedItemId(itemOf([['A', '1']])))
    assert.equal(commitment?.committer, undefined)
  })

  it('takes only the exact tag ao-type: binary as the mark of a bare binary', async () => {
    assert.throws(() => decode([['ao-type', 'binary']], 'x'), { code: 'invalid-message' })
    for (const tag of [
      ['Ao-Type', 'binary'],
      ['ao-type', 'text'],
    ] as const) {
      assert.equal((await signedMessage([tag], 'x')).get('ao-type'), tag[1])
    }
  })

  it('refuses tags with the names of reserved keys', () => {
    for (const name of ['commitments', 'Commitments', 'priv', 'Private', 'priv-x']) {
      assert.throws(() => decode([[name, 'x']]), { code: 'invalid-key' })
    }
    assert.throws(() => decode([['ao-data-key', 'priv']], 'x'), { code: 'invalid-key' })
  })

  it('refuses typed tags that are not of their type', () => {
    assert.throws(
      () =>
        decode([
          ['a', 'x'],
          ['ao-types', 'a="integer"'],
        ]),
      {
        code: 'invalid-encoding',
      },
    )
    assert.throws(() => decode([['ao-types', '=']]), { code: 'invalid-encoding' })
  })

  it('throws nothing but AoError for tags of any names and values', () => {
    const name = fc.oneof(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.constantFrom(
        'ao-types',
        'ao-type',
        'ao-data-key',
        'a+link',
        'a',
        ...BUNDLE.map(([tag]) => tag),
      ),
    )
    const value = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('binary', '2.0.0', 'a="integer"', '.="list"', 'data', 'priv'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), fc.string(), (tags, data) => {
        try {
          decode(tags, data)
        } catch (error) {
          assert.ok(isAoError(error), String(error))
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('items whose tags cannot be told from the message keep them', () => {
  const cases: Record<string, [tags: Tags, data?: string]> = {
    'names with capitals': [[['Action', 'Eval']]],
    'unsorted names': [
      [
        ['b', '1'],
        ['a', '2'],
      ],
      'data',
    ],
    'a repeated name': [
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    'names that differ in case': [
      [
        ['A', '1'],
        ['a', '2'],
      ],
    ],
    'a data key without data': [[['ao-data-key', 'body']]],
    'another data key than body': [[['ao-data-key', 'content']], 'hi'],
    'a data key that is said to be data': [[['ao-data-key', 'data']], 'hi'],
    'a tag body without data': [[['body', 'hi']]],
    'types in another form': [
      [
        ['a', '1'],
        ['ao-types', 'a=integer'],
      ],
    ],
    'types of absent keys': [[['ao-types', 'b="integer"']]],
    'a typed value in another form': [
      [
        ['a', '1.5'],
        ['ao-types', 'a="float"'],
      ],
    ],
    'an integer with a zero in front': [
      [
        ['a', '007'],
        ['ao-types', 'a="integer"'],
      ],
    ],
    'a list in one text': [
      [
        ['a', '"x", "y"'],
        ['ao-types', 'a="list"'],
      ],
    ],
  }
  for (const [name, [tags, data]] of Object.entries(cases)) {
    it(name, async () => {
      const [commitment] = (await signedMessage(tags, data)).commitments.values()
      assert.ok(commitment?.fields.has(ORIGINAL_TAGS))
    })
  }

  it('while sorted names in lower case are left to be told', async () => {
    const tags: Tags = [
      ['a', '1'],
      ['a-b', '2'],
      ['a-c+link', 'x'.repeat(43)],
      ['b', ''],
    ]
    const [commitment] = (await signedMessage(tags, 'data')).commitments.values()
    assert.ok(!commitment?.fields.has(ORIGINAL_TAGS))
  })
})

describe('bundles of items', () => {
  it('reads a list that arbundles made, with signed items, and writes it again', async () => {
    const signer = new ArweaveSigner(jwk as never)
    const items = ['one', 'two'].map((data) => {
      return createData(data, signer, { tags: [{ name: 'Name', value: data }] })
    })
    const bundle = await bundleAndSignData(items, signer)
    const tags: Tags = [
      ['Bundle-Format', 'Binary'],
      ['Bundle-Version', '2.0.0'],
    ]
    const message = await signedMessage(tags, bundle.getRaw())
    assert.deepEqual([...message.keys()], ['1', '2'])
    for (const [index, item] of items.entries()) {
      const child = message.get(`${index + 1}`)
      assert.ok(child instanceof Message)
      const [commitment] = child.commitments.values()
      assert.ok(commitment !== undefined && (await verifyAns104(child, commitment)))
      assert.equal(commitment.id, item.id)
      assert.equal(commitment.committer, walletFromJwk(jwk).address)
    }
  })

  it('reads data that is no bundle as plain data', async () => {
    const entry = { id: new Uint8Array(32), item: itemOf([['a', 'b']]).bytes }
    const good = encodeBundle([entry])
    const notBundles = [
      'no bundle',
      good.subarray(0, -1),
      Buffer.concat([good, Buffer.of(0)]),
      encodeBundle([{ ...entry, item: new Uint8Array(9) }]),
      Buffer.concat([Buffer.alloc(31, 0xff), Buffer.of(0x7f)]),
    ]
    for (const data of notBundles) {
      const message = await signedMessage(BUNDLE, toBinary(toBytes(data)))
      assert.deepEqual(message.get('data'), toBinary(toBytes(data)))
    }
    assert.equal((await signedMessage(BUNDLE)).size, 0)
    assert.equal(decode(BUNDLE, good).get('1') instanceof Message, true)
  })

  function mapBundle(manifestOf: (id: string) => string): Message {
    const child = itemOf([['a', 'b']])
    const manifest = itemOf([], manifestOf(unsignedItemId(child)))
    const data = encodeBundle(
      [manifest, child].map(({ bytes }) => ({ id: new Uint8Array(32), item: bytes })),
    )
    return decode([...BUNDLE, ['bundle-map', unsignedItemId(manifest)]], toBinary(data))
  }

  it('finds the items of a map by their content, whatever ids the header has', () => {
    const message = mapBundle((id) => JSON.stringify({ 'b/ä': id }))
    assert.deepEqual(formatTyped(message), {
      t: 'map',
      v: { 'b/ä': { t: 'map', v: { a: { t: 'bin', v: 'b' } } } },
    })
  })

  it('reads a map that names one item twice, or none, or is no manifest, as plain data', () => {
    for (const manifest of [
      (id: string) => JSON.stringify({ a: id, b: id }),
      () => JSON.stringify({ a: 'x'.repeat(43) }),
      () => '{"a":1}',
      () => 'null',
      () => '{',
    ]) {
      assert.deepEqual([...mapBundle(manifest).keys()], ['data'])
    }
  })

  it('throws nothing but AoError for a bundle that is changed anywhere', () => {
    const whole = nest(nest(itemOf([['a', 'b']], 'data')))
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 255 }), fc.nat(), (at, byte, cut) => {
        const bytes = Buffer.from(whole.bytes)
        bytes[1026 + (at % (bytes.length - 1026))] = byte
        try {
          itemToMessage(decodeItem(cut % 3 === 0 ? bytes.subarray(0, -(cut % 50) - 1) : bytes))
        } catch (error) {
          assert.ok(isAoError(error), String(error))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

function nest(item: DataItem): DataItem {
  const id = Buffer.from(signedItemId(item), 'base64url')
  return itemOf(BUNDLE, encodeBundle([{ id, item: item.bytes }]))
}
