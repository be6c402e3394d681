import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdleMemory } from './idle-memory.ts'

test('createIdleMemory() saves from when there is nearly no work until there is much', () => {
  const switched: boolean[] = []
  const observe = createIdleMemory((isOn) => switched.push(isOn))
  for (const utilization of [0.9, 0.1]) observe(utilization)
  assert.deepEqual(switched, [])
  for (const utilization of [0.04, 0, 0.1, 0.19]) observe(utilization)
  assert.deepEqual(switched, [true])
  for (const utilization of [0.2, 1, 0.1]) observe(utilization)
  assert.deepEqual(switched, [true, false])
  observe(0)
  assert.deepEqual(switched, [true, false, true])
})
