import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTokenBuckets } from './token-buckets.ts'

function setup(options: { perSecond: number; burst: number; capacity?: number }) {
  let nowMs = 5_000
  const buckets = createTokenBuckets({ ...options, now: () => nowMs })
  const take = (name: string, count: number): number[] =>
    Array.from({ length: count }, () => buckets.take(name))
  const wait = (ms: number): void => {
    nowMs += ms
  }
  return { take, wait }
}

test('take() gives a burst, then tells how long to wait', () => {
  const { take, wait } = setup({ perSecond: 10, burst: 3 })
  assert.deepEqual(take('a', 5), [0, 0, 0, 100, 100])
  wait(60)
  assert.deepEqual(take('a', 1), [40])
  wait(40)
  assert.deepEqual(take('a', 2), [0, 100])
  wait(10_000)
  assert.deepEqual(take('a', 4), [0, 0, 0, 100])
})

test('take() counts each name for itself', () => {
  const { take } = setup({ perSecond: 1, burst: 1 })
  assert.deepEqual(take('a', 2), [0, 1_000])
  assert.deepEqual(take('__proto__', 2), [0, 1_000])
})

test('take() keeps the average over a long time', () => {
  const { take, wait } = setup({ perSecond: 7, burst: 5 })
  let taken = 0
  for (let ms = 0; ms < 100_000; ms += 10) {
    wait(10)
    if (take('a', 1)[0] === 0) taken++
  }
  assert.ok(Math.abs(taken - 705) <= 2, String(taken))
})

test('take() forgets the longest silent name for a new one', () => {
  const { take } = setup({ perSecond: 1, burst: 1, capacity: 2 })
  take('a', 1)
  take('b', 1)
  assert.deepEqual(take('b', 1), [1_000])
  take('c', 1)
  assert.deepEqual(take('b', 1), [1_000])
  assert.deepEqual(take('a', 1), [0])
})
