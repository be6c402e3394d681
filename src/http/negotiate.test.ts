import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import { codecOfMediaType } from './codec-name.ts'
import { negotiate, type Wishes, wantsJson } from './negotiate.ts'

const CODECS = new Set(['httpsig@1.0', 'json@1.0', 'ans104@1.0'])

function wishes(keys: Record<string, Value>, more: Partial<Wishes> = {}): Wishes {
  const message = new Message<Value>(Object.entries(keys))
  return { message, primitive: new Map(), readsAcceptCodec: false, ...more }
}

test('codecOfMediaType() follows the rule of the reference', () => {
  const cases: [type: string, codec: string][] = [
    ['application/json', 'json@1.0'],
    ['application/json@1.0', 'json@1.0'],
    ['application/ans104', 'ans104@1.0'],
    ['application/json; charset=utf-8', 'httpsig@1.0'],
    ['application/octet-stream', 'httpsig@1.0'],
    ['application/aos-2', 'httpsig@1.0'],
    ['device/json@1.0', 'json@1.0'],
    ['device/nosuch', 'nosuch'],
    ['json@1.0', 'json@1.0'],
    ['foo@1.0', 'foo@1.0'],
    ['text/html', 'httpsig@1.0'],
    ['*/*', 'httpsig@1.0'],
  ]
  for (const [type, codec] of cases) assert.equal(codecOfMediaType(type, CODECS), codec, type)
})

test('negotiate() takes require-codec before accept, keys before headers', () => {
  const accept = 'application/json'
  assert.equal(negotiate(wishes({ accept }), CODECS).codec, 'json@1.0')
  const required = negotiate(wishes({ accept, 'require-codec': 'application/ans104' }), CODECS)
  assert.deepEqual([required.codec, required.isRequired], ['ans104@1.0', true])
  const primitive = new Map([['require-codec', 'application/json']])
  assert.equal(negotiate(wishes({ accept: '*/*' }, { primitive }), CODECS).codec, 'json@1.0')
  assert.equal(negotiate(wishes({}), CODECS).codec, 'httpsig@1.0')
})

test('negotiate() reads accept-codec only where clients rely on it', () => {
  const keys = { accept: '*/*', 'accept-codec': 'json@1.0' }
  assert.equal(negotiate(wishes(keys), CODECS).codec, 'httpsig@1.0')
  assert.equal(negotiate(wishes(keys, { readsAcceptCodec: true }), CODECS).codec, 'json@1.0')
})

test('negotiate() reads accept-bundle as a boolean of any form, and refuses others', () => {
  const bundle = (value: Value): boolean =>
    negotiate(wishes({ 'accept-bundle': value }), CODECS).bundle
  assert.equal(bundle('true'), true)
  assert.equal(bundle(Atom.true), true)
  assert.equal(bundle('false'), false)
  assert.equal(bundle(Atom.false), false)
  assert.equal(negotiate(wishes({}), CODECS).bundle, false)
  for (const value of ['maybe', '1', 1]) {
    assert.throws(
      () => bundle(value),
      (error) => isAoError(error, 'invalid-value'),
    )
  }
})

test('negotiate() refuses a codec that replies cannot have', () => {
  for (const keys of [{ 'require-codec': 'foo@1.0' }, { accept: 'foo@1.0' }]) {
    assert.throws(
      () => negotiate(wishes(keys), CODECS),
      (error) => isAoError(error, 'unsupported-codec') && error.context.codec === 'foo@1.0',
    )
  }
})

test('negotiate() knows a browser that navigates from a program', () => {
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  assert.equal(negotiate(wishes({ accept }), CODECS).wantsPage, true)
  assert.equal(negotiate(wishes({ accept: '*/*' }), CODECS).wantsPage, false)
  const required = wishes({ accept, 'require-codec': 'json@1.0' })
  assert.equal(negotiate(required, CODECS).wantsPage, false)
})

test('wantsJson() knows JSON as the first wish', () => {
  for (const accept of ['application/json', 'application/json, text/plain, */*', 'json@1.0']) {
    assert.equal(wantsJson(accept), true, accept)
  }
  for (const accept of ['*/*', 'text/html, application/json', 'application/jsonl']) {
    assert.equal(wantsJson(accept), false, accept)
  }
})
