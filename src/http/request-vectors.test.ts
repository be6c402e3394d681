import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCaptures, readVectorFile } from '../../test/vectors.ts'
import type { Binary } from '../base/bytes.ts'
import { isAoError } from '../base/errors.ts'
import { verifyMessage } from '../codec/verify.ts'
import { signersOf } from '../message/commitment.ts'
import { committedKeys } from '../message/committed.ts'
import { Atom } from '../message/value.ts'
import { type Negotiation, negotiate } from './negotiate.ts'
import { createReplyEncoders } from './reply-encoders.ts'
import { createRequestDecoders } from './request-decoders.ts'
import type { RequestHead } from './request-head.ts'
import { type RequestMessage, readRequestMessage } from './request-message.ts'

/** Requests that real clients sent to real nodes. */
interface RecordedPost {
  readonly name: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body: { readonly text?: string; readonly base64?: string }
  }
}

interface CapturedRequest {
  readonly label: string
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly bodyBase64?: string
}

const decoders = createRequestDecoders()
const encoders = createReplyEncoders()

function headOf(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
): RequestHead {
  const byName = new Map<string, Binary>()
  for (const [name, value] of headers) byName.set(name.toLowerCase(), value)
  const size = { headerCount: byName.size, bytes: 0 }
  return { method, target, headers: byName, ...size, peerAddress: '127.0.0.1' }
}

function readPost({ request }: RecordedPost): Promise<RequestMessage> {
  const { text, base64 } = request.body
  const body = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')
  return readRequestMessage(headOf(request.method, request.path, request.headers), body, decoders)
}

function negotiationOf(request: RequestMessage): Negotiation {
  return negotiate({ ...request, readsAcceptCodec: request.codec === 'ans104@1.0' }, encoders)
}

test('readRequestMessage() reads what HyperBEAM sends, commitments intact', async () => {
  const { posts } = readVectorFile('http/posts') as { posts: RecordedPost[] }
  for (const post of posts) {
    const request = await readPost(post)
    const { message } = request
    assert.equal(message.get('method'), 'POST', post.name)
    assert.equal(message.get('path'), post.request.path, post.name)
    assert.equal(message.has('content-length'), false, post.name)
    assert.equal(negotiationOf(request).bundle, true, post.name)
    const { valid } = await verifyMessage(message)
    assert.equal(valid, post.name !== 'D3-tampered', post.name)
    assert.equal(signersOf(message).length > 0, post.name !== 'D2-unsigned', post.name)
  }
})

test('readRequestMessage() keeps only signed keys of a signed request, and what HTTP adds', async () => {
  const { posts } = readVectorFile('http/posts') as { posts: RecordedPost[] }
  const post = posts.find(({ name }) => name === 'B1-message')
  assert.ok(post)
  const { message } = await readPost(post)
  const added = new Set(['accept', 'accept-bundle', 'method', 'path'])
  const committed = committedKeys(message)
  for (const key of message.keys()) assert.ok(committed.includes(key) || added.has(key), key)
  assert.equal(message.get('accept'), '*/*')
})

test('readRequestMessage() reads the requests of aoconnect and wao, or says what is wrong', async () => {
  let read = 0
  const refused: string[] = []
  for (const { name, node, capture } of readCaptures()) {
    for (const sent of capture.requests as CapturedRequest[]) {
      const head = headOf(sent.method, sent.url, sent.headers)
      const body = Buffer.from(sent.bodyBase64 ?? '', 'base64')
      try {
        const request = await readRequestMessage(head, body, decoders)
        negotiationOf(request)
        read += 1
      } catch (error) {
        assert.ok(isAoError(error), `${node} ${name}: ${error}`)
        refused.push(`${node} ${name} ${sent.label}: ${error.message}`)
      }
    }
  }
  assert.ok(read > 100)
  assert.deepEqual(refused, [])
})

test('negotiate() takes the wishes of a data item from its own tags', async () => {
  const wishes = new Map<string, Negotiation>()
  for (const { node, capture } of readCaptures()) {
    if (node !== 'nov25' || capture.client !== 'aoconnect-0.0.98') continue
    for (const sent of capture.requests as CapturedRequest[]) {
      const head = headOf(sent.method, sent.url, sent.headers)
      const body = Buffer.from(sent.bodyBase64 ?? '', 'base64')
      wishes.set(sent.label, negotiationOf(await readRequestMessage(head, body, decoders)))
    }
  }
  const message = wishes.get('message')
  assert.equal(message?.codec, 'json@1.0')
  assert.equal(message?.isRequired, true)
  assert.equal(message?.bundle, true)
  assert.equal(wishes.get('spawn')?.codec, 'httpsig@1.0')
})

test('readRequestMessage() takes path, accept and accept-bundle from where they are said', async () => {
  const read = async (
    target: string,
    headers: readonly (readonly [string, string])[] = [],
    body = '',
  ) =>
    (await readRequestMessage(headOf('GET', target, headers), Buffer.from(body), decoders)).message
  const plain = await read('/a/b?k=v')
  assert.equal(plain.get('path'), '/a/b?k=v')
  assert.equal(plain.get('k'), 'v')
  assert.equal(plain.get('accept'), '*/*')
  assert.ok(plain.get('accept-bundle') instanceof Atom)
  assert.equal((await read('/a', [['path', '/b']])).get('path'), '/b')
  const typed = await read('/a', [
    ['accept-bundle', 'true'],
    ['ao-types', 'accept-bundle="atom"'],
  ])
  assert.ok(typed.get('accept-bundle') instanceof Atom)
  assert.equal((await read('/a?accept-bundle=true')).get('accept-bundle'), 'true')
  const json = await read(
    '/a',
    [
      ['content-type', 'application/json'],
      ['k', '1'],
    ],
    '{"k":2,"l":[true]}',
  )
  assert.equal(json.get('k'), 2)
  assert.equal(json.get('path'), '/a')
  const empty = await read('/a', [
    ['content-type', 'application/json'],
    ['content-length', '0'],
  ])
  assert.equal(empty.has('body'), false)
  assert.equal(empty.has('content-length'), false)
  const text = await read('/a', [['content-type', 'application/json; charset=utf-8']], '{}')
  assert.equal(text.get('body'), '{}')
})

test('readRequestMessage() names the peer by where it came from', async () => {
  const head = (headers: (readonly [string, string])[], peerAddress: string): RequestHead => ({
    ...headOf('GET', '/a', [['ao-peer-port', '8734'], ...headers]),
    peerAddress,
  })
  const peerOf = async (at: RequestHead) => {
    const { message } = await readRequestMessage(at, new Uint8Array(0), decoders)
    assert.equal(message.has('ao-peer-port'), false)
    return message.get('ao-peer')
  }
  assert.equal(await peerOf(head([], '::ffff:10.0.0.1')), '10.0.0.1:8734')
  assert.equal(await peerOf(head([], '::1')), '[::1]:8734')
  assert.equal(await peerOf(head([['x-real-ip', '9.9.9.9']], '10.0.0.1')), '9.9.9.9:8734')
})

test('readRequestMessage() refuses with a 400 what no codec can read', async () => {
  const bad: [headers: [string, string][], body: string, code: string][] = [
    [[['content-type', 'application/json']], '{', 'invalid-encoding'],
    [[['content-type', 'application/json']], '[1]', 'invalid-message'],
    [[['content-type', 'application/ans104']], 'nonsense', 'unsupported-algorithm'],
    [[['codec-device', 'nosuch@1.0']], '', 'unsupported-codec'],
    [[['codec-device', 'ans104@1.0']], '', 'invalid-encoding'],
    [[['content-type', 'multipart/form-data; boundary="b"']], 'no parts', 'invalid-encoding'],
  ]
  for (const [headers, body, code] of bad) {
    const read = readRequestMessage(headOf('POST', '/a', headers), Buffer.from(body), decoders)
    await assert.rejects(read, (error) => isAoError(error) && error.code === code, body)
  }
})

test('readRequestMessage() refuses data items and JSON whose signature does not hold', async () => {
  const { posts } = readVectorFile('http/posts') as { posts: RecordedPost[] }
  const post = posts.find(({ name }) => name === 'C1-message')
  assert.ok(post)
  const item = Buffer.from(post.request.body.base64 ?? '', 'base64')
  item[item.length - 1] = (item.at(-1) ?? 0) ^ 1
  const head = headOf('POST', '/~scheduler@1.0/schedule', post.request.headers)
  await assert.rejects(readRequestMessage(head, item, decoders), { code: 'invalid-signature' })
})
