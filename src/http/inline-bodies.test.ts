import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMessage } from '../../test/arbitrary-message.ts'
import { isAoError } from '../base/errors.ts'
import { commitUnsigned } from '../codec/httpsig/httpsig.ts'
import { encodeNestedParts } from '../codec/httpsig/nested-parts.ts'
import { encodeJson, encodeNestedJson } from '../codec/json.ts'
import { messageId } from '../message/id.ts'
import type { InlineForms } from '../message/inline-forms.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import type { Negotiation } from './negotiate.ts'
import { createReply } from './reply.ts'
import { createReplyEncoders } from './reply-encoders.ts'
import type { WireReply } from './wire-reply.ts'

const negotiation = (codec: string): Negotiation => ({
  ...{ codec, isRequired: true, bundle: true, wantsPage: false },
})

/** A page of these messages, and the same with links that have forms. */
function pagesOf(messages: readonly Message[]) {
  const stored = messages.map((message) => commitUnsigned(message))
  const byId = new Map(stored.map((message) => [messageId(message, 'all'), message]))
  const find = (id: string): Message => byId.get(id) ?? assert.fail(id)
  const inlineForms: InlineForms = {
    json: async (ids) => new Map(ids.map((id) => [id, Buffer.from(encodeNestedJson(find(id)))])),
    parts: async (entries) =>
      new Map(entries.map(({ id, path }) => [path, encodeNestedParts(find(id), path)])),
    release: () => undefined,
  }
  const page = (slots: Message): Message =>
    new Message<Value>([
      ['type', 'schedule'],
      ['count', messages.length],
      ['slots', slots],
      ['other', new Message([['a', 'b']])],
    ])
  const links = stored.map((message, slot): [string, Value] => {
    return [String(slot), new Link(messageId(message, 'all'))]
  })
  return {
    loaded: page(new Message(stored.map((message, slot) => [String(slot), message] as const))),
    linked: page(new Message(links).withPrivate({ inlineForms })),
  }
}

const reply = createReply(
  {
    encoders: createReplyEncoders(),
    storeMessage: async () => undefined,
    loadLinks: async (message) => message,
  },
  { cacheSize: 0 },
)

const send = (message: Message, codec: string): Promise<WireReply> =>
  reply({ kind: 'ok', value: message, isOwn: true }, negotiation(codec))

/** The whole reply, or the code of the failure. */
async function shown(message: Message, codec: string): Promise<unknown> {
  try {
    const { status, headers, body, stream } = await send(message, codec)
    const chunks: Uint8Array[] = body === undefined ? [] : [body]
    for await (const chunk of stream ?? []) chunks.push(chunk)
    return { status, headers: [...headers].sort(), body: Buffer.concat(chunks).toString('latin1') }
  } catch (error) {
    if (isAoError(error)) return error.code
    throw error
  }
}

/** Whether JSON can hold a message. */
function isText(message: Message): boolean {
  try {
    encodeJson(message, { bundle: true })
    return true
  } catch (error) {
    if (isAoError(error, 'unencodable')) return false
    throw error
  }
}

for (const codec of ['httpsig@1.0', 'json@1.0']) {
  test(`${codec} of messages in forms of their own is what it is of the messages`, async () => {
    // Of an empty message another part would be written: assignments never are.
    const some = fc.array(
      anyMessage.filter((message) => message.size > 0 && (codec !== 'json@1.0' || isText(message))),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(some, async (messages) => {
        const { loaded, linked } = pagesOf(messages)
        assert.deepEqual(await shown(linked, codec), await shown(loaded, codec))
      }),
    )
  })
}

test('JSON has links where a message nested in one of the messages has bytes, not elsewhere', async () => {
  const bytes = new Message<Value>([['data', Uint8Array.of(0xff)]])
  const text = new Message<Value>([['data', 'text']])
  const messages = [text, bytes].map((body) => new Message<Value>([['body', body]]))
  const { body } = await send(pagesOf(messages).linked, 'json@1.0')
  const { slots } = JSON.parse(Buffer.from(body ?? []).toString())
  assert.deepEqual(slots, {
    0: { body: { data: 'text' } },
    1: { 'body+link': messageId(bytes, 'all') },
  })
})

test('JSON is all links where one of the messages has bytes itself', async () => {
  const { linked } = pagesOf([new Message<Value>([['data', Uint8Array.of(0xff)]])])
  const { body } = await send(linked, 'json@1.0')
  const page = JSON.parse(Buffer.from(body ?? []).toString())
  assert.equal(typeof page['slots+link'], 'string')
  assert.equal(page.count, 1)
})

test('JSON of many messages is streamed, of few it has a length', async () => {
  const many = Array.from({ length: 200 }, (_, n) => new Message<Value>([['n', n]]))
  const { loaded, linked } = pagesOf(many)
  const streamed = await send(linked, 'json@1.0')
  assert.ok(streamed.stream)
  assert.equal(streamed.body, undefined)
  assert.deepEqual(await shown(linked, 'json@1.0'), await shown(loaded, 'json@1.0'))
  const few = await send(pagesOf(many.slice(0, 10)).linked, 'json@1.0')
  assert.ok(few.body)
  assert.equal(few.stream, undefined)
})

test('forms are not kept with what a reply links to', async () => {
  const stored: Message[] = []
  const linking = createReply({
    encoders: createReplyEncoders(),
    storeMessage: async (message) => void stored.push(message),
    loadLinks: async (message) => message,
  })
  const { linked } = pagesOf([new Message([['a', 'b']])])
  const asked = { ...negotiation('httpsig@1.0'), bundle: false }
  await linking({ kind: 'ok', value: linked, isOwn: true }, asked)
  const slots = stored[0]?.get('slots')
  assert.ok(slots instanceof Message)
  assert.equal(slots.priv.inlineForms, undefined)
})
