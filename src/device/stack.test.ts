/** HyperBEAM's own cases and ours. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { device, message, NOT_FOUND } from '../../test/resolver-fixture.ts'
import { appendDevice, stackOf, stackResolver } from '../../test/stack-fixture.ts'
import { isAoError } from '../base/errors.ts'
import { createMessage } from '../message/create-message.ts'
import { hashpath } from '../message/hashpath.ts'
import { Message } from '../message/message.ts'
import { failed, ok } from './device.ts'
import { changeAt, getAt, pathKeys } from './message-path.ts'
import { numberAt, textAt } from './read-key.ts'
import { setKeys } from './set-keys.ts'

const D1 = appendDevice('+D1')
const D2 = appendDevice('+D2')
const D3 = appendDevice('+D3')

describe('stack@1.0, Fold', () => {
  test('runs the key over its members in order and restores itself', async () => {
    const { call } = stackResolver({ devices: [D1, D2] })
    const result = message(
      await call(stackOf(['append+D1@1.0', 'append+D2@1.0']), 'append', { bin: '2' }),
    )
    assert.equal(result.get('result'), 'INIT+D12+D22')
    assert.equal(result.get('device'), 'stack@1.0')
    assert.equal(result.has('pass'), false)
    assert.equal(result.has('device-key'), false)
    assert.equal(result.get('previous-device'), 'dev_message')
  })

  test('members may be numbered keys; a gap ends the stack', async () => {
    const { call } = stackResolver({ devices: [D1, D2, D3] })
    const stack = { 1: 'append+D1@1.0', 2: 'append+D2@1.0', 4: 'append+D3@1.0' }
    const base = { ...stackOf([]), 'device-stack': stack }
    const result = message(await call(base, 'append', { bin: '2' }))
    assert.equal(result.get('result'), 'INIT+D12+D22')
  })

  test('eight members', async () => {
    const devices = Array.from({ length: 8 }, (_, n) => appendDevice(`+D${n + 1}`))
    const { call } = stackResolver({ devices })
    const result = message(
      await call(stackOf(devices.map(({ name }) => name)), 'append', { bin: '2' }),
    )
    assert.equal(result.get('result'), 'INIT+D12+D22+D32+D42+D52+D62+D72+D82')
  })

  test('the result is a stack again', async () => {
    const { call } = stackResolver({ devices: [D1, D2] })
    const first = message(
      await call(stackOf(['append+D1@1.0', 'append+D2@1.0']), 'append', { bin: '2' }),
    )
    const second = message(await call(first, 'append', { bin: '3' }))
    assert.equal(second.get('result'), 'INIT+D12+D22+D13+D23')
  })

  test('its hashpath is that of the one call on the stack', async () => {
    const { call } = stackResolver({ devices: [D1, D2] })
    const base = createMessage(stackOf(['append+D1@1.0', 'append+D2@1.0']))
    const keys = { bin: '2' }
    const first = message(await call(base, 'append', keys))
    const request = createMessage({ ...keys, path: 'append' })
    assert.equal(hashpath(first), hashpath(base, request))
    const second = message(await call(first, 'append', keys))
    assert.equal(hashpath(second), hashpath(first, request))
  })

  test('skip leaves out the members after it', async () => {
    const { call } = stackResolver({ devices: [appendDevice('+D1', 'skip'), D2] })
    const result = message(
      await call(stackOf(['append+D1@1.0', 'append+D2@1.0']), 'append', { bin: '2' }),
    )
    assert.equal(result.get('result'), 'INIT+D12')
    assert.equal(result.get('device'), 'stack@1.0')
  })

  test('pass starts again from the first member, with the state kept', async () => {
    const { call } = stackResolver({ devices: [appendDevice('+D1', 'pass'), D2] })
    const result = message(await call(stackOf(['append+D1@1.0']), 'append', { bin: '_' }))
    assert.equal(result.get('result'), 'INIT+D1_+D1_')
    const both = message(
      await call(stackOf(['append+D1@1.0', 'append+D2@1.0']), 'append', { bin: '2' }),
    )
    assert.equal(both.get('result'), 'INIT+D12+D12')
  })

  test('multipass@1.0 as a member asks for passes', async () => {
    const { call } = stackResolver({ devices: [D1] })
    const base = stackOf(['append+D1@1.0', 'multipass@1.0'], { passes: 2 })
    const result = message(await call(base, 'append', { bin: 'x' }))
    assert.equal(result.get('result'), 'INIT+D1x+D1x')
  })

  test('the counter of passes is given back to whoever had one', async () => {
    const { call } = stackResolver({ devices: [D1] })
    const base = stackOf(['append+D1@1.0', 'multipass@1.0'], { passes: 2, pass: 7 })
    assert.equal(message(await call(base, 'append', { bin: 'x' })).get('pass'), 7)
  })

  test('a member without the key is passed over', async () => {
    const special = device('special@1.0', {
      special: async (base) => ok(setKeys(base, [['output', 1337]])),
    })
    const { call } = stackResolver({ devices: [D1, special] })
    const base = stackOf(['append+D1@1.0', 'special@1.0'])
    assert.equal(message(await call(base, 'append', { bin: '_' })).get('result'), 'INIT+D1_')
    assert.equal((await call(base, 'special/output')).value, 1337)
    const untouched = message(await call(base, 'nobody-has-this'))
    assert.equal(untouched.get('result'), 'INIT')
  })

  test('what is no message is the result at once', async () => {
    const last = device('text@1.0', { append: async () => ok('TEXT') })
    const { call } = stackResolver({ devices: [D1, last] })
    const outcome = await call(stackOf(['text@1.0', 'append+D1@1.0']), 'append')
    assert.deepEqual(outcome.value, 'TEXT')
  })

  test('stack-keys leaves all other keys to the message', async () => {
    const { call } = stackResolver({ devices: [D1] })
    const base = stackOf(['append+D1@1.0'], { 'stack-keys': ['append'] })
    assert.equal(message(await call(base, 'append', { bin: '1' })).get('result'), 'INIT+D11')
    assert.deepEqual((await call(base, 'result')).value, 'INIT')
    assert.deepEqual(await call(base, 'other'), NOT_FOUND)
  })

  test('keys and set are those of the message', async () => {
    const { call } = stackResolver({ devices: [D1] })
    const base = stackOf(['append+D1@1.0'])
    assert.deepEqual((await call(base, 'keys')).value, ['device', 'device-stack', 'result'])
    assert.equal(message(await call(base, 'set', { result: 'NEW' })).get('result'), 'NEW')
  })

  test('a base without device-stack is refused', async () => {
    const { call } = stackResolver()
    await assert.rejects(call({ device: 'stack@1.0' }, 'x'), (error) =>
      isAoError(error, 'invalid-request'),
    )
  })
})

describe('stack@1.0, Map', () => {
  test('gives the result of each member on the base, by request, base, any case', async () => {
    const { call } = stackResolver({ devices: [D1, D2] })
    const base = stackOf(['append+D1@1.0', 'append+D2@1.0'])
    for (const [stack, keys] of [
      [base, { mode: 'Map' }],
      [{ ...base, mode: 'map' }, {}],
    ] as const) {
      const result = message(await call(stack, 'append', { bin: '/', ...keys }))
      assert.deepEqual([...result.keys()], ['1', '2'])
      assert.equal(message(ok(result.get('1') ?? '')).get('result'), 'INIT+D1/')
      assert.equal(message(ok(result.get('2') ?? '')).get('result'), 'INIT+D2/')
    }
  })

  test('members have names; what fails is left out', async () => {
    const broken = device('broken@1.0', { append: async () => failed(400, 'No') })
    const { call } = stackResolver({ devices: [D1, broken] })
    const stack = { first: 'append+D1@1.0', second: 'broken@1.0' }
    const result = message(
      await call({ ...stackOf([]), 'device-stack': stack }, 'append', { mode: 'Map', bin: '' }),
    )
    assert.deepEqual([...result.keys()], ['first'])
    assert.equal(message(ok(result.get('first') ?? '')).get('device-key'), 'first')
  })

  test('another mode is refused', async () => {
    const outcome = await stackResolver().call(stackOf([]), 'append', { mode: 'Tree' })
    assert.equal(outcome.kind === 'error' && outcome.status, 400)
  })
})

describe('stack@1.0, prefixes', () => {
  /** Copies the key that `key` names from under the input prefix to under the output prefix. */
  const copier = device('copier@1.0', {
    'prefix-set': async (base, request, context) => {
      const from = pathKeys(textAt(base, 'input-prefix') ?? '')
      const to = pathKeys(textAt(base, 'output-prefix') ?? '')
      const key = textAt(request, 'key') ?? ''
      const value = await getAt(request, [...from, key], context)
      return ok(await changeAt(base, { path: [...to, key], change: () => value }, context))
    },
  })
  const { call } = stackResolver({ devices: [copier] })
  const base = { device: 'stack@1.0', 'device-stack': ['copier@1.0', 'copier@1.0'] }

  function numberIn(result: Message, key: string): number | undefined {
    const nested = result.get(key)
    return nested instanceof Message ? numberAt(nested, 'example') : undefined
  }

  test('none', async () => {
    const result = message(await call(base, 'prefix_set', { key: 'example', example: 1 }))
    assert.equal(result.get('example'), 1)
  })

  test('of the output', async () => {
    const prefixes = { 1: 'out1/', 2: 'out2/' }
    const keys = { key: 'example', example: 1 }
    const result = message(await call({ ...base, 'output-prefixes': prefixes }, 'prefix_set', keys))
    assert.equal(numberIn(result, 'out1'), 1)
    assert.equal(numberIn(result, 'out2'), 1)
  })

  test('of input and output, as a list too', async () => {
    const stack = {
      ...base,
      'input-prefixes': ['in1/', 'in2/'],
      'output-prefixes': ['out1/', 'out2/'],
    }
    const keys = { key: 'example', in1: { example: 1 }, in2: { example: 2 } }
    const result = message(await call(stack, 'prefix_set', keys))
    assert.equal(numberIn(result, 'out1'), 1)
    assert.equal(numberIn(result, 'out2'), 2)
  })

  test('of the stack itself pass through', async () => {
    const stack = { ...base, 'output-prefix': 'combined-out/', 'input-prefix': 'combined-in/' }
    const keys = { key: 'example', 'combined-in': { example: 1 } }
    const result = message(await call(stack, 'prefix_set', keys))
    assert.equal(numberIn(result, 'combined-out'), 1)
    assert.equal(result.get('output-prefix'), 'combined-out/')
  })
})

describe('stack@1.0, transform', () => {
  const cool = device('cool@1.0', {
    value: async (base) => ok(setKeys(base, [['value', `${textAt(base, 'value')}-Cool`]])),
  })
  const { call } = stackResolver({ devices: [cool] })
  const base = {
    device: 'stack@1.0',
    'device-stack': { 'make-cool': 'cool@1.0', 2: 'message@1.0' },
    value: 'Super',
  }

  test('gives the base with one member in charge', async () => {
    const result = message(await call(base, '/transform/make-cool/value'))
    assert.equal(result.get('value'), 'Super-Cool')
    assert.equal(message(await call(base, 'transform/2')).get('device'), 'message@1.0')
  })

  test('refuses a member that there is not', async () => {
    const outcome = await call(base, 'transform/other')
    assert.equal(outcome.kind === 'error' && outcome.status, 404)
  })
})
