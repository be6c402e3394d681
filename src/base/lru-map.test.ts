import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LruMap } from './lru-map.ts'

test('LruMap keeps what was used last', () => {
  const map = new LruMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  assert.equal(map.get('a'), 1)
  map.set('c', 3)
  assert.equal(map.get('b'), undefined)
  assert.equal(map.get('a'), 1)
  assert.equal(map.get('c'), 3)
  map.delete('a')
  assert.equal(map.size, 1)
})

test('LruMap of no capacity keeps nothing', () => {
  const map = new LruMap<string, number>(0)
  map.set('a', 1)
  assert.equal(map.size, 0)
})
