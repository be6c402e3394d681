/** Execution devices over real HTTP: dry runs, stacks, devices of a program, and what they do wrong. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { balanceDevice } from '../examples/balance-device.ts'
import { counterDevice } from '../examples/counter-device.ts'
import type { StackStepped } from '../src/base/compute-events.ts'
import { createDevice } from '../src/device/create-device.ts'
import { failed, ok } from '../src/device/device.ts'
import { numberAt, textAt } from '../src/device/read-key.ts'
import { Message } from '../src/message/message.ts'
import type { Value } from '../src/message/value.ts'
import {
  clientWallet,
  get,
  keptLogger,
  postItem,
  schedule,
  signItem,
  signMessage,
  spawn,
  startTestNode,
} from './node-kit.ts'
import { INCREMENT, messageAt, nested, setupProcess, spawnWith } from './process-fixture.ts'

describe('dry runs and other devices', () => {
  test('as=execution gives the state under its device, and changes nothing', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: { 'execution-device': 'test-device@1.0' },
    })
    assert.equal((await get(`${url}/${id}/as=execution/device`)).text, 'test-device@1.0')
    const item = await signItem({ slot: 'x' })
    const reply = await postItem(url, item, `/${id}/as=execution/compute&slot+integer=7/results`)
    assert.equal(reply.message().get('assignment-slot'), 7)
    assert.equal((await get(`${url}/${id}/as/compute&slot+integer=7/at-slot`)).text, '0')
    assert.deepEqual((await messageAt(`${url}/${id}/now`)).get('already-seen'), [0])
  })

  test('as=scheduler and as=push', async (t) => {
    const { url, id } = await setupProcess(t, { messages: [{}] })
    assert.equal((await get(`${url}/${id}/as=scheduler/slot/current`)).text, '1')
    assert.equal((await get(`${url}/${id}/as=push/device`)).text, 'push@1.0')
    assert.equal((await get(`${url}/${id}/as&as-device=scheduler/device`)).status, 200)
    assert.equal((await get(`${url}/${id}/as=nothing`)).status, 400)
  })

  test('snapshot is what the execution device gives', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: {
        'execution-device': 'stack@1.0',
        'device-stack': ['test-device@1.0', 'patch@1.0', 'multipass@1.0'],
      },
    })
    const snapshot = await messageAt(`${url}/${id}/snapshot`)
    assert.deepEqual(snapshot.get('cache-control'), ['store'])
    assert.equal(nested(snapshot, '1').size, 0)
    assert.equal(nested(snapshot, '2').get('at-slot'), -1)
  })

  test('an execution device that the node does not have is refused, of a stack each member', async (t) => {
    const { url, id, address } = await setupProcess(t, {})
    for (const path of ['compute=0', 'now', 'snapshot', 'as=execution']) {
      const reply = await get(`${url}/${id}/${path}`)
      assert.equal(reply.status, 404)
      assert.match(reply.text, /^This node schedules but does not compute/)
    }
    const stack = { 'execution-device': 'stack@1.0', 'device-stack': ['patch@1.0', 'wasm-64@1.0'] }
    const other = await spawnWith({ url, address }, stack)
    assert.match((await get(`${url}/${other}/now`)).text, /execution device wasm-64@1\.0/)
  })

  test('what is no process is not computed, whatever it says of itself', async (t) => {
    const { url, id } = await setupProcess(t, { devices: [counterDevice], messages: [INCREMENT] })
    const page = await messageAt(`${url}/${id}/schedule`)
    const [, message] = [...nested(nested(page, 'assignments'), '1').commitments.keys()]
    const claims = 'execution-device=counter@1.0&initialized=true&at-slot+integer=5'
    for (const path of [`~process@1.0&${claims}/now`, `${message}~process@1.0&${claims}/now`]) {
      const reply = await get(`${url}/${path}`)
      assert.ok([400, 404].includes(reply.status), `${path} ${reply.status}`)
    }
    const forged = await get(`${url}/${id}~process@1.0&${claims}/compute=1`)
    assert.match(forged.text, /^This node schedules but does not compute/)
  })
})

describe('execution devices that fail', () => {
  const strict = createDevice('strict@1.0', {
    compute: async (base, request) => {
      const message = request.get('body')
      const action = message instanceof Message ? textAt(message, 'action') : undefined
      if (action === 'refuse') return failed(402, 'Not enough')
      if (action === 'throw') throw new Error('Out of luck')
      if (action === 'replace') return ok(new Message([['device', 'strict@1.0']]))
      if (action === 'text') return ok('done')
      const count = (numberAt(base, 'count') ?? 0) + 1
      return ok(base.with([['count', count]]))
    },
    balance: async () => ok(7),
    info: async () => ok(new Message([['name', 'strict']])),
  })
  const process = { 'execution-device': 'strict@1.0' }

  test('an error is the reply, with the slot, and the process stays before it', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [strict],
      process,
      messages: [{ action: 'refuse' }, {}],
    })
    const reply = await get(`${url}/${id}/now`)
    const { headers } = reply
    assert.deepEqual(
      [reply.status, headers.get('error'), headers.get('phase'), headers.get('attempted-slot')],
      [402, 'Not enough', 'compute', '1'],
    )
    assert.equal((await get(`${url}/${id}/compute/at-slot`)).text, '0')
  })

  test('an exception is a 500 whose cause only the log has', async (t) => {
    const { logger, lines } = keptLogger()
    const node = await startTestNode(t, {}, { devices: [strict], logger })
    const id = await spawn(node, process)
    await schedule(node.url, await signMessage(id, { action: 'throw' }))
    const reply = await get(`${node.url}/${id}/now`)
    assert.equal(reply.status, 500)
    assert.doesNotMatch(reply.text, /luck/)
    assert.ok(lines.some(({ message }) => message === 'Slot could not be computed'))
    assert.equal((await get(`${node.url}/${id}/compute=0/count`)).text, '1')
  })

  test('an answer that is no state of the process changes nothing but the results', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [strict],
      process,
      messages: [{ action: 'replace' }, { action: 'text' }, {}],
    })
    for (const slot of [1, 2]) {
      const state = await messageAt(`${url}/${id}/compute=${slot}`)
      assert.equal(state.get('count'), 1)
      assert.match(String(nested(state, 'results').get('error')), /^Expected the execution device/)
    }
    const state = await messageAt(`${url}/${id}/now`)
    assert.equal(state.get('count'), 2)
    assert.equal(state.has('results'), false)
  })

  test('the path of a message does not reach what is no state: keys of it, getters, set', async (t) => {
    const paths = [
      'process',
      'set',
      'keys',
      'remove',
      'balance',
      'info',
      'nothing',
      'compute/count',
    ]
    const { url, id } = await setupProcess(t, {
      devices: [strict],
      process,
      messages: [...paths.map((path) => ({ path, count: 99 })), {}],
    })
    const state = await messageAt(`${url}/${id}/now`)
    assert.equal(state.get('count'), 2)
    assert.equal(nested(state, 'process').get('type'), 'Process')
    assert.equal(state.get('at-slot'), paths.length + 1)
  })
})

describe('stacks as execution devices', () => {
  const patching = createDevice('patching@1.0', {
    compute: async (base, request) => {
      const body = nested(request, 'body')
      const outbox = { 1: { method: 'PATCH', x: textAt(body, 'x') ?? '' } }
      const results = new Message<Value>([
        ['outbox', new Message([['1', new Message(Object.entries(outbox[1]))]])],
      ])
      return ok(base.with([['results', results]]))
    },
  })

  test('patch@1.0 brings what the outbox says into the state', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [patching],
      process: {
        'execution-device': 'stack@1.0',
        'device-stack': ['patching@1.0', 'patch@1.0', 'multipass@1.0'],
        'patch-from': '/results/outbox',
        passes: 2,
        'stack-keys': ['init', 'compute', 'snapshot', 'normalize'],
      },
      messages: [{ x: 'banana' }],
    })
    assert.equal((await get(`${url}/${id}/now/x`)).text, 'banana')
    assert.equal((await get(`${url}/${id}/now/at-slot`)).text, '1')
    const state = await messageAt(`${url}/${id}/now`)
    assert.equal(nested(nested(state, 'results'), 'outbox').size, 0)
  })

  test('dedup@1.0 lets a message that was scheduled twice count once', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [counterDevice],
      process: {
        'execution-device': 'stack@1.0',
        'device-stack': ['dedup@1.0', 'counter@1.0'],
      },
    })
    const message = await signMessage(id, INCREMENT)
    await schedule(url, message)
    await schedule(url, message)
    await schedule(url, await signMessage(id, INCREMENT))
    assert.equal((await get(`${url}/${id}/now/count`)).text, '2')
    assert.equal((await get(`${url}/${id}/now/at-slot`)).text, '3')
  })

  test('steps of stacks are logged and counted, and never part of a state', async (t) => {
    const { logger, lines } = keptLogger()
    const options = { stackSteps: true }
    const node = await startTestNode(t, options, { devices: [counterDevice], logger })
    const keys = {
      'execution-device': 'stack@1.0',
      'device-stack': ['counter@1.0', 'multipass@1.0'],
    }
    const id = await spawnWith(node, { ...keys, passes: 2 })
    await schedule(node.url, await signMessage(id, INCREMENT))
    const state = await messageAt(`${node.url}/${id}/now`)
    assert.equal(state.get('count'), 2)
    assert.equal(state.has('stack-steps'), false)
    const steps = lines.filter(({ message }) => message === 'Device of a stack called')
    const atSlot1 = steps.map(({ fields }) => fields as unknown as StackStepped).slice(-4)
    assert.deepEqual(
      atSlot1.map(({ device, pass, outcome }) => [device, pass, outcome]),
      [
        ['counter@1.0', 1, 'ok'],
        ['multipass@1.0', 1, 'pass'],
        ['counter@1.0', 2, 'ok'],
        ['multipass@1.0', 2, 'ok'],
      ],
    )
    const metrics = (await get(`${node.url}/metrics`)).text
    assert.match(metrics, /ao_stack_step_seconds_count\{device="counter@1\.0",outcome="ok"\}/)
  })

  test('a stack without end fails at its slot with a reason', async (t) => {
    const { url, id } = await setupProcess(t, {
      options: { stackMaxPasses: 5 },
      process: {
        'execution-device': 'stack@1.0',
        'device-stack': ['test-device@1.0', 'multipass@1.0'],
        'stack-keys': ['compute'],
        passes: 6,
      },
    })
    const reply = await get(`${url}/${id}/now`)
    assert.deepEqual([reply.status, reply.headers.get('attempted-slot')], [508, '0'])
    assert.match(reply.text, /more than 5 passes/)
  })
})

test('balances: transfers by signers, refusals that stop nothing', async (t) => {
  const { url, id } = await setupProcess(t, {
    devices: [balanceDevice],
    process: { 'execution-device': 'balance@1.0', supply: '100' },
    messages: [
      { action: 'Transfer', recipient: 'bob', quantity: '30' },
      { action: 'Transfer', recipient: 'bob', quantity: '71' },
      { action: 'Transfer', recipient: 'bob', quantity: '-1' },
      { action: 'Transfer', recipient: clientWallet.address, quantity: '10' },
    ],
  })
  const balances = nested(await messageAt(`${url}/${id}/now`), 'balances')
  assert.deepEqual(Object.fromEntries(balances), { [clientWallet.address]: '70', bob: '30' })
  assert.equal(
    (await get(`${url}/${id}/compute=2/results/error`)).text,
    'The balance is lower than the Quantity',
  )
  assert.equal(
    (await get(`${url}/${id}/as=execution/compute&Action=Balance&Recipient=bob/results/data`)).text,
    '30',
  )
})
