import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMessage } from '../../test/arbitrary-message.ts'
import { Message } from '../message/message.ts'
import { formatTyped } from '../message/typed-notation.ts'
import { Atom, Float, Link, type Value } from '../message/value.ts'
import { contentKey } from './content-key.ts'

test('contentKey() is equal only for equal messages', () => {
  fc.assert(
    fc.property(anyMessage, anyMessage, (left, right) => {
      const key = contentKey(left)
      if (key === undefined || key !== contentKey(right)) return
      assert.deepEqual(formatTyped(left), formatTyped(right))
    }),
  )
})

test('contentKey() tells values apart that look alike', () => {
  const values: Value[] = [
    '1',
    1,
    new Float(1),
    new Atom('1'),
    new Link('1'),
    new Link('1', { lazy: true }),
    ['1'],
    [1],
    new Message<Value>([['1', '1']]),
    new Float(-0),
    new Float(0),
  ]
  const keys = values.map((value) => contentKey(new Message<Value>([['k', value]])))
  assert.equal(new Set(keys).size, values.length)
  const split = contentKey(
    new Message<Value>([
      ['a', '1'],
      ['b', '2'],
    ]),
  )
  assert.notEqual(split, contentKey(new Message<Value>([['a', '1b2']])))
})

test('contentKey() has none for large messages, bytes and commitments', () => {
  assert.equal(contentKey(new Message<Value>([['k', 'x'.repeat(5_000)]])), undefined)
  assert.equal(contentKey(new Message<Value>([['k', new Uint8Array(1)]])), undefined)
  const hashed = new Message<Value>([['k', '1']]).withPrivate({ hashpath: 'a/b' })
  assert.notEqual(contentKey(hashed), contentKey(new Message<Value>([['k', '1']])))
})
