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

test('LruMap never forgets one of the keys used last, as many as three quarters of what it holds', () => {
  const map = new LruMap<number, string>(16)
  const used: number[] = []
  let random = 1
  for (let step = 0; step < 5_000; step++) {
    random = (random * 48_271) % 2_147_483_647
    const key = random % 40
    if (map.get(key) === undefined) {
      assert.ok(!used.slice(-12).includes(key), `${key} in step ${step}`)
      map.set(key, `${key}`)
    }
    used.splice(used.indexOf(key), used.includes(key) ? 1 : 0)
    used.push(key)
    assert.ok(map.size <= 16)
  }
})
