/**
 * `stack@1.0` and `multipass@1.0` over real HTTP: HyperBEAM's own tests of the two as a client sees
 * them, what a stack tells of its members, and how one without end is stopped.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Device, ok } from '../src/device/device.ts'
import { changeAt, getAt, pathKeys } from '../src/device/message-path.ts'
import { textAt } from '../src/device/read-key.ts'
import { setKeys } from '../src/device/set-keys.ts'
import { keptLogger, request, startTestNode } from './node-kit.ts'
import { device } from './resolver-fixture.ts'
import { appendDevice } from './stack-fixture.ts'

type Json = Readonly<Record<string, unknown>>

/** Copies the key that `key` names from under the input prefix to under the output prefix. */
const copier = device('copier@1.0', {
  'prefix-set': async (base, asked, context) => {
    const from = pathKeys(textAt(base, 'input-prefix') ?? '')
    const to = pathKeys(textAt(base, 'output-prefix') ?? '')
    const key = textAt(asked, 'key') ?? ''
    const value = await getAt(asked, [...from, key], context)
    return ok(await changeAt(base, { path: [...to, key], change: () => value }, context))
  },
})
/** Appends, and has a key that the other members lack. */
const special = device('special@1.0', {
  append: async (base, asked) =>
    ok(setKeys(base, [['result', `${textAt(base, 'result')}+D2${textAt(asked, 'bin')}`]])),
  special: async (base) => ok(setKeys(base, [['output', 1337]])),
})
const cool = device('cool@1.0', {
  value: async (base) => ok(setKeys(base, [['value', `${textAt(base, 'value')}-Cool`]])),
})
const DEVICES: readonly Device[] = [
  ...Array.from({ length: 8 }, (_, n) => appendDevice(`+D${n + 1}`)),
  ...[appendDevice('!D1!'), appendDevice('_D2_'), appendDevice('_')],
  ...[appendDevice('+S', 'skip'), appendDevice('+P', 'pass'), copier, special, cool],
]

type Call = (base: Json, path: string) => Promise<{ status: number; body: Json; text: string }>

/** Posts a base and calls keys on it; the reply is read as JSON where it is a message. */
async function startCalls(t: TestContext, options = {}, deps = {}): Promise<Call> {
  const node = await startTestNode(t, options, { devices: DEVICES, ...deps })
  return async (base, path) => {
    const json = `${path.includes('?') ? '&' : '?'}require-codec=application/json`
    const { status, text } = await request(node.url + path + json, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-bundle': 'true' },
      body: JSON.stringify(base),
    })
    return { status, text, body: text.startsWith('{') ? (JSON.parse(text) as Json) : {} }
  }
}

const stackOf = (names: readonly string[], keys: Json = {}): Json => ({
  ...{ device: 'stack@1.0', result: 'INIT', ...keys },
  'device-stack': Object.fromEntries(names.map((name, n) => [String(n + 1), name])),
})
const appending = (...separators: readonly string[]) =>
  stackOf(separators.map((separator) => `append${separator}@1.0`))

describe('the tests of dev_stack, from outside', () => {
  test('example_device_for_stack_test', async (t) => {
    const call = await startCalls(t)
    const base = { device: 'append_@1.0', result: '1' }
    assert.equal((await call(base, '/append?bin=2')).body.result, '1_2')
  })

  test('transform_internal_call_device_test', async (t) => {
    const call = await startCalls(t)
    const base = stackOf(['append_@1.0', 'message@1.0'])
    assert.equal((await call(base, '/transform/2')).body.device, 'message@1.0')
  })

  test('transform_external_call_device_test', async (t) => {
    const call = await startCalls(t)
    const base = {
      ...{ device: 'stack@1.0', value: 'Super' },
      'device-stack': { 'make-cool': 'cool@1.0' },
    }
    assert.equal((await call(base, '/transform/make-cool/value')).body.value, 'Super-Cool')
  })

  test('simple_stack_execute_test, many_devices_test', async (t) => {
    const call = await startCalls(t)
    const two = await call(appending('!D1!', '_D2_'), '/append?bin=2')
    assert.equal(two.body.result, 'INIT!D1!2_D2_2')
    const eight = appending(...Array.from({ length: 8 }, (_, n) => `+D${n + 1}`))
    const { result } = (await call(eight, '/append?bin=2')).body
    assert.equal(result, 'INIT+D12+D22+D32+D42+D52+D62+D72+D82')
  })

  test('no_prefix_test, output_prefix_test', async (t) => {
    const call = await startCalls(t)
    const path = '/prefix_set&key=example&example+integer=1'
    const copiers = stackOf(['copier@1.0', 'copier@1.0'])
    assert.equal((await call(copiers, path)).body.example, 1)
    const prefixed = { ...copiers, 'output-prefixes': { 1: 'out1/', 2: 'out2/' } }
    const { out1, out2 } = (await call(prefixed, path)).body
    assert.deepEqual([(out1 as Json).example, (out2 as Json).example], [1, 1])
  })

  test('input_and_output_prefixes_test, input_output_prefixes_passthrough_test', async (t) => {
    const call = await startCalls(t)
    const copiers = stackOf(['copier@1.0', 'copier@1.0'])
    const both = {
      ...{ ...copiers, in1: { example: 1 }, in2: { example: 2 } },
      'input-prefixes': { 1: 'in1/', 2: 'in2/' },
      'output-prefixes': { 1: 'out1/', 2: 'out2/' },
    }
    const { out1, out2 } = (await call(both, '/prefix_set?key=example')).body
    assert.deepEqual([(out1 as Json).example, (out2 as Json).example], [1, 2])
    const through = {
      ...{ ...copiers, 'combined-in': { example: 1 } },
      ...{ 'input-prefix': 'combined-in/', 'output-prefix': 'combined-out/' },
    }
    const { body } = await call(through, '/prefix_set?key=example')
    assert.equal((body['combined-out'] as Json).example, 1)
  })

  test('reinvocation_test', async (t) => {
    const call = await startCalls(t)
    const path = '/append&bin=2/append&bin=3'
    assert.equal((await call(appending('+D1', '+D2'), path)).body.result, 'INIT+D12+D22+D13+D23')
  })

  test('skip_test, pass_test', async (t) => {
    const call = await startCalls(t)
    assert.equal((await call(appending('+S', '+D2'), '/append?bin=2')).body.result, 'INIT+S2')
    const passed = (await call(appending('+P'), '/append?bin=_')).body
    assert.deepEqual([passed.result, passed.pass], ['INIT+P_+P_', undefined])
  })

  test('not_found_test', async (t) => {
    const call = await startCalls(t)
    const base = stackOf(['append+D1@1.0', 'special@1.0'])
    assert.equal((await call(base, '/append?bin=_')).body.result, 'INIT+D1_+D2_')
    assert.equal((await call(base, '/append&bin=_/special/output')).body.body, 1337)
  })

  test('simple_map_test', async (t) => {
    const call = await startCalls(t)
    const { body } = await call(appending('+D1', '+D2'), '/append?mode=Map&bin=/')
    const results = [body[1], body[2]].map((state) => (state as Json).result)
    assert.deepEqual(results, ['INIT+D1/', 'INIT+D2/'])
  })
})

describe('multipass@1.0', () => {
  test('basic_multipass_test: a pass that is not the last starts the stack over', async (t) => {
    const call = await startCalls(t)
    const base = (keys: Json) => stackOf(['append+D1@1.0', 'multipass@1.0'], keys)
    assert.equal((await call(base({ passes: 2 }), '/append?bin=x')).body.result, 'INIT+D1x+D1x')
    assert.equal((await call(base({ passes: 1 }), '/append?bin=x')).body.result, 'INIT+D1x')
    assert.equal((await call(base({}), '/append?bin=x')).body.result, 'INIT+D1x')
  })

  test('keys and set are those of the message', async (t) => {
    const call = await startCalls(t)
    const base = { device: 'multipass@1.0', passes: 2 }
    const { body } = await call(base, '/set&color=red')
    assert.deepEqual([body.color, body.passes], ['red', 2])
    assert.match((await call(base, '/keys')).text, /passes/)
  })
})

describe('what a stack tells', () => {
  const base = stackOf(['append+D1@1.0', 'cool@1.0', 'multipass@1.0'], { passes: 2 })
  const expected = [1, 2].flatMap((pass) => [
    { device: 'append+D1@1.0', 'device-key': 1, pass, outcome: 'ok' },
    { device: 'cool@1.0', 'device-key': 2, pass, outcome: 'not-found' },
    { device: 'multipass@1.0', 'device-key': 3, pass, outcome: pass === 1 ? 'pass' : 'ok' },
  ])
  const stepsOf = ({ 'stack-steps': steps }: Json) =>
    (steps as (Json & { 'duration-ms': number })[]).map((step) => {
      const { 'duration-ms': durationMs, commitments: _, ...rest } = step
      assert.ok(durationMs >= 0)
      return rest
    })

  test('its steps are in the result where the request asks for them', async (t) => {
    const call = await startCalls(t)
    const { body } = await call(base, '/append?bin=x&stack-steps=true')
    assert.deepEqual(stepsOf(body), expected)
    assert.equal((await call(base, '/append?bin=x')).body['stack-steps'], undefined)
  })

  test('or in every result by option, and in the log', async (t) => {
    const { logger, lines } = keptLogger()
    const call = await startCalls(t, { stackSteps: true }, { logger })
    assert.deepEqual(stepsOf((await call(base, '/append?bin=x')).body), expected)
    const logged = lines.filter(({ message }) => message === 'Device of a stack called')
    assert.deepEqual(
      logged.map(({ fields }) => {
        const { device: name, pass, outcome, key } = fields as Json
        return { name, pass, outcome, key }
      }),
      expected.map(({ device: name, pass, outcome }) => ({ name, pass, outcome, key: 'append' })),
    )
  })

  test('passes without end are 508 with the bound and what to do', async (t) => {
    const call = await startCalls(t, { stackMaxPasses: 7 })
    const endless = stackOf(['append+D1@1.0', 'multipass@1.0'], { passes: 1_000_000 })
    const { status, body } = await call(endless, '/append?bin=x')
    assert.deepEqual([status, body.error, body.passes], [508, 'too_many_passes', 7])
    assert.match(String(body.body), /more than 7 passes, at member 2.*raise stackMaxPasses/)
  })

  test('a member that fails is named; error-strategy decides what becomes of the rest', async (t) => {
    const call = await startCalls(t, { testDevices: true })
    const failing = stackOf(['append+D1@1.0', 'test-device@1.0'])
    const thrown = await call(failing, '/restore')
    assert.deepEqual([thrown.status, thrown.body.error], [500, 'device_failed'])
    assert.deepEqual([thrown.body.device, thrown.body['device-key']], ['test-device@1.0', 2])
    const stopped = await call({ ...failing, 'error-strategy': 'stop' }, '/restore')
    assert.deepEqual([stopped.status, stopped.body.error], [400, 'stack_call_failed'])
    const ignored = await call({ ...failing, 'error-strategy': 'ignore' }, '/restore')
    assert.deepEqual([ignored.status, ignored.body.result], [200, 'INIT'])
  })
})
