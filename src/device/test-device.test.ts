import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, BASE, call, messageOf } from '../../test/device-calls.ts'
import { createMessage } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { failed } from './device.ts'
import { createTestDevice } from './test-device.ts'

const device = createTestDevice()
const path = (keys: string) => `/${BASE}/~test-device@1.0/${keys}`

test('test-device answers known values', async () => {
  assert.equal(await answerOf('/~test-device@1.0/test_func', { device }), 'GOOD_FUNCTION')
  assert.equal(await answerOf('/~test-device@1.0/info/body/version', { device }), '1.0')
  assert.equal(await answerOf('/~test-device@1.0/index/body', { device }), 'i like turtles!')
  assert.equal(await answerOf('/~test-device@1.0&name=cats/index/body', { device }), 'i like cats!')
  assert.equal((await messageOf('/~test-device@1.0/snapshot', { device })).size, 0)
  const loaded = await messageOf(`/${BASE}/load~test-device@1.0`, { device })
  assert.equal(loaded.get('device'), 'test-device@1.0')
})

test('test-device computes slots, the newest first', async () => {
  const steps = 'init/compute&slot+integer=3/compute&slot+integer=4'
  const state = await messageOf(path(steps), { device, base: createMessage({ x: 1 }) })
  assert.deepEqual(state.get('already-seen'), [4, 3])
  assert.equal((state.get('results') as Message).get('assignment-slot'), 4)
  assert.equal(state.get('random-key'), 'random-value')
  assert.equal(state.get('x'), 1)
  assert.equal((await call(path('compute'), { device })).kind, 'error')
})

test('test-device restores only a state that has seen something', async () => {
  assert.deepEqual(
    await call(path('restore'), { device }),
    failed(400, 'No viable state to restore.'),
  )
  const base = createMessage({ 'already-seen': [1] })
  assert.deepEqual((await messageOf(path('restore'), { device, base })).get('already-seen'), [1])
})

test('test-device multiplies integers of any size', async () => {
  const multiply = (args: unknown) =>
    call(path('mul'), { device, base: createMessage({ state: 's' }), request: { args } })
  const outcome = await multiply([6, 7])
  const { state, results } = Object.fromEntries(outcome.value as Message)
  assert.deepEqual({ state, results }, { state: 's', results: [42] })
  const large = (await multiply([2 ** 40, 2 ** 40])).value as Message
  assert.deepEqual(large.get('results'), [2n ** 80n])
  assert.equal((await multiply(['6', 7])).kind, 'error')
})

test('test-device appends until the third pass', async () => {
  const base = createMessage({ result: 'INIT', 'append-prefix': '+D1' })
  assert.equal(await answerOf(path('append&bin=2/result'), { device, base }), 'INIT+D12')
  const last = base.with([['pass', 3]])
  assert.equal(await answerOf(path('append&bin=2/result'), { device, base: last }), 'INIT')
})

test('test-device waits and answers what it was given', async () => {
  assert.equal(await answerOf(path('delay&duration=1/result'), { device }), 'slept')
  assert.equal(await answerOf(path('delay&duration+integer=1&body=x'), { device }), 'x')
  const base = createMessage({ duration: 1, return: 'r' })
  assert.equal(await answerOf(path('delay&body=x'), { device, base }), 'r')
  assert.equal(await answerOf(path('postprocess&body=x'), { device }), 'x')
})

test('test-device has no workers', async () => {
  const none = failed(400, 'No test ID found in message.')
  assert.deepEqual(await call(path('update_state'), { device }), none)
  assert.deepEqual(
    await call(path('update_state&test-id=1'), { device }),
    failed(400, 'No test worker found.'),
  )
  assert.deepEqual(
    await call(path('increment_counter&test-id=1'), { device }),
    failed(400, 'No test worker found for increment.'),
  )
})
