import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVectorFile } from '../../test/vectors.ts'
import { isAoError } from '../base/errors.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import { commitMessage } from '../codec/commit.ts'
import { commitUnsigned, decodeHttpsig } from '../codec/httpsig/httpsig.ts'
import { verifyMessage } from '../codec/verify.ts'
import { walletFromJwk } from '../crypto/local-wallet.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { signersOf } from '../message/commitment.ts'
import { committedKeys } from '../message/committed.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import type { Negotiation } from './negotiate.ts'
import { createReply, type ReplyDeps } from './reply.ts'
import { createReplyEncoders } from './reply-encoders.ts'
import { createReplySigner } from './reply-signer.ts'
import type { Outcome } from './resolve.ts'
import type { WireReply } from './wire-reply.ts'

const HTTPSIG: Negotiation = {
  codec: 'httpsig@1.0',
  isRequired: false,
  bundle: false,
  wantsPage: false,
}

function message(keys: Record<string, Value>): Message {
  return new Message(Object.entries(keys))
}

/** What a device of the node put together. */
function own(value: Value): Outcome {
  return { kind: 'ok', value, isOwn: true }
}

function deps(own: Partial<ReplyDeps> = {}): ReplyDeps {
  return {
    encoders: createReplyEncoders(),
    storeMessage: async () => undefined,
    loadLinks: async (loaded) => loaded,
    ...own,
  }
}

/** Signs with the wallet, and counts how often. */
function countingSigner(wallet: Wallet) {
  const counted = { signatures: 0 }
  const sign = createReplySigner((unsigned, options) => {
    counted.signatures += 1
    return commitMessage(unsigned, wallet, options)
  })
  return { counted, sign }
}

function headersOf({ headers }: WireReply): Map<string, string> {
  const byName = new Map<string, string>()
  for (let i = 0; i + 1 < headers.length; i += 2) byName.set(headers[i] ?? '', headers[i + 1] ?? '')
  return byName
}

function textOf({ body }: WireReply): string {
  return Buffer.from(body ?? []).toString()
}

const NOT_OF_THE_MESSAGE = /^(access-control-|x-content-type-options)/

function decoded(reply: WireReply): Message {
  const headers = [...headersOf(reply)].filter(([name]) => !NOT_OF_THE_MESSAGE.test(name))
  return decodeHttpsig(reply.body === undefined ? { headers } : { headers, body: reply.body })
}

const wallet = walletFromJwk(readVectorFile('wallet'))

test('createReply() gives a signed reply that verifies, over all keys with the status', async () => {
  const reply = createReply(deps({ sign: countingSigner(wallet).sign }))
  const value = message({ slot: 5, addresses: ['a', 'b'] }).withPrivate({ hashpath: 'a/b' })
  const received = decoded(await reply(own(value), { ...HTTPSIG, bundle: true }))
  const { valid, signers } = await verifyMessage(received)
  assert.equal(valid, true)
  assert.deepEqual(signers, [wallet.address])
  const [signature] = [...received.commitments.values()].filter(({ committer }) => committer)
  assert.ok(signature?.committed.includes('status'))
  assert.ok(signature?.committed.includes('addresses'))
  assert.equal(signature?.fields.get('tag'), 'a/b')
})

test('createReply() gives no message that a client put together more than an hmac', async () => {
  const { counted, sign } = countingSigner(wallet)
  const reply = createReply(deps({ sign }))
  const stored = commitUnsigned(message({ body: 'x' }))
  const record = message({ url: 'http://a.example', nonce: 9 })
  for (const value of [record, stored, stored.with([['url', 'x']]), message({ '1x': '' })]) {
    const sent = decoded(await reply({ kind: 'ok', value }, HTTPSIG))
    assert.deepEqual(
      [...sent.commitments.values()].map(({ type }) => type),
      ['hmac-sha256'],
    )
    const covered = committedKeys(sent).filter((key) => key !== 'ao-types')
    assert.deepEqual(covered.toSorted(), [...sent.keys()].toSorted())
  }
  const value = message({ type: 'Assignment', slot: 1 })
  const item = await reply({ kind: 'ok', value }, { ...HTTPSIG, codec: 'ans104@1.0' })
  assert.deepEqual(signersOf(decodeAns104(item.body ?? new Uint8Array())), [])
  assert.equal(counted.signatures, 0)
})

test('createReply() signs bare values', async () => {
  const reply = createReply(deps({ sign: countingSigner(wallet).sign }))
  for (const value of ['text', 7, ['a', 'b'], message({ 1: 'a', 2: 'b' })]) {
    const sent = decoded(await reply({ kind: 'ok', value }, HTTPSIG))
    assert.deepEqual((await verifyMessage(sent)).signers, [wallet.address])
    assert.ok(committedKeys(sent).includes('status'))
  }
})

test('createReply() signs nothing of its own under another type than that of a page', async () => {
  const { counted, sign } = countingSigner(wallet)
  const reply = createReply(deps({ sign }))
  for (const type of ['Assignment', 'scheduler-location', 'Message', 'Process']) {
    await reply(own(message({ type })), HTTPSIG)
  }
  assert.equal(counted.signatures, 0)
  await reply(own(message({ type: 'schedule' })), HTTPSIG)
  assert.equal(counted.signatures, 1)
})

test('createReply() does not give the signed reply to a client that said the same', async () => {
  const reply = createReply(deps({ sign: countingSigner(wallet).sign }))
  const value = message({ a: '1' })
  assert.equal(signersOf(decoded(await reply(own(value), HTTPSIG))).length, 1)
  assert.equal(signersOf(decoded(await reply({ kind: 'ok', value }, HTTPSIG))).length, 0)
})

test('createReply() leaves a message alone that somebody signed', async () => {
  const { counted, sign } = countingSigner(wallet)
  const reply = createReply(deps({ sign }))
  const value = await commitMessage(message({ a: '1' }), wallet, { device: 'httpsig@1.0' })
  const received = decoded(await reply({ kind: 'ok', value }, HTTPSIG))
  assert.equal(counted.signatures, 0)
  assert.deepEqual([...received.commitments.keys()].sort(), [...value.commitments.keys()].sort())
})

test('createReply() signs equal replies once, however many ask at a time', async () => {
  const { counted, sign } = countingSigner(wallet)
  const reply = createReply(deps({ sign }))
  const ask = () => reply(own(message({ a: '1' })), HTTPSIG)
  const [first, second] = await Promise.all([ask(), ask()])
  assert.deepEqual(await ask(), first)
  assert.deepEqual(second, first)
  assert.equal(counted.signatures, 1)
  await reply(own(message({ a: '2' })), HTTPSIG)
  await reply(own(message({ a: '1' }).withPrivate({ hashpath: 'x/y' })), HTTPSIG)
  assert.equal(counted.signatures, 3)
})

test('createReply() tries again to sign what could not be signed', async () => {
  let fails = true
  const sign = createReplySigner(async (unsigned, options) => {
    if (fails) throw new Error('no key')
    return commitMessage(unsigned, wallet, options)
  })
  const reply = createReply(deps({ sign }))
  const ask = () => reply(own(message({ a: '1' })), HTTPSIG)
  await assert.rejects(ask(), /no key/)
  fails = false
  assert.ok(headersOf(await ask()).has('signature'))
})

test('createReply() stores nested messages that it links to, and none that it sends', async () => {
  const stored: Message[] = []
  const storeMessage = async (nested: Message): Promise<void> => void stored.push(nested)
  const reply = createReply(deps({ storeMessage }))
  const child = message({ x: '1' })
  const value = message({ child, list: ['a'], text: 't' })
  const linked = await reply({ kind: 'ok', value }, HTTPSIG)
  assert.equal(headersOf(linked).get('child+link'), messageId(child))
  assert.deepEqual(
    stored.map((nested) => [...nested.keys()]),
    [['child', 'list']],
  )
  const bundled = await reply({ kind: 'ok', value }, { ...HTTPSIG, bundle: true })
  assert.equal(headersOf(bundled).has('child+link'), false)
  assert.match(textOf(bundled), /name="child"/)
  assert.equal(stored.length, 1)
})

test('createReply() stores nothing that an answer links to and that is stored already', async () => {
  const keys: string[] = []
  const storeMessage = async (nested: Message) => void keys.push(...nested.keys())
  const child = message({ x: '1' })
  const value = message({ child }).withPrivate({ stored: child })
  const reply = createReply(deps({ storeMessage }))
  const linked = await reply({ kind: 'ok', value }, HTTPSIG)
  assert.equal(headersOf(linked).get('child+link'), messageId(child))
  assert.deepEqual(keys, [])
  // What a later step puts beside it is not.
  const more = value.with([['other', message({ y: '2' })]])
  await reply({ kind: 'ok', value: more }, HTTPSIG)
  assert.deepEqual(keys, ['other'])
})

test('createReply() loads links for a bundle, and says when one is missing', async () => {
  const loadLinks = async (linked: Message) => linked.with([['child', message({ x: '1' })]])
  const reply = createReply(deps({ loadLinks }))
  const value = message({ child: new Link(messageId(message({ x: '1' }))) })
  const bundled = await reply({ kind: 'ok', value }, { ...HTTPSIG, bundle: true })
  assert.match(textOf(bundled), /name="child"\r\nx: 1\r\n/)
  const linked = await reply({ kind: 'ok', value }, HTTPSIG)
  assert.equal(headersOf(linked).get('child+link'), messageId(message({ x: '1' })))
})

test('createReply() sends JSON with scalar keys as headers, but for what no header can be', async () => {
  const reply = createReply(deps())
  const value = message({
    slot: 5,
    text: 'café',
    'two lines': 'x',
    lines: 'a\nb',
    big: 'x'.repeat(5_000),
    body: 'b',
    nested: message({ a: '1' }),
  })
  const sent = await reply({ kind: 'ok', value }, { ...HTTPSIG, codec: 'json@1.0', bundle: true })
  const headers = headersOf(sent)
  assert.equal(headers.get('slot'), '5')
  assert.equal(Buffer.from(headers.get('text') ?? '', 'latin1').toString(), 'café')
  assert.equal(headers.get('codec-device'), 'json@1.0')
  for (const name of ['lines', 'two lines', 'big', 'body', 'nested', 'ao-types']) {
    assert.equal(headers.has(name), false, name)
  }
  const body = JSON.parse(textOf(sent)) as Record<string, unknown>
  assert.deepEqual(body.nested, { a: '1' })
  assert.equal(body.lines, 'a\nb')
})

test('createReply() sends a data item signed as it is', async () => {
  const reply = createReply(deps({ sign: countingSigner(wallet).sign }))
  const value = message({ slot: 5, nested: message({ a: '1' }) })
  for (const bundle of [false, true]) {
    const sent = await reply(own(value), { ...HTTPSIG, codec: 'ans104@1.0', bundle })
    assert.equal(headersOf(sent).get('content-type'), 'application/ans104')
    const received = decodeAns104(sent.body ?? new Uint8Array(0))
    assert.deepEqual((await verifyMessage(received)).signers, [wallet.address])
    assert.equal(received.get('slot'), 5)
    assert.equal(received.get('nested') instanceof Message, bundle)
  }
})

test('createReply() sends a body that a device encoded as it is, unless a codec is required', async () => {
  const reply = createReply(deps())
  const value = message({ 'content-type': 'application/json', body: '{"edges":[]}' })
  const asked = { ...HTTPSIG, codec: 'json@1.0' }
  const sent = await reply({ kind: 'ok', value }, asked)
  assert.equal(textOf(sent), '{"edges":[]}')
  assert.equal(headersOf(sent).has('codec-device'), false)
  const required = await reply({ kind: 'ok', value }, { ...asked, isRequired: true })
  assert.equal((JSON.parse(textOf(required)) as Record<string, unknown>).body, '{"edges":[]}')
})

test('createReply() shows a page to a person, with the headers as ever', async () => {
  const { sign } = countingSigner(wallet)
  const reply = createReply(deps({ sign }))
  const value = message({ name: '<b>x</b>', count: 3 })
  const sent = await reply(own(value), { ...HTTPSIG, wantsPage: true })
  const headers = headersOf(sent)
  assert.equal(headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(headers.get('count'), '3')
  assert.ok(headers.has('signature'))
  assert.match(textOf(sent), /&#60;b&#62;x/)
  const literal = await reply({ kind: 'ok', value: 'hi' }, { ...HTTPSIG, wantsPage: true })
  assert.equal(textOf(literal), 'hi')
})

test('createReply() answers bytes that JSON cannot hold with what it has', async () => {
  const reply = createReply(deps())
  const value = message({ bytes: new Uint8Array([0xff, 0xfe]), a: 'x' })
  const sent = await reply({ kind: 'ok', value }, HTTPSIG)
  assert.equal(headersOf(sent).get('bytes'), '\xff\xfe')
  const json = reply({ kind: 'ok', value }, { ...HTTPSIG, codec: 'json@1.0' })
  await assert.rejects(json, (error) => isAoError(error, 'unencodable'))
})
