import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import {
  DataItem as ArbundlesItem,
  ArweaveSigner,
  createData,
  EthereumSigner,
  SolanaSigner,
} from 'arbundles'
import fc from 'fast-check'
import { readVectorFile } from '../../../test/vectors.ts'
import { isAoError } from '../../base/errors.ts'
import { decodeBase64 } from '../../crypto/base64url.ts'
import { generateWallet, walletFromJwk, walletToJwk } from '../../crypto/local-wallet.ts'
import type { Wallet } from '../../crypto/wallet.ts'
import { createItem, type DataItem, decodeItem, encodeItem, type ItemContent } from './data-item.ts'
import { signedItemId, signItem, unsignedItemId, verifyItem } from './item-signature.ts'

type Signer = Parameters<typeof createData>[1]

const jwk = readVectorFile('wallet') as Record<string, string>
const wallets = new Map<number, Wallet>()
const signers = new Map<number, Signer>()

before(async () => {
  const ed25519 = await generateWallet('ed25519')
  const ethereum = await generateWallet('secp256k1')
  const secret = decodeBase64(walletToJwk(ethereum).d ?? '')
  const seed = decodeBase64(walletToJwk(ed25519).d ?? '')
  wallets.set(1, walletFromJwk(jwk)).set(2, ed25519).set(3, ethereum)
  signers.set(1, new ArweaveSigner(jwk as never))
  signers.set(2, new SolanaSigner(base58([...seed, ...ed25519.publicKey])))
  signers.set(3, new EthereumSigner(Buffer.from(secret).toString('hex')))
})

function base58(bytes: readonly number[]): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  for (; value > 0n; value /= 58n) text = alphabet.charAt(Number(value % 58n)) + text
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros) + text
}

function get<T>(map: ReadonlyMap<number, T>, type: number): T {
  const value = map.get(type)
  assert.ok(value !== undefined)
  return value
}

const content: ItemContent = {
  target: Buffer.alloc(32, 7),
  anchor: Buffer.from('an anchor of thirty-two letters.'),
  tags: [
    { name: 'Data-Protocol', value: 'ao' },
    { name: 'Type', value: 'Message' },
    { name: 'Ünicode', value: 'çéü' },
  ],
  data: Buffer.from('1984'),
}

const anyContent = fc.record(
  {
    target: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    anchor: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    tags: fc.array(
      fc.record({
        name: fc.string({ minLength: 1, maxLength: 20 }),
        value: fc.string({ maxLength: 20 }),
      }),
      { maxLength: 5 },
    ),
    data: fc.uint8Array({ maxLength: 50 }),
  },
  { requiredKeys: ['tags', 'data'] },
)

function plain({ target, anchor, tags, data }: ItemContent) {
  const bytes = [target, anchor, data].map((part) => part && [...part])
  return { bytes, tags: tags.map(({ name, value }) => [name, value]) }
}

describe('createItem()', () => {
  it('gives the id that HyperBEAM gives an unsigned item', () => {
    const tags = [
      { name: 'Action', value: 'Eval' },
      { name: 'e', value: '' },
    ]
    const item = createItem({ tags, data: Buffer.from('hi') })
    assert.equal(unsignedItemId(item), 'EpA5vxpkVbgiyYmquaUpXzdmnUcns8a0zxyVjo06cRQ')
  })

  it('round-trips with decodeItem()', () => {
    fc.assert(
      fc.property(anyContent, (any) => {
        const item = createItem(any)
        const decoded = decodeItem(encodeItem(item))
        assert.deepEqual(plain(decoded), plain(any))
        assert.deepEqual(decoded.bytes, item.bytes)
      }),
    )
  })

  it('refuses a target or anchor of another length', () => {
    for (const fields of [{ target: new Uint8Array(31) }, { anchor: new Uint8Array(0) }]) {
      assert.throws(() => createItem({ ...fields, tags: [], data: new Uint8Array() }), {
        code: 'unencodable',
      })
    }
  })
})

describe('decodeItem()', () => {
  it('gives views on the bytes, no copies', () => {
    const { bytes, data, owner } = createItem(content)
    assert.equal(data.buffer, bytes.buffer)
    assert.equal(owner.buffer, bytes.buffer)
  })

  const item = createItem({ tags: [{ name: 'a', value: 'b' }], data: Buffer.from('data') })
  const tagsAt = 2 + 512 + 512 + 2

  function changed(offset: number, ...bytes: number[]): Buffer {
    const copy = Buffer.from(item.bytes)
    for (const [index, byte] of bytes.entries()) copy[offset + index] = byte
    return copy
  }

  const refused: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'an item cut in its tags': Buffer.from(item.bytes.subarray(0, tagsAt + 16 + 3)),
    'a presence of the target that is neither 0 nor 1': changed(tagsAt - 2, 2),
    'a presence of the anchor that swallows the tags': changed(tagsAt - 1, 1),
    'a count of tags that does not match': changed(tagsAt, 2),
    'a count of 2^56 tags': changed(tagsAt, 1, 0, 0, 0, 0, 0, 0, 1),
    'a length of tags that is too short': changed(tagsAt + 8, 5),
    'a length of tags that takes some data': changed(tagsAt + 8, 7),
    'a length of tags beyond the item': changed(tagsAt + 8, 0xff, 0xff),
    'an unsigned item of another type than 1': Buffer.concat([
      Buffer.of(3, 0),
      Buffer.alloc(65 + 65 + 2 + 16),
    ]),
  }
  for (const [name, bytes] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => decodeItem(bytes), { code: 'invalid-encoding' })
    })
  }

  it('refuses other signature types by name', () => {
    for (const type of [0, 4, 7, 255]) {
      assert.throws(() => decodeItem(changed(0, type)), {
        code: 'unsupported-algorithm',
        context: { type: `${type}` },
      })
    }
    assert.throws(() => decodeItem(changed(0, 1, 1)), { code: 'unsupported-algorithm' })
  })

  it('throws nothing but AoError for an item cut or changed anywhere', () => {
    const whole = createItem(content).bytes
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat({ max: 255 }), (end, at, byte) => {
        const bytes = Buffer.from(whole.subarray(0, 1026 + (end % (whole.length - 1025))))
        bytes[(1026 + at) % bytes.length] = byte
        try {
          decodeItem(bytes)
        } catch (error) {
          assert.ok(isAoError(error, 'invalid-encoding', 'unsupported-algorithm'))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('signItem() and verifyItem()', () => {
  for (const type of [1, 2, 3]) {
    it(`sign type ${type} as arbundles verifies it`, async () => {
      const item = await signItem(content, get(wallets, type))
      assert.ok(await verifyItem(decodeItem(item.bytes)))
      assert.ok(await ArbundlesItem.verify(Buffer.from(item.bytes)))
      const theirs = new ArbundlesItem(Buffer.from(item.bytes))
      assert.equal(theirs.signatureType, type)
      assert.equal(theirs.id, signedItemId(item))
      assert.deepEqual(theirs.tags, content.tags)
      assert.deepEqual(theirs.rawData, content.data)
      assert.deepEqual(theirs.rawAnchor, content.anchor)
    })

    it(`verify type ${type} as arbundles signs it, and take its parts alike`, async () => {
      const signer = get(signers, type)
      const theirs = createData('data of theirs', signer, {
        tags: [...content.tags].map(({ name, value }) => ({ name, value: String(value) })),
        target: Buffer.from(content.target ?? []).toString('base64url'),
        anchor: String(content.anchor),
      })
      await theirs.sign(signer)
      const item = decodeItem(theirs.getRaw())
      assert.ok(await verifyItem(item))
      assert.equal(item.type.number, type)
      assert.equal(signedItemId(item), theirs.id)
      assert.deepEqual(plain(item), plain({ ...content, data: Buffer.from('data of theirs') }))
      const { target, anchor, tags, data } = item
      assert.ok(target !== undefined && anchor !== undefined)
      assert.deepEqual(
        Buffer.from(createItem({ target, anchor, tags, data }, item).bytes),
        theirs.getRaw(),
      )
    })

    it(`refuse type ${type} with any byte changed`, async () => {
      const item = await signItem(content, get(wallets, type))
      for (let step = 0; step < 60; step++) {
        const at = 2 + Math.floor(((item.bytes.length - 2) * step) / 60)
        assert.ok(!(await isValid(item, at)), `byte ${at}`)
      }
    })
  }

  it('verify large data, which is hashed on another thread', async () => {
    const item = await signItem({ ...content, data: Buffer.alloc(400_000, 'x') }, get(wallets, 2))
    assert.ok(await ArbundlesItem.verify(Buffer.from(item.bytes)))
    assert.ok(await verifyItem(item))
    assert.ok(!(await isValid(item, item.bytes.length - 1)))
  })

  it('refuse an item without a signature', async () => {
    assert.ok(!(await verifyItem(createItem(content))))
  })
})

async function isValid(item: DataItem, changedAt: number): Promise<boolean> {
  const bytes = Buffer.from(item.bytes)
  bytes[changedAt] = (bytes[changedAt] ?? 0) ^ 0x10
  try {
    return await verifyItem(decodeItem(bytes))
  } catch (error) {
    assert.ok(isAoError(error))
    return false
  }
}
