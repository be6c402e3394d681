import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Commitment } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import { setKeys } from './set-keys.ts'

const UNSET = new Atom('unset')

/** A message whose keys `a` and `n` are committed to. */
function committed(): Message {
  const commitment: Commitment = {
    id: 'A'.repeat(43),
    device: 'httpsig@1.0',
    type: 'hmac-sha256',
    committed: ['a', 'n'],
    fields: new Map(),
  }
  return createMessage({ a: '1', n: { x: 1 }, free: '1' }).withCommitments(
    new Map([[commitment.id, commitment]]),
  )
}

const set = (base: Message, values: [string, Value][]) => Object.fromEntries(setKeys(base, values))

test('setKeys() sets, replaces and removes keys', () => {
  const base = createMessage({ a: '1', b: '2' })
  assert.deepEqual(
    set(base, [
      ['a', 'new'],
      ['b', UNSET],
      ['c', 3],
      ['d', UNSET],
    ]),
    {
      a: 'new',
      c: 3,
    },
  )
})

test('setKeys() merges nested messages, and replaces them when told to be explicit', () => {
  const base = createMessage({ n: { x: 1, y: { z: 1 } } })
  const change = createMessage({ n: { y: { w: 2 } } })
  assert.deepEqual(setKeys(base, change), createMessage({ n: { x: 1, y: { z: 1, w: 2 } } }))
  assert.deepEqual(setKeys(base, change, { mode: 'explicit' }), change)
})

test('setKeys() leaves out private keys and those with a meaning in a request', () => {
  const keys = ['priv', 'private-x', 'path', 'set', 'set-mode', 'id', 'keys', 'commitments']
  assert.deepEqual(
    set(
      new Message(),
      keys.map((key) => [key, 'x']),
    ),
    {},
  )
})

test('setKeys() keeps commitments while the keys that they cover read the same', () => {
  const base = committed()
  const kept = setKeys(base, [
    ['a', Buffer.from('1')],
    ['n', createMessage({ x: 1 })],
    ['free', '2'],
    ['more', 'x'],
  ])
  assert.equal(kept.commitments, base.commitments)
})

test('setKeys() drops all commitments once a key that one covers changes', () => {
  for (const change of [
    ['a', '2'],
    ['a', 1],
    ['a', UNSET],
    ['n', createMessage({ y: 1 })],
  ] as [string, Value][]) {
    assert.equal(setKeys(committed(), [change]).commitments.size, 0, change[0])
  }
})

test('setKeys() treats prototype names as keys', () => {
  const result = setKeys(new Message(), [['__proto__', 'x']])
  assert.deepEqual([...result], [['__proto__', 'x']])
})
