/**
 * httpsig@1.0 against what a real node made of the 120 messages. Where the node is at fault, the
 * test says which rule of ours differs and why.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { equalBinary } from '../src/base/bytes.ts'
import { signedForm, toWire } from '../src/codec/httpsig/encode.ts'
import { commitHttpsig, commitUnsigned, verifyHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { createRebuildBase } from '../src/codec/httpsig/rebuilt-base.ts'
import { walletFromJwk } from '../src/crypto/local-wallet.ts'
import { signersOf } from '../src/message/commitment.ts'
import { committedKeys, selectCommitments } from '../src/message/committed.ts'
import { messageId, unsignedId } from '../src/message/id.ts'
import type { Message } from '../src/message/message.ts'
import { parseTyped } from '../src/message/typed-notation.ts'
import { type GoldenForm, goldenBytes, wireToForm } from './golden-wire.ts'
import { readMessageVectors, readVectorFile } from './vectors.ts'

interface GoldenCommit {
  readonly msg: unknown
  readonly id_all: string
  readonly id_none: string
  readonly signers: readonly string[]
  readonly committed: { readonly v: readonly { readonly v: string }[] }
  readonly signature_bases: Readonly<Record<string, string>>
  readonly http: GoldenForm
  readonly http_bundle: GoldenForm
}

const COMMITS = ['unsigned_commit_httpsig', 'commit_httpsig', 'commit_httpsig_bundle'] as const

/**
 * Integers of 16 digits and atoms with a blank: the node writes them and cannot read them again, so
 * that it fails to commit to them. Here they are values like any other.
 */
const NODE_FAILS = ['46-huge-int', '47-atom-with-space']

/**
 * Their own `content-type` gives way to the boundary of the bundle. The node signs them, and answers
 * itself that the signature does not hold.
 */
const CONTENT_TYPE_CLASH = [
  'random-009',
  'random-017',
  'random-042',
  'random-056',
  'random-058',
  'random-066',
  'random-072',
]

const wallet = walletFromJwk(readVectorFile('wallet'))
const vectors = readMessageVectors().map(({ name, vector }) => ({
  name,
  vector,
  message: parseTyped(vector.msg) as Message,
}))

/** The vector's message with the node's commitments, its nested messages inline. */
function* commits(kind: (typeof COMMITS)[number]) {
  for (const { name, vector, message } of vectors) {
    if (NODE_FAILS.includes(name)) continue
    const golden = vector[kind] as GoldenCommit
    const { commitments } = parseTyped(golden.msg) as Message
    yield { name, message, golden, committed: message.withCommitments(commitments) }
  }
}

/** Where `content-type` is a text, the node's signature holds and just does not cover it. */
function losesContentType(message: Message, { committed }: GoldenCommit): boolean {
  return message.has('content-type') && !committed.v.some(({ v }) => v === 'content-type')
}

describe('headers and body', () => {
  for (const bundle of [false, true]) {
    const field = bundle ? 'httpsig_bundle' : 'httpsig'
    test(`${field}: the form of each message has the node's bytes`, () => {
      let count = 0
      for (const { name, vector, message } of vectors) {
        if (bundle && NODE_FAILS.includes(name)) continue
        assert.deepEqual(wireToForm(toWire(signedForm(message, { bundle }))), vector[field], name)
        count++
      }
      assert.equal(count, bundle ? 118 : 120)
    })
  }

  test("unsignedId() of each message is the node's, its failures included", () => {
    for (const { name, vector, message } of vectors) {
      assert.equal(unsignedId(message), vector.id_uncommitted, name)
      assert.equal(messageId(message), vector.id_all, name)
    }
  })
})

for (const kind of COMMITS) {
  describe(kind, () => {
    test("signature bases, committed keys, ids and signers are the node's", () => {
      let bases = 0
      for (const { name, golden, committed } of commits(kind)) {
        for (const commitment of committed.commitments.values()) {
          const rebuilt = createRebuildBase(committed)(commitment)
          const expected = goldenBytes(golden.signature_bases[commitment.id] ?? '')
          assert.ok(rebuilt !== undefined && equalBinary(rebuilt.base, expected), name)
          bases++
        }
        assert.deepEqual(
          committedKeys(committed),
          golden.committed.v.map(({ v }) => v),
          name,
        )
        assert.equal(messageId(committed), golden.id_all, name)
        assert.equal(messageId(committed, 'none'), golden.id_none, name)
        assert.deepEqual(signersOf(committed), golden.signers, name)
      }
      assert.equal(bases, kind === 'unsigned_commit_httpsig' ? 118 : 236)
    })

    test("http and http_bundle have the node's bytes, signature headers included", () => {
      for (const { name, golden, committed } of commits(kind)) {
        const forms = [false, true].map((bundle) =>
          wireToForm(toWire(signedForm(committed, { bundle }))),
        )
        assert.deepEqual(forms, [golden.http, golden.http_bundle], name)
      }
    })

    test('every commitment holds, but for a content-type that the node did not sign', async () => {
      const failed = new Set<string>()
      for (const { name, committed } of commits(kind)) {
        for (const commitment of committed.commitments.values()) {
          if (!(await verifyHttpsig(committed, commitment))) failed.add(name)
        }
      }
      assert.deepEqual([...failed], kind === 'commit_httpsig_bundle' ? CONTENT_TYPE_CLASH : [])
    })
  })
}

describe('commit', () => {
  test("commitUnsigned() makes the node's commitment", () => {
    for (const { name, message, committed } of commits('unsigned_commit_httpsig')) {
      assert.deepEqual(commitUnsigned(message).commitments, committed.commitments, name)
    }
  })

  for (const bundle of [false, true]) {
    const kind = bundle ? 'commit_httpsig_bundle' : 'commit_httpsig'
    test(`commitHttpsig() covers the keys of ${kind}, with its hmac beside the signature`, async () => {
      for (const { name, message, golden } of commits(kind)) {
        if (bundle && losesContentType(message, golden)) continue
        const signed = await commitHttpsig(message, wallet, { bundle })
        assert.equal(messageId(signed, 'none'), golden.id_none, name)
        assert.deepEqual(
          committedKeys(signed),
          golden.committed.v.map(({ v }) => v),
          name,
        )
        assert.deepEqual(signersOf(signed), golden.signers, name)
        const [signature] = selectCommitments(signed, { committers: 'all' })
        assert.ok(signature !== undefined && (await verifyHttpsig(signed, signature)), name)
      }
    })
  }

  test('commitHttpsig() refuses a bundle that would lose the content-type of the message', async () => {
    for (const { name, message } of commits('commit_httpsig_bundle')) {
      if (!CONTENT_TYPE_CLASH.includes(name)) continue
      await assert.rejects(commitHttpsig(message, wallet, { bundle: true }), {
        code: 'unencodable',
      })
    }
  })
})
