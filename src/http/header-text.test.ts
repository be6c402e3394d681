import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyBinary } from '../../test/arbitrary-message.ts'
import { equalBinary } from '../base/bytes.ts'
import {
  decodeHeaderValue,
  encodeHeaderName,
  encodeHeaderValue,
  singleLine,
} from './header-text.ts'

test('encodeHeaderValue() and decodeHeaderValue() keep the bytes of what a header can carry', () => {
  fc.assert(
    fc.property(anyBinary, (value) => {
      const text = encodeHeaderValue(value)
      if (text !== undefined) assert.ok(equalBinary(decodeHeaderValue(text), value))
    }),
  )
})

test('encodeHeaderValue() writes UTF-8 byte by byte, and refuses controls', () => {
  assert.equal(encodeHeaderValue('é'), '\u00c3\u00a9')
  assert.equal(encodeHeaderValue(new Uint8Array([0xff])), '\u00ff')
  assert.equal(encodeHeaderValue('tab\tand blank '), 'tab\tand blank ')
  for (const value of ['a\nb', 'a\rb', 'a\0b', '\x7f', new Uint8Array([10])]) {
    assert.equal(encodeHeaderValue(value), undefined)
  }
})

test('decodeHeaderValue() keeps bytes that are no UTF-8 as bytes', () => {
  assert.equal(decodeHeaderValue('plain'), 'plain')
  assert.equal(decodeHeaderValue('\u00c3\u00a9'), 'é')
  assert.deepEqual(decodeHeaderValue('\u00ff'), Buffer.from([0xff]))
})

test('encodeHeaderName() gives lower case, and refuses what is no token', () => {
  assert.equal(encodeHeaderName('Key+link'), 'key+link')
  for (const key of ['', 'a b', 'é', 'a:b', 'a"b', 'a/b']) {
    assert.equal(encodeHeaderName(key), undefined)
  }
})

test('singleLine() has no line breaks and no other controls', () => {
  assert.equal(singleLine(' a\r\n  b\tc\0 '), 'a b c')
})
