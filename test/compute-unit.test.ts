/** Processes that a compute unit computes, over real HTTP on both sides. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import type { NodeConfig } from '../src/config/options.ts'
import type { Message } from '../src/message/message.ts'
import { reply, startUnit, type TestUnit, tagOf, type UnitFault } from './compute-unit-stub.ts'
import {
  clientWallet,
  get,
  idOf,
  postItem,
  readSchedule,
  request,
  schedule,
  signMessage,
  spawn,
  startTestNode,
  temporaryFolder,
} from './node-kit.ts'
import { INCREMENT, messageAt, nested } from './process-fixture.ts'
import { countOf } from './push-fixture.ts'

const DELEGATED = { 'execution-device': 'delegated-compute@1.0' }

/** A node with a compute unit, and a process with these keys. */
async function setup(
  t: TestContext,
  keys: Readonly<Record<string, string>> = {},
  options: Partial<NodeConfig> = {},
) {
  const unit = await startUnit(t)
  const node = await startTestNode(
    t,
    { computeUnitUrl: unit.url, ...options },
    { devices: [counterDevice] },
  )
  const id = await spawn(node, keys)
  const send = async (tags: Readonly<Record<string, string>>): Promise<Message> => {
    const message = await signMessage(id, tags)
    await schedule(node.url, message)
    return message
  }
  return { unit, node, id, send, url: `${node.url}/${id}` }
}

describe('a compute unit', () => {
  for (const keys of [{}, DELEGATED]) {
    const name =
      keys === DELEGATED ? 'delegated-compute@1.0' : 'genesis-wasm@1.0, which is the default'
    test(`computes a process of ${name}`, async (t) => {
      const { unit, id, send, url } = await setup(t, keys)
      const to = 'T'.repeat(43)
      const message = await send({ ...INCREMENT, To: to })
      const state = await messageAt(`${url}/compute=1`)
      const results = nested(state, 'results')
      assert.equal(results.get('data'), '1')
      assert.deepEqual(Object.fromEntries(nested(nested(results, 'outbox'), '1')), {
        ...{ target: to, data: 'Hello', action: 'Increment', 'data-protocol': 'ao' },
        // Of the tags it is for `push` to overwrite it; fields of that name are left out.
        'from-process': 'forged',
      })
      const json = nested(results, 'json')
      assert.equal(json.get('content-type'), 'application/json')
      assert.equal(JSON.parse(String(json.get('body'))).Output.data, '1')
      assert.deepEqual(unit.pathsOf('result'), [
        `/result/0?process-id=${id}`,
        `/result/1?process-id=${id}`,
      ])
      const [first, second] = unit.calls.filter(({ path }) => path.startsWith('/result'))
      assert.equal(first?.headers['content-type'], 'application/json')
      const { edges, page_info: info } = second?.json ?? {}
      const { message: told, assignment } = edges?.[0]?.node ?? {}
      assert.deepEqual(
        [told?.Id, told?.Target, told?.Owner, tagOf(told, 'action')],
        [idOf(message), id, clientWallet.address, 'Increment'],
      )
      assert.deepEqual([tagOf(assignment, 'Slot'), tagOf(assignment, 'Process')], ['1', id])
      assert.deepEqual([edges?.length, info?.process, info?.has_next_page], [1, id, false])
    })
  }

  test('that a node does not have is missed', async (t) => {
    const node = await startTestNode(t)
    const id = await spawn(node)
    const refused = await get(`${node.url}/${id}/compute=0`)
    assert.equal(refused.status, 404)
    assert.match(refused.text, /execution device genesis-wasm@1.0 is not installed/)
  })

  test('is told each slot once, however many ask, and not again after a restart', async (t) => {
    const unit = await startUnit(t)
    const storePath = await temporaryFolder(t)
    const options = { computeUnitUrl: unit.url, storeEngine: 'lmdb', storePath } as const
    const first = await startTestNode(t, options)
    const id = await spawn(first)
    for (let n = 0; n < 4; n++) await schedule(first.url, await signMessage(id, INCREMENT))
    const slots = [4, 2, 4, 1, 3, 4]
    const states = await Promise.all(
      slots.map((slot) => messageAt(`${first.url}/${id}/compute=${slot}`)),
    )
    assert.deepEqual(
      states.map((state) => nested(state, 'results').get('data')),
      slots.map(String),
    )
    const told = [0, 1, 2, 3, 4].map((slot) => `/result/${slot}?process-id=${id}`)
    assert.deepEqual(unit.pathsOf('result'), told)
    await first.stop()
    const second = await startTestNode(t, options)
    assert.equal((await get(`${second.url}/${id}/compute=3/results/data`)).text, '3')
    await schedule(second.url, await signMessage(id, INCREMENT))
    assert.equal((await get(`${second.url}/${id}/now/results/data`)).text, '5')
    assert.deepEqual(unit.pathsOf('result'), [...told, `/result/5?process-id=${id}`])
  })

  test('tries out what is no assignment of the schedule', async (t) => {
    const { unit, id, send, url } = await setup(t)
    await send(INCREMENT)
    assert.equal((await get(`${url}/now/results/data`)).text, '1')
    const body = JSON.stringify({ type: 'Assignment', slot: 7, action: 'Increment', data: 'x' })
    for (let n = 0; n < 2; n++) {
      const tried = await request(`${url}/as=execution/compute`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-bundle': 'true' },
        body,
      })
      assert.equal(tried.status, 200, tried.text)
      assert.equal(nested(tried.message(), 'results').get('data'), '2')
    }
    const [call] = unit.calls.filter(({ path }) => path.startsWith('/dry-run'))
    assert.equal(call?.path, `/dry-run?process-id=${id}`)
    assert.deepEqual(
      [call?.json.Owner, call?.json.Data, tagOf(call?.json, 'action'), tagOf(call?.json, 'host')],
      ['', 'x', 'Increment', undefined],
    )
    assert.equal((await get(`${url}/now/results/data`)).text, '1')
  })

  test('of genesis-wasm@1.0 patches the state by messages of the outbox', async (t) => {
    const { send, url } = await setup(t)
    const to = 'T'.repeat(43)
    await send({ ...INCREMENT, To: to, Price: '12' })
    const state = await messageAt(`${url}/compute=1`)
    assert.equal(state.get('price'), '12')
    assert.deepEqual([...nested(nested(state, 'results'), 'outbox').keys()], ['1'])
    assert.equal((await get(`${url}/now/price`)).text, '12')
  })

  test('fills outboxes that are pushed', async (t) => {
    const { node, id } = await setup(t)
    const target = await spawn(node, { 'execution-device': 'counter@1.0' })
    const message = await signMessage(id, { To: target })
    const pushed = await postItem(node.url, message, `/${id}/push`)
    assert.equal(pushed.status, 200, pushed.text)
    assert.equal(await countOf(node.url, target), '1')
    const [, assignment] = await readSchedule(node.url, target)
    assert.ok(assignment)
    assert.equal(nested(assignment, 'body').get('from-process'), id)
  })
})

describe('a compute unit that fails', () => {
  const FAULTS: Readonly<Record<string, readonly [number, RegExp, (r: ServerResponse) => void]>> = {
    'with 500': [502, /refused/, (response) => reply(response, 'Out of memory', 500)],
    'with 404': [502, /refused/, (response) => reply(response, { error: 'unknown' }, 404)],
    'with text': [502, /JSON object/, (response) => reply(response, 'nothing <html>')],
    'with a list': [502, /JSON object/, (response) => reply(response, [])],
    'with nothing': [502, /JSON object/, (response) => reply(response, '')],
    'by hanging up': [502, /did not answer/, (response) => response.destroy()],
    'in the middle of its reply': [
      502,
      /did not answer/,
      (response) => {
        response.writeHead(200, { 'content-length': '1000' })
        response.write('{"Output"', () => response.destroy())
      },
    ],
    'by not answering': [504, /did not answer/, () => undefined],
    'by not ending its reply': [
      504,
      /did not answer/,
      (response) => void response.writeHead(200).write('{"Output"'),
    ],
    'and says why': [
      400,
      /bad nonce/,
      (response) => reply(response, { ok: false, error: 'bad nonce' }),
    ],
  }

  for (const [how, [status, reason, misbehave]] of Object.entries(FAULTS)) {
    test(`${how} is told to the client, and asked again`, async (t) => {
      const { unit, send, url } = await setup(t, {}, { computeUnitTimeoutMs: 300 })
      await send(INCREMENT)
      unit.fault = (call, response) => {
        if (!call.path.startsWith('/result/1')) return false
        misbehave(response)
        return true
      }
      const failed = await get(`${url}/compute=1`)
      assert.equal(failed.status, status, failed.text)
      assert.match(failed.text + JSON.stringify([...failed.headers]), reason)
      assert.equal((await get(`${url}/compute=0`)).status, 200)
      unit.fault = undefined
      assert.equal((await get(`${url}/compute=1/results/data`)).text, '1')
    })
  }

  test('that nothing listens at is told to the client', async (t) => {
    const node = await startTestNode(t, { computeUnitUrl: 'http://127.0.0.1:9' })
    const id = await spawn(node)
    assert.equal((await get(`${node.url}/${id}/compute=0`)).status, 502)
  })
})

describe('what a compute unit says', () => {
  /** The results of a slot for which the unit says this. */
  async function resultsFor(
    t: TestContext,
    said: unknown,
  ): Promise<{ results: Message; unit: TestUnit }> {
    const { unit, send, url } = await setup(t)
    await send(INCREMENT)
    const answer: UnitFault = ({ path }, response) => {
      if (path.startsWith('/result/1')) reply(response, said)
      return path.startsWith('/result/1')
    }
    unit.fault = answer
    const results = nested(await messageAt(`${url}/compute=1`), 'results')
    // The process goes on.
    await send(INCREMENT)
    assert.equal((await get(`${url}/compute=2/results/data`)).text, '1')
    return { results, unit }
  }

  test('of an error of the process is its data, and nothing is sent', async (t) => {
    const Messages = [{ Target: 'x', Tags: [] }]
    const { results } = await resultsFor(t, { Error: 'attempt to index nil', Messages })
    assert.equal(results.get('data'), 'attempt to index nil')
    assert.equal(nested(results, 'outbox').size, 0)
  })

  test('may lack everything', async (t) => {
    const { results } = await resultsFor(t, {})
    assert.deepEqual([results.get('data'), nested(results, 'outbox').size], ['', 0])
  })

  test('may be of any type', async (t) => {
    const said = {
      ...{ Output: { data: { a: [1, true, null, 'x'] } }, Messages: 'none', patches: 7 },
    }
    const { results } = await resultsFor(t, said)
    assert.equal(nested(results, 'outbox').size, 0)
  })

  test('cannot bring keys into a message that it must not have', async (t) => {
    const tags = Object.entries({
      ...{ commitments: 'x', priv: 'y', 'priv-key': 'z', 'ao-types': 'a="integer"', '': 'empty' },
      ...{ constructor: 'fine', 'a+link': 'U'.repeat(43), tags: 'again', anchor: '1' },
    }).map(([name, value]) => ({ name, value }))
    const odd = [{ name: '__proto__', value: 'own' }, { name: 7, value: 8 }, null, 'text']
    const Messages = [{ Target: 'x', Tags: [...tags, ...odd] }, null, 3, { Tags: 'none' }]
    const { results } = await resultsFor(t, { Messages })
    const outbox = nested(results, 'outbox')
    assert.deepEqual([...outbox.keys()], ['1', '2'])
    const message = nested(outbox, '1')
    assert.deepEqual(
      ['target', 'constructor', '__proto__'].map((key) => message.get(key)),
      ['x', 'fine', 'own'],
    )
    for (const key of ['commitments', 'priv', 'priv-key', 'ao-types', '', 'a+link', 'a']) {
      assert.equal(message.has(key), false, `'${key}'`)
    }
    assert.deepEqual((await verifyMessage(message)).signers, [])
  })
})

describe('checkpoints', () => {
  const CHECKPOINT = 'memory of the process'

  test('that a unit makes are given back to it after a restart', async (t) => {
    const unit = await startUnit(t)
    const storePath = await temporaryFolder(t)
    const options = { computeUnitUrl: unit.url, storeEngine: 'lmdb', storePath } as const
    unit.fault = ({ path }, response) => {
      if (path.startsWith('/snapshot')) {
        response.writeHead(200, { type: 'Checkpoint', nonce: '0', connection: 'keep-alive' })
        response.end(CHECKPOINT)
      } else if (path === '/state') reply(response, {})
      else return false
      return true
    }
    const first = await startTestNode(t, options)
    const id = await spawn(first)
    await get(`${first.url}/${id}/compute=0`)
    assert.deepEqual(unit.pathsOf('snapshot'), [`/snapshot/${id}`])
    await first.stop()
    const second = await startTestNode(t, options)
    await schedule(second.url, await signMessage(id, INCREMENT))
    assert.equal((await get(`${second.url}/${id}/compute=1/results/data`)).text, '1')
    const [state] = unit.calls.filter(({ path }) => path === '/state')
    assert.deepEqual(
      [state?.text, state?.headers.type, state?.headers.nonce],
      [CHECKPOINT, 'Checkpoint', '0'],
    )
    const snapshot = await messageAt(`${second.url}/${id}/snapshot`)
    assert.equal(snapshot.get('type'), 'Checkpoint')
  })

  test('that a unit keeps to itself are no part of a state', async (t) => {
    const { unit, send, url } = await setup(t, {}, { snapshotSlots: 1 })
    unit.fault = ({ path }, response) => {
      if (path.startsWith('/snapshot')) reply(response, { success: true, snapshot: { nonce: 1 } })
      return path.startsWith('/snapshot')
    }
    await send(INCREMENT)
    assert.equal((await get(`${url}/now/results/data`)).text, '1')
    assert.equal(unit.pathsOf('snapshot').length, 2)
    assert.equal((await messageAt(`${url}/snapshot`)).has('body'), false)
  })

  test('that a unit does not make do not keep a process from going on', async (t) => {
    const { unit, send, url } = await setup(t, {}, { snapshotSlots: 1 })
    await send(INCREMENT)
    assert.equal((await get(`${url}/now/results/data`)).text, '1')
    assert.equal(unit.pathsOf('snapshot').length, 2)
    const snapshot = await messageAt(`${url}/snapshot`)
    assert.equal(snapshot.get('error'), 'No checkpoint produced.')
  })
})

test('messages that come at the same time reach the unit in the order of their slots', async (t) => {
  const { unit, node, id, url } = await setup(t)
  const messages = await Promise.all(Array.from({ length: 8 }, () => signMessage(id, INCREMENT)))
  await Promise.all(messages.map((message) => schedule(node.url, message)))
  const slots = Array.from({ length: 9 }, (_, slot) => slot)
  await Promise.all(slots.map((slot) => get(`${url}/compute=${slot}`)))
  assert.deepEqual(
    unit.pathsOf('result'),
    slots.map((slot) => `/result/${slot}?process-id=${id}`),
  )
  assert.equal((await get(`${url}/now/results/data`)).text, '8')
})
