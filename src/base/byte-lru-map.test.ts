import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteLruMap } from './byte-lru-map.ts'

test('ByteLruMap forgets what was used longest ago when its bytes are too many', () => {
  const map = new ByteLruMap<string, number>(10)
  map.set('a', 1, 4)
  map.set('b', 2, 4)
  assert.equal(map.get('a'), 1)
  map.set('c', 3, 4)
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [1, undefined, 3])
  assert.equal(map.usedBytes, 8)
})

test('ByteLruMap counts a key that is set again once', () => {
  const map = new ByteLruMap<string, number>(10)
  map.set('a', 1, 4)
  map.set('a', 2, 9)
  assert.equal(map.get('a'), 2)
  assert.equal(map.usedBytes, 9)
})

test('ByteLruMap keeps nothing that is larger than its limit, nor what it had under that key', () => {
  const map = new ByteLruMap<string, number>(10)
  map.set('a', 1, 4)
  map.set('b', 2, 4)
  map.set('a', 3, 11)
  assert.deepEqual([map.get('a'), map.get('b')], [undefined, 2])
  assert.equal(map.usedBytes, 4)
  assert.equal(new ByteLruMap<string, number>(0).get('a'), undefined)
})
