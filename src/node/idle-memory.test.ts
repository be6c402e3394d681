import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdleMemory } from './idle-memory.ts'

test('createIdleMemory() saves after a minute with nearly no work until there is much', () => {
  const switched: boolean[] = []
  const observe = createIdleMemory((isOn) => switched.push(isOn))
  const rest = (looks: number): void => {
    for (let look = 0; look < looks; look++) observe(0.04)
  }
  observe(0.9)
  rest(59)
  observe(0.1)
  rest(59)
  assert.deepEqual(switched, [])
  rest(1)
  for (const utilization of [0, 0.1, 0.19]) observe(utilization)
  assert.deepEqual(switched, [true])
  for (const utilization of [0.2, 1, 0.1]) observe(utilization)
  rest(59)
  assert.deepEqual(switched, [true, false])
  rest(1)
  assert.deepEqual(switched, [true, false, true])
})
