import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BASE, type CallOptions, call, messageOf } from '../../test/device-calls.ts'
import { readVectorFile } from '../../test/vectors.ts'
import { isAoError } from '../base/errors.ts'
import { decodeJson } from '../codec/json.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Atom, Link } from '../message/value.ts'
import { failed } from './device.ts'
import { createJsonDevice } from './json.ts'

const CHILD = 'C'.repeat(43)
const child = createMessage({ x: 1 })

const stored: Message[] = []

const device = createJsonDevice({
  loadAll: async (message) =>
    new Message([...message].map(([key, value]) => [key, value instanceof Link ? child : value])),
  storeNested: async (message) => {
    stored.push(message)
  },
})

const serialize = async (path: string, options: CallOptions = {}) => {
  const result = await messageOf(path, { ...options, device })
  assert.equal(result.get('content-type'), 'application/json')
  return result.get('body')
}

describe('serialize', () => {
  test('writes the base without the device and the headers that the request put on it', async () => {
    const base = createMessage({ device: 'process@1.0', a: 1, t: 'x' })
    const request = { accept: '*/*', host: 'h', method: 'GET' }
    assert.equal(
      await serialize(`/${BASE}/~json@1.0/serialize?q=1`, { base, request }),
      '{"a":1,"device":"process@1.0","t":"x"}',
    )
    assert.equal(
      await serialize('/~json@1.0&a=1&b+integer=2/serialize', { request }),
      '{"a":"1","b":2}',
    )
  })

  test('writes what HyperBEAM writes, but for what the request put there', async () => {
    for (const name of ['17h-serialize', '17i-slot-serialize']) {
      const reference = replyOf(name)
      const own = [...decodeJson(reference)].filter(([key]) => !REQUEST_KEYS.has(key))
      const expected = JSON.parse(reference, (key, value) =>
        REQUEST_KEYS.has(key) ? undefined : value,
      )
      if (expected['ao-types'] === 'accept-bundle="atom"') delete expected['ao-types']
      const text = await serialize(`/${BASE}/~json@1.0/serialize`, { base: new Message(own) })
      assert.equal(text, JSON.stringify(expected), name)
    }
  })

  test('writes a number or text as the message that a reply would make of it', async () => {
    const base = createMessage({ current: 6, text: 'x' })
    const path = (key: string) => `/${BASE}/${key}/~json@1.0/serialize`
    assert.equal(await serialize(path('current'), { base }), '{"ao-result":"body","body":6}')
    assert.equal(await serialize(path('text'), { base }), '{"ao-result":"body","body":"x"}')
  })

  test('writes nested messages as links, which it keeps, or inline when bundled', async () => {
    const base = new Message([['n', new Link(CHILD)]])
    assert.equal(await serialize(`/${BASE}/~json@1.0/serialize`, { base }), `{"n+link":"${CHILD}"}`)
    assert.deepEqual([...(stored.at(-1) ?? [])], [...base])
    for (const bundle of ['bundle=true', 'bundle']) {
      const text = await serialize(`/${BASE}/~json@1.0/serialize&${bundle}`, { base })
      assert.equal(text, '{"n":{"x":1}}')
    }
  })
})

test('serialize writes nested messages inline where the node does, unless asked not to', async () => {
  const inline = createJsonDevice({
    loadAll: async (message) => message,
    storeNested: async () => undefined,
    isInline: true,
  })
  const base = createMessage({ n: { x: 1 } })
  const bodyAt = async (path: string) =>
    (await messageOf(path, { base, device: inline })).get('body')
  assert.equal(await bodyAt(`/${BASE}/~json@1.0/serialize`), '{"n":{"x":1}}')
  assert.match(String(await bodyAt(`/${BASE}/~json@1.0/serialize&bundle=false`)), /"n\+link"/)
})

describe('deserialize', () => {
  const deserialize = (body: string, query = '') =>
    call(`/${BASE}/~json@1.0/deserialize${query}`, { device, base: createMessage({ body }) })

  test('reads the text at `body` or at the key that `target` names', async () => {
    const outcome = await deserialize('{"a":1,"t":true}')
    assert.ok(outcome.value instanceof Message)
    assert.deepEqual(
      [...outcome.value],
      [
        ['a', 1],
        ['t', Atom.true],
      ],
    )
    const base = createMessage({ text: '{"a":[1]}' })
    const other = await messageOf(`/${BASE}/~json@1.0/deserialize&target=text`, { device, base })
    assert.deepEqual(other.get('a'), [1])
  })

  test('answers 404 without a text, and 400 for a value that is no text', async () => {
    assert.deepEqual(
      await deserialize('{}', '&target=nothing'),
      failed(
        404,
        createMessage({ body: 'JSON payload not found in the base message.Searched for: nothing' }),
      ),
    )
    const outcome = await call(`/${BASE}/~json@1.0/deserialize`, {
      device,
      base: createMessage({ body: 5 }),
    })
    assert.equal(outcome.kind === 'error' && outcome.status, 400)
  })

  test('refuses text that is no JSON', async () => {
    await assert.rejects(deserialize('{"a":'), (error) => isAoError(error, 'invalid-encoding'))
  })
})

const REQUEST_KEYS = new Set(['accept', 'accept-bundle', 'device', 'from', 'host', 'method', 'to'])

function replyOf(name: string): string {
  const replies = readVectorFile('http/gets') as {
    name: string
    response: { body: { text: string } }
  }[]
  return replies.find((reply) => reply.name === name)?.response.body.text ?? ''
}
