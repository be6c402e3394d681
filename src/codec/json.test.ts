import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyMessage, assertSameValue } from '../../test/arbitrary-message.ts'
import { type ErrorCode, isAoError } from '../base/errors.ts'
import type { Commitment } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Atom, Float, Link, type Value } from '../message/value.ts'
import { decodeJson, decodeJsonValue, encodeJson } from './json.ts'

const fails = (code: ErrorCode, run: () => unknown) => {
  assert.throws(run, (error) => isAoError(error, code))
}
const inline = (input: Record<string, unknown>) =>
  encodeJson(createMessage(input), { bundle: true })

const hmac: Commitment = {
  id: 'TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI',
  device: 'httpsig@1.0',
  type: 'hmac-sha256',
  keyid: 'constant:ao',
  signature: 'TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI',
  committed: [],
  fields: new Map(),
}
const secret: Commitment = { ...hmac, keyid: `secret:${hmac.id}`, committer: hmac.id }
const committed = (commitment: Commitment) => {
  return new Message<Value>([], new Map([[commitment.id, commitment]]))
}

describe('encodeJson()', () => {
  it('sorts members by bytes and writes no white space', () => {
    assert.equal(
      inline({ b: 1, a: new Float(1), B: 'x', '\u{1f600}': '1', '\uffee': '2' }),
      '{"B":"x","a":1.0,"b":1,"\uffee":"2","\u{1f600}":"1"}',
    )
  })

  it('writes atoms as typed text, and lists of atoms as numbered maps', () => {
    assert.equal(
      inline({ a: [new Atom('a'), 1] }),
      '{"a":{"1":"a","2":1,"ao-types":".=\\"list\\", 1=\\"atom\\""}}',
    )
    assert.equal(
      inline({ a: [], b: [[true], 1, { c: null }] }),
      '{"a":[],"b":[{"1":"true","ao-types":".=\\"list\\", 1=\\"atom\\""},1,{"ao-types":"c=\\"atom\\"","c":"null"}]}',
    )
  })

  it('escapes quotes, backslashes and control characters only', () => {
    assert.equal(
      inline({ k: '"\\/\b\f\n\r\t\u000b\u001f\u007f é\\u001f' }),
      '{"k":"\\"\\\\/\\b\\f\\n\\r\\t\\u000B\\u001F\u007f é\\\\u001f"}',
    )
  })

  it('writes integers of any size in full', () => {
    assert.equal(inline({ n: -(2n ** 80n) }), '{"n":-1208925819614629174706176}')
  })

  it('links nested messages and keeps links', () => {
    const message = createMessage({ n: { a: 1 }, l: new Link('AAAA') })
    assert.equal(
      encodeJson(message),
      '{"l+link":"AAAA","n+link":"Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA"}',
    )
    assert.equal(encodeJson(message, { bundle: true }), '{"l+link":"AAAA","n":{"a":1}}')
  })

  it('keeps nested items of a list, which HyperBEAM loses unless bundled', () => {
    assert.equal(encodeJson([createMessage({ x: 1 }), 2, 'c']), '[{"x":1},2,"c"]')
    assert.equal(
      encodeJson([new Link('AAAA'), 2]),
      '{"1+link":"AAAA","2":2,"ao-types":".=\\"list\\""}',
    )
    assert.equal(encodeJson('text'), '"text"')
  })

  it('shows commitments of the message, and of nested ones only signed ones', () => {
    assert.match(encodeJson(committed(hmac)), /^{"commitments":{"TWaa.*"committed":\[\],/)
    assert.equal(encodeJson(new Message([['n', committed(hmac)]]), { bundle: true }), '{"n":{}}')
    const bundled = encodeJson(new Message([['n', committed(secret)]]), { bundle: true })
    const nested = decodeJson(bundled).get('n')
    assert.ok(nested instanceof Message)
    assert.deepEqual(nested.commitments.get(secret.id), secret)
  })

  it('writes a TABM as what it means', () => {
    const tabm = new Message([
      ['a', '1'],
      ['ao-types', 'a="integer"'],
    ])
    assert.equal(encodeJson(tabm), '{"a":1}')
  })

  it('refuses bytes that are no text, and lazy links', () => {
    fails('unencodable', () => encodeJson(Uint8Array.of(0xff)))
    fails('unencodable', () => encodeJson(new Message([['k', Uint8Array.of(0xff)]])))
    fails('unencodable', () => encodeJson(new Message([['k', new Link('a/b', { lazy: true })]])))
  })
})

describe('decodeJson()', () => {
  it('types numbers and words', () => {
    const decoded = decodeJson(
      ' {"i": 1, "f": 1e3, "g":-0.0, "z": -0, "t" : true,"n":null, "l":[1,"x",[false]],"big":12345678901234567890}\r\n',
    )
    assertSameValue(
      decoded,
      createMessage({
        i: 1,
        f: new Float(1000),
        g: new Float(-0),
        z: 0,
        t: true,
        n: null,
        l: [1, 'x', [false]],
        big: 12345678901234567890n,
      }),
    )
  })

  it('honours ao-types at every level, also over native values', () => {
    assertSameValue(
      decodeJson(
        '{"a":"1","b":2,"l":[{"c":"x","ao-types":"c=\\"atom\\""}],"ao-types":"a=\\"integer\\", b=\\"float\\""}',
      ),
      createMessage({ a: 1, b: 2, l: [{ c: new Atom('x') }] }),
    )
  })

  it('keeps the first of equal members, drops private ones, and trusts no prototype', () => {
    const decoded = decodeJson('{"a":1,"\\u0061":2,"priv":{},"private":1,"__proto__":{"x":1}}')
    assert.deepEqual([...decoded.keys()], ['a', '__proto__'])
    assert.equal(decoded.get('a'), 1)
    assert.equal(decoded.get('x'), undefined)
  })

  it('refuses commitments of somebody else', () => {
    const text = encodeJson(committed(secret)).replace(`"committer":"T`, `"committer":"U`)
    fails('invalid-commitment', () => decodeJson(text))
    fails('invalid-commitment', () => decodeJson('{"commitments":[]}'))
    assert.equal(decodeJson('{"a":1,"commitments":{}}').commitments.size, 0)
  })

  it('refuses other texts', () => {
    const texts = [
      '',
      ' ',
      '{',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{"a":1 "b":2}',
      '{a:1}',
      '[1,]',
      '[1 2]',
      '[',
      '"x',
      '"\n"',
      '"\\x"',
      '"\\u00g0"',
      '"\\ud800"',
      '"\\',
      '01',
      '-',
      '1.',
      '.5',
      '1e',
      '+1',
      'tru',
      'nul',
      'NaN',
      '{} x',
      '{"a":01}',
      '{"a":1.e1}',
      '{"a":-}',
      '{"a":1e999}',
      "{'a':1}",
      '\ufeff{}',
      '\u00a0{}',
    ]
    for (const text of texts) fails('invalid-encoding', () => decodeJsonValue(text))
    for (const text of ['1', 'true', 'null', '1.5'])
      fails('invalid-encoding', () => decodeJsonValue(text))
    fails('invalid-encoding', () => decodeJson(Uint8Array.of(0x22, 0xff, 0x22)))
    fails('invalid-message', () => decodeJson('[1]'))
    fails('invalid-message', () => decodeJson('"x"'))
  })

  it('refuses endless nesting', () => {
    fails('limit-exceeded', () => decodeJsonValue('['.repeat(1_000_000)))
    fails('limit-exceeded', () => decodeJson('{"a":'.repeat(1_000_000)))
    assert.ok(decodeJson(`${'{"a":'.repeat(127)}{}${'}'.repeat(127)}`))
  })

  it('reads lists and texts', () => {
    assertSameValue(decodeJsonValue('[{"a":"1","ao-types":"a=integer"},[]]'), [
      createMessage({ a: 1 }),
      [],
    ])
    assert.equal(decodeJsonValue('"\\u00e9\\/\\ud83d\\ude00"'), 'é/\u{1f600}')
  })
})

describe('encodeJson() and decodeJson()', () => {
  it('give back every message of texts', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        fc.pre(isText(message))
        const json = encodeJson(message, { bundle: true })
        assertSameValue(decodeJson(json), message)
        assert.equal(encodeJson(decodeJson(Buffer.from(json)), { bundle: true }), json)
      }),
    )
  })

  it('agree with JSON.parse on every text', () => {
    const anyText = fc.oneof(
      fc.json(),
      fc.string({ unit: fc.constantFrom(...'[]{}",:\\0123-.eE u') }),
    )
    fc.assert(
      fc.property(anyText, (text) => {
        assert.equal(
          accepts(() => decodeJsonValue(`[${text}]`)),
          accepts(() => JSON.parse(`[${text}]`)),
        )
      }),
    )
  })
})

/** Whether the text is taken; what only a message refuses counts as taken. */
function accepts(run: () => unknown): boolean {
  try {
    run()
    return true
  } catch (error) {
    return isAoError(error) && error.code !== 'invalid-encoding'
  }
}

function isText(value: Value): boolean {
  if (value instanceof Uint8Array) return false
  if (value instanceof Message) return [...value].every(([, item]) => isText(item))
  return Array.isArray(value) ? value.every(isText) : true
}
