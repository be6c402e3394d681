import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitMessage } from '../codec/commit.ts'
import { decodeJson } from '../codec/json.ts'
import { verifyMessage } from '../codec/verify.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import { fitHeaders } from './header-bounds.ts'
import type { Negotiation } from './negotiate.ts'
import { createReply } from './reply.ts'
import { createReplyEncoders } from './reply-encoders.ts'
import { createReplySigner } from './reply-signer.ts'
import type { WireReply } from './wire-reply.ts'

const HTTPSIG: Negotiation = {
  codec: 'httpsig@1.0',
  isRequired: false,
  bundle: false,
  wantsPage: false,
}
const reply = createReply({
  encoders: createReplyEncoders(),
  sign: createReplySigner((message, how) => commitMessage(message, testWallet(), how)),
  storeMessage: () => undefined,
  loadLinks: async (message) => message,
})

function manyKeys(count: number, valueAt: (index: number) => Value): Message {
  return new Message(Array.from({ length: count }, (_, i) => [`k${i}`, valueAt(i)] as const))
}

function send(value: Message, how: Partial<Negotiation> = {}): Promise<WireReply> {
  return reply({ kind: 'ok', value, isOwn: true }, { ...HTTPSIG, ...how })
}

function typeOf({ headers }: WireReply): string | undefined {
  return headers[headers.indexOf('content-type') + 1]
}

const MANY: readonly Message[] = [
  manyKeys(200, (i) => i),
  manyKeys(40, () => 'x'.repeat(1_000)),
  manyKeys(1_001, (i) => new Link(`${'A'.repeat(39)}${1_000 + i}`.slice(0, 43))),
]

test('a message with more keys than clients take as headers is sent as JSON, and verifies', async () => {
  for (const message of MANY) {
    const sent = await send(message)
    assert.equal(typeOf(sent), 'application/json')
    assert.ok(fitHeaders(sent.headers))
    assert.ok(sent.headers.includes('status'))
    const received = decodeJson(sent.body ?? '')
    for (const key of message.keys()) assert.ok(received.has(key), key)
    const { valid, signers } = await verifyMessage(received)
    assert.deepEqual([valid, signers], [true, [testWallet().address]])
  }
})

test('a bundle of many messages is sent as JSON, and is not put into parts before', async () => {
  const encoders = new Map(createReplyEncoders())
  encoders.set('httpsig@1.0', () => assert.fail('no headers'))
  const bundled = createReply({
    encoders,
    sign: createReplySigner((message, how) => commitMessage(message, testWallet(), how)),
    storeMessage: () => undefined,
    loadLinks: async (message) => message,
  })
  const value = manyKeys(1_001, (i) => new Message<Value>([['n', i]]))
  const outcome = { kind: 'ok', value, isOwn: true } as const
  assert.equal(typeOf(await bundled(outcome, { ...HTTPSIG, bundle: true })), 'application/json')
  assert.match(
    typeOf(await send(value.without('k0'), { isRequired: true, bundle: true })) ?? '',
    /^multipart/,
  )
})

test('a client that insists on headers gets them all', async () => {
  for (const message of MANY) {
    const { headers } = await send(message, { isRequired: true })
    assert.ok(headers.length > 2 * message.size)
  }
})

test('another node gets them all, too: that of HyperBEAM reads no JSON there', async () => {
  for (const message of MANY) {
    const { headers } = await send(message, { isPeer: true })
    assert.ok(headers.length > 2 * message.size)
  }
})

test('bytes that JSON does not have go into headers, however many', async () => {
  const { headers } = await send(manyKeys(200, (i) => Uint8Array.of(0xff, 0xa0 + (i % 64))))
  assert.ok(headers.length > 400)
})

test('a person gets a page of such a message, without its headers', async () => {
  for (const message of MANY) {
    const sent = await send(message, { wantsPage: true })
    assert.match(typeOf(sent) ?? '', /^text\/html/)
    assert.ok(fitHeaders(sent.headers))
    assert.match(Buffer.from(sent.body ?? []).toString(), /<th>k39<\/th>/)
  }
})

test('a body of its own type is sent as it is beside many keys', async () => {
  const page = manyKeys(200, (i) => i).with([
    ['content-type', 'text/css'],
    ['body', 'p {}'],
  ])
  const sent = await send(page)
  assert.equal(typeOf(sent), 'text/css')
  assert.equal(Buffer.from(sent.body ?? []).toString(), 'p {}')
})

test('JSON and flat text copy only as many keys into headers as clients take', async () => {
  for (const codec of ['json@1.0', 'flat@1.0']) {
    for (const message of MANY.slice(0, 2)) {
      const { headers } = await send(message, { codec, isRequired: true })
      assert.ok(fitHeaders(headers))
      assert.ok(headers.includes('k0') && headers.includes('status'))
    }
  }
})
