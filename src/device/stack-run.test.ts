/** How a stack ends badly, and what it tells of its members. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { device, message, refusal } from '../../test/resolver-fixture.ts'
import { appendDevice, stackOf, stackResolver } from '../../test/stack-fixture.ts'
import { isAoError } from '../base/errors.ts'
import type { Message } from '../message/message.ts'
import { failed, pass } from './device.ts'

const D1 = appendDevice('+D1')
const D2 = appendDevice('+D2')

describe('stack@1.0, errors of members', () => {
  const broken = device('broken@1.0', { append: async () => failed(402, 'Not enough') })
  const base = stackOf(['append+D1@1.0', 'broken@1.0', 'append+D2@1.0'])
  const devices = [D1, D2, broken]

  test('throw, the default: 500 with what failed', async () => {
    const outcome = await stackResolver({ devices }).call(base, 'append', { bin: '2' })
    assert.equal(outcome.kind === 'error' && outcome.status, 500)
    const { error, device, 'device-key': key, reason } = refusal(outcome)
    assert.deepEqual([error, device, key, reason], ['device_failed', 'broken@1.0', 2, 'Not enough'])
  })

  test('stop: the status of the member', async () => {
    const options = { errorStrategy: 'stop' } as const
    const outcome = await stackResolver({ devices, options }).call(base, 'append', { bin: '2' })
    assert.equal(outcome.kind === 'error' && outcome.status, 402)
    assert.equal(refusal(outcome).error, 'stack_call_failed')
  })

  test('ignore: as if the member were not there; request and base may ask for it', async () => {
    const { call } = stackResolver({ devices })
    const byRequest = await call(base, 'append', { bin: '2', 'error-strategy': 'ignore' })
    assert.equal(message(byRequest).get('result'), 'INIT+D12+D22')
    const byBase = await call({ ...base, 'error-strategy': 'ignore' }, 'append', { bin: '2' })
    assert.equal(message(byBase).get('result'), 'INIT+D12+D22')
  })

  test('skip without a message is an error', async () => {
    const odd = device('odd@1.0', { append: async () => ({ kind: 'skip', value: 'text' }) })
    const outcome = await stackResolver({ devices: [odd] }).call(stackOf(['odd@1.0']), 'append')
    assert.equal(refusal(outcome).reason, 'Expected a message with skip.')
  })

  test('a device that the node does not have is named', async () => {
    await assert.rejects(stackResolver().call(stackOf(['no@1.0']), 'x'), (error) =>
      isAoError(error, 'unsupported-device'),
    )
  })
})

describe('stack@1.0, passes without end', () => {
  const again = device('again@1.0', { append: async (base) => pass(base) })

  test('end with a reason at the configured number', async () => {
    const { call, steps } = stackResolver({ devices: [again], options: { maxPasses: 5 } })
    const outcome = await call(stackOf(['again@1.0']), 'append')
    assert.equal(outcome.kind === 'error' && outcome.status, 508)
    assert.match(String(refusal(outcome).body), /more than 5 passes/)
    assert.equal(steps.length, 5)
  })

  test('stacks within stacks do not multiply them, whatever they do about errors', async () => {
    const { call, steps } = stackResolver({ devices: [again], options: { maxPasses: 5 } })
    for (const mode of ['Fold', 'Map']) {
      const names = ['stack@1.0', 'stack@1.0']
      const base = stackOf(names, { mode, 'error-strategy': 'ignore' })
      const outcome = await call(base, 'append')
      assert.equal(outcome.kind === 'error' && outcome.status, 508)
    }
    assert.ok(steps.length < 1_000, `${steps.length} steps`)
  })

  test('allow-multipass: false hands the wish to start again on to the caller', async () => {
    const { call, steps } = stackResolver({ devices: [again, D1] })
    const base = stackOf(['append+D1@1.0', 'again@1.0'], { 'allow-multipass': 'false' })
    const outcome = await call(base, 'append', { bin: 'x' })
    assert.equal(outcome.kind, 'pass')
    assert.equal(steps.length, 2)
    const result = message({ ...outcome, kind: 'ok' })
    assert.equal(result.get('result'), 'INIT+D1x')
    assert.equal(result.get('device'), 'stack@1.0')
  })
})

describe('stack@1.0, what its members did', () => {
  test('is told as events, and in the result where asked for', async () => {
    const { call, steps } = stackResolver({ devices: [D1] })
    const base = stackOf(['append+D1@1.0', 'multipass@1.0', 'message@1.0'], { passes: 2 })
    const result = message(await call(base, 'append', { bin: 'x', 'stack-steps': 'true' }))
    const expected = [
      ['append+D1@1.0', 1, 'ok'],
      ['multipass@1.0', 1, 'pass'],
      ['append+D1@1.0', 2, 'ok'],
      ['multipass@1.0', 2, 'ok'],
      ['message@1.0', 2, 'not-found'],
    ]
    assert.deepEqual(
      steps.map(({ device, pass, outcome }) => [device, pass, outcome]),
      expected,
    )
    assert.ok(steps.every(({ key, durationMs }) => key === 'append' && durationMs >= 0))
    const listed = result.get('stack-steps')
    assert.ok(Array.isArray(listed))
    assert.deepEqual(
      listed.map((step: Message) => [step.get('device'), step.get('pass'), step.get('outcome')]),
      expected,
    )
    assert.equal(message(await call(base, 'append', { bin: 'x' })).has('stack-steps'), false)
  })

  test('is in every result by an option', async () => {
    const { call } = stackResolver({ devices: [D1], options: { recordSteps: true } })
    const result = message(await call(stackOf(['append+D1@1.0']), 'append', { mode: 'map' }))
    assert.ok(result.has('stack-steps'))
  })
})
