import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { parseFlat } from '../codec/flat.ts'
import { decodeHttpsig, REQUEST_LIMITS } from '../codec/httpsig/httpsig.ts'
import { decodeJson } from '../codec/json.ts'
import { parseDictionary, parseList } from './structured-fields.ts'
import { MAX_NESTED, MAX_VALUES, REQUEST_VALUES } from './value-limit.ts'

const isLimit = (error: unknown): boolean => isAoError(error, 'limit-exceeded')

function many(count: number, one: (n: number) => string, separator: string): string {
  return Array.from({ length: count }, (_, n) => one(n)).join(separator)
}

test('JSON, flat text and structured fields have a number of values', () => {
  const items = many(MAX_VALUES, () => '0', ',')
  const decode = (json: string) => decodeJson(json, REQUEST_VALUES)
  assert.throws(() => decode(`{"a":[${items}]}`), isLimit)
  assert.equal(decodeJson(`{"a":[${items}]}`).size, 1, 'a reader takes what it asked for')
  assert.equal(decode(`{"a":[${items.slice(4)}]}`).size, 1)
  assert.throws(() => decode(`{${many(MAX_VALUES, (n) => `"${n}":""`, ',')}}`), isLimit)
  assert.throws(() => decode(`{"a":[${many(MAX_NESTED, () => '{}', ',')}]}`), isLimit)
  assert.throws(() => parseFlat(many(MAX_VALUES + 1, (n) => `${n}: 1`, '\n')), isLimit)
  assert.throws(() => parseFlat(many(MAX_NESTED + 1, (n) => `${n}/a: 1`, '\n')), isLimit)
  assert.throws(() => parseList(many(MAX_VALUES + 1, () => '1', ', ')), isLimit)
  assert.equal(parseList(many(MAX_VALUES, () => '1', ', ')).length, MAX_VALUES)
  assert.throws(() => parseDictionary(many(MAX_VALUES + 1, (n) => `k${n}`, ', ')), isLimit)
})

test('short paths may not stand for very many messages', () => {
  const deep = '/a'.repeat(120)
  assert.throws(() => parseFlat(many(200, (n) => `k${n}${deep}: 1`, '\n')), isLimit)
  const part = (name: string) => `--b\r\ncontent-disposition: form-data;name="${name}"\r\n\r\n1\r\n`
  const headers = [['content-type', 'multipart/form-data; boundary="b"']] as const
  const decode = (parts: string, options = {}) =>
    decodeHttpsig({ headers, body: Buffer.from(`${parts}--b--`) }, options)
  const strange = many(200, (n) => part(`k${n}${deep}`), '')
  assert.throws(() => decode(strange, { partLimits: REQUEST_LIMITS }), isLimit)
  assert.throws(() => decode(many(1_200, (n) => part(`k${n}${deep}`), '')), isLimit)
  assert.throws(() => decode(part('a/'.repeat(1_000_000))), isLimit)
  assert.equal(decode(many(100, (n) => part(`k${n}${deep}`), '')).size, 100)
})

test('a multipart body has a number of parts and lines, a request fewer than a page', () => {
  const headers = [['content-type', 'multipart/form-data; boundary="b"']] as const
  const ofRequest = { partLimits: REQUEST_LIMITS }
  const decode = (text: string, options = {}) =>
    decodeHttpsig({ headers, body: Buffer.from(`${text}--b--`) }, options)
  const lines = (count: number): string => {
    const head = many(count, (n) => `k${n}: 1`, '\r\n')
    return `--b\r\ncontent-disposition: form-data;name="a"\r\n${head}\r\n\r\n`
  }
  assert.throws(() => decode(lines(1_048_576)), isLimit)
  assert.throws(() => decode(lines(REQUEST_LIMITS.lines), ofRequest), isLimit)
  assert.equal(decode(lines(REQUEST_LIMITS.lines)).size, 1)
  const part = (n: number): string =>
    `--b\r\ncontent-disposition: form-data;name="k${n}"\r\n\r\n\r\n`
  assert.throws(() => decode(many(131_073, part, '')), isLimit)
  assert.throws(() => decode(many(REQUEST_LIMITS.parts + 1, part, ''), ofRequest), isLimit)
  assert.equal(decode(many(REQUEST_LIMITS.parts + 1, part, '')).size, REQUEST_LIMITS.parts + 1)
})

test('a path that is cut at its limit is refused, not read as a shorter one', () => {
  const gap = '/'.repeat(600)
  assert.throws(() => parseFlat(`a${gap}b: 1`), isLimit)
  assert.equal(parseFlat(`a${gap.slice(400)}b: 1`).has('a'), true)
})
