import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyMessage, assertSameValue } from '../../../test/arbitrary-message.ts'
import { isAoError } from '../../base/errors.ts'
import { generateWallet } from '../../crypto/local-wallet.ts'
import { Message } from '../../message/message.ts'
import { isList, type Value } from '../../message/value.ts'
import { verifyMessage } from '../verify.ts'
import { commitHttpsig, decodeHttpsig, encodeHttpsig, type HttpsigWire } from './httpsig.ts'

/** Keys that httpsig@1.0 gives a meaning of its own, in headers or in parts. */
const SPECIAL = [
  'content-type',
  'content-disposition',
  'ao-body-key',
  'signature',
  'signature-input',
]

const plainMessage = anyMessage.filter((message) => isPlain(message))

function isPlain(value: Value): boolean {
  if (isList(value)) return value.every(isPlain)
  if (!(value instanceof Message)) return true
  for (const [key, nested] of value) if (SPECIAL.includes(key) || !isPlain(nested)) return false
  // The node drops an empty body of a nested message, and ids are made of its bytes.
  return value.get('body')?.toString() !== ''
}

/** The wire, or `undefined` when the message has a key that no part can have. */
function tryEncode(message: Message, bundle: boolean): HttpsigWire | undefined {
  try {
    return encodeHttpsig(message, { bundle })
  } catch (error) {
    assert.ok(isAoError(error, 'unencodable', 'invalid-key', 'invalid-message'), String(error))
    return undefined
  }
}

describe('httpsig@1.0', () => {
  it("encodeHttpsig() and decodeHttpsig() are each other's inverse", () => {
    let encoded = 0
    fc.assert(
      fc.property(plainMessage, (message) => {
        const wire = tryEncode(message, true)
        if (wire === undefined) return
        encoded++
        assertSameValue(withoutCommitments(decodeHttpsig(wire)), message)
      }),
      { numRuns: 500 },
    )
    assert.ok(encoded > 250, `${encoded} of 500 could be sent`)
  })

  it('a nested message of a body and its content-type is read as it was', () => {
    const page = new Message([
      ['content-type', 'application/json'],
      ['body', '{"a":1}'],
    ])
    const message = new Message([['results', new Message([['json', page]])]])
    const read = decodeHttpsig(encodeHttpsig(message, { bundle: true }))
    assertSameValue(withoutCommitments(read), message)
  })

  it('what was signed verifies after a way over HTTP, inline and linked', async () => {
    const wallet = await generateWallet('ed25519')
    await fc.assert(
      fc.asyncProperty(plainMessage, fc.boolean(), async (message, bundle) => {
        if (tryEncode(message, true) === undefined || hasOddKey(message)) return
        const signed = await commitHttpsig(message, wallet, { bundle })
        const wire = encodeHttpsig(signed, { bundle: true })
        const { valid, signers } = await verifyMessage(decodeHttpsig(wire))
        assert.deepEqual({ valid, signers }, { valid: true, signers: [wallet.address] })
      }),
      { numRuns: 200 },
    )
  })

  it('decodeHttpsig() answers any bytes with a message or an AoError', () => {
    fc.assert(
      fc.property(hostileWire(), (wire) => {
        try {
          decodeHttpsig(wire)
        } catch (error) {
          assert.ok(isAoError(error), String(error))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Signature headers list keys as they are: a line break cannot be sent, and `@` has a meaning. */
function hasOddKey(message: Message): boolean {
  return [...message.keys()].some((key) => /[%@\p{Cc}]/u.test(key))
}

function withoutCommitments(value: Message): Message {
  const bare = (item: Value): Value => {
    if (item instanceof Message) return withoutCommitments(item)
    return isList(item) ? item.map(bare) : item
  }
  return new Message([...value].map(([key, item]) => [key, bare(item)] as const))
}

function hostileWire(): fc.Arbitrary<HttpsigWire> {
  const piece = fc.constantFrom(
    '--b\r\n',
    '\r\n--b\r\n',
    '\r\n--b--',
    'content-disposition: inline',
    'content-disposition: form-data;name="a/b"',
    'Content-Disposition: form-data; name=a',
    'content-disposition: form-data;name="a/commitments/x"',
    'ao-types: k="integer"',
    'ao-types: .="list"',
    'ao-types: empty-message',
    'k: 1',
    '1: x',
    'signature: comm-a=:AAAA:',
    'signature-input: comm-a=("k");alg="hmac-sha256";keyid="constant:ao"',
    'signature-input: x=("k" "@path")',
    'type: hmac-sha256',
    'alg: rsa-pss',
    'owner: x',
    '\r\n',
    '\r\n\r\n',
  )
  const body = fc.array(fc.oneof(piece, fc.string()), { maxLength: 14 }).map((all) => all.join(''))
  const name = fc.constantFrom(
    'content-type',
    'ao-body-key',
    'ao-types',
    'signature',
    'signature-input',
    'content-digest',
    'inline-body-key',
    'body+link',
    'body',
    '%zz',
    '%e9',
    'k',
  )
  const value = fc.oneof(
    piece,
    fc.string(),
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom(
      'multipart/form-data; boundary="b"',
      'multipart/mixed; boundary=b',
      'x=("k" "content-digest" "@path");alg="rsa-pss-sha512";keyid="AAAA"',
      'comm-a=("k" "content-digest");alg="hmac-sha256";keyid="constant:ao"',
      'comm-a=("k");alg="ans104@1.0/rsa-pss-sha256";keyid="publickey:AAAA";original-tags="1:a:YQ"',
      'comm-a=("k";sf);alg="hmac-sha256";keyid="constant:ao"',
      'comm-a=("k")',
      'comm-a=:AAAA:',
      'x=:AAAA:, comm-a=:AAAA:',
      'sha-256=:AAAA:',
      'sha-256=:!:',
      'k="integer"',
      'k="list"',
      '(ao-type-integer) 1,(ao-type-x',
    ),
  )
  return fc.record({
    headers: fc.array(fc.tuple(name, value), { maxLength: 8 }),
    body: body.map((text) => Buffer.from(text)),
    method: fc.constant('POST'),
    target: fc.constant('/a?b'),
  })
}
