/**
 * What HyperBEAM's own tests of dev_process and dev_push ask for, from outside over HTTP. Those that
 * run WebAssembly have a compute unit here, those that run Lua a device in TypeScript.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { generateWallet } from '../src/crypto/local-wallet.ts'
import { createDevice } from '../src/device/create-device.ts'
import { ok } from '../src/device/device.ts'
import { textAt } from '../src/device/read-key.ts'
import { createResults, inputOf } from '../src/device/results.ts'
import { startUnit } from './compute-unit-stub.ts'
import {
  bodyOf,
  get,
  postHttpsig,
  readSchedule,
  schedule,
  signHttpsig,
  signMessage,
  spawn,
  startTestNode,
  temporaryFolder,
  walletA,
  walletB,
} from './node-kit.ts'
import { INCREMENT, messageAt, nested, setupProcess, spawnWith } from './process-fixture.ts'
import { pingPong, sender } from './push-devices.ts'
import { COUNTER, countOf, entry, send, startPushNode } from './push-fixture.ts'

/** Remembers `X`, and says it when asked to return it. */
const memory = createDevice('memory@1.0', {
  compute: async (base, request) => {
    const { x, action } = {
      x: textAt(inputOf(request), 'x'),
      action: textAt(inputOf(request), 'action'),
    }
    if (x !== undefined) return ok(base.with([['x', x]]))
    if (action !== 'return') return ok(base)
    return ok(base.with([['results', createResults({ output: textAt(base, 'x') ?? 'nil' })]]))
  },
})
const MEMORY = { 'execution-device': 'memory@1.0' }

describe('the tests of dev_process, from outside', () => {
  test('schedule_on_process_test, get_scheduler_slot_test, recursive_path_resolution_test', async (t) => {
    const labels = [{ 'test-label': 'TEST TEXT 1' }, { 'test-label': 'TEST TEXT 2' }]
    const { url, id } = await setupProcess(t, { messages: labels })
    const label = async (slot: number): Promise<string> =>
      (await get(`${url}/${id}/schedule/assignments/${slot}/body/test-label`)).text
    assert.deepEqual([await label(1), await label(2)], ['TEST TEXT 1', 'TEST TEXT 2'])
    assert.equal((await messageAt(`${url}/${id}/slot`)).get('current'), 2)
    assert.equal((await get(`${url}/${id}/slot/current`)).text, '2')
  })

  test('test_device_compute_test', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: {
        'execution-device': 'stack@1.0',
        'device-stack': ['test-device@1.0', 'test-device@1.0'],
      },
      messages: [{ 'test-label': 'TEST TEXT 2' }],
    })
    const path = `${url}/${id}/schedule/assignments/1/body/test-label`
    assert.equal((await get(path)).text, 'TEST TEXT 2')
    const state = await messageAt(`${url}/${id}/compute&slot=1`)
    assert.equal(nested(state, 'results').get('assignment-slot'), 1)
    assert.deepEqual(state.get('already-seen'), [1, 1, 0, 0])
  })

  test('wasm_compute_test, wasm_compute_from_id_test, http_wasm_process_by_id_test', async (t) => {
    const unit = await startUnit(t)
    const node = await startTestNode(t, { computeUnitUrl: unit.url })
    const id = await spawn(node)
    for (let n = 0; n < 2; n++) await schedule(node.url, await signMessage(id, INCREMENT))
    for (const path of [`${id}/compute?slot=2`, `${id}~process@1.0/compute&slot=2`]) {
      const results = nested(await messageAt(`${node.url}/${path}`), 'results')
      assert.equal(results.get('data'), '2')
    }
  })

  test('aos_browsable_state_test, aos_state_access_via_http_test, aos_state_patch_test', async (t) => {
    const unit = await startUnit(t)
    const node = await startTestNode(t, { computeUnitUrl: unit.url })
    const id = await spawn(node)
    const target = 'T'.repeat(43)
    await schedule(node.url, await signMessage(id, { ...INCREMENT, to: target, price: '7' }))
    const at = async (path: string): Promise<string> =>
      (await get(`${node.url}/${id}/${path}`)).text
    assert.equal(await at('compute/results/outbox/1/target?slot=1'), target)
    assert.equal(await at('now/results/outbox/1/data'), 'Hello')
    assert.equal(await at('now/price'), '7')
    assert.equal(await at('now/process/type'), 'Process')
  })

  test('restore_test', async (t) => {
    const storePath = await temporaryFolder(t)
    const options = { storeEngine: 'lmdb', storePath, snapshotSlots: 1 } as const
    const first = await startTestNode(t, options, { devices: [memory] })
    const id = await spawn(first, MEMORY)
    const messages = [{ x: '42' }, { x: '1337' }, { action: 'return' }]
    for (const keys of messages) await schedule(first.url, await signMessage(id, keys))
    assert.equal((await get(`${first.url}/${id}/compute=2/x`)).text, '1337')
    await first.stop()
    const second = await startTestNode(t, options, { devices: [memory] })
    assert.equal((await get(`${second.url}/${id}/compute=3/results/data`)).text, '1337')
  })

  test('now_results_test, prior_results_accessible_test, persistent_process_test', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [memory],
      process: MEMORY,
      messages: [{ x: '2' }, { action: 'return' }, { x: '4' }, { action: 'return' }],
    })
    const data = async (path: string): Promise<string> =>
      (await get(`${url}/${id}/${path}/results/data`)).text
    assert.deepEqual(
      [await data('now'), await data('compute=2'), await data('compute=4')],
      ['4', '2', '4'],
    )
  })
})

describe('the tests of dev_push, from outside', () => {
  test('full_push_test: a process that answers itself', async (t) => {
    const { url, address } = await startPushNode(t)
    const id = await spawn({ url, address }, { 'execution-device': 'ping-pong@1.0' })
    const slot = await send(url, id, { left: '2', friend: id })
    assert.equal((await get(`${url}/${id}/push&slot=${slot}`)).status, 200)
    assert.equal((await get(`${url}/${id}/now/results/data`)).text, 'Done.')
    assert.equal((await get(`${url}/${id}/slot/current`)).text, '3')
  })

  test('push_as_identity_test: scheduler and authority are other wallets of the node', async (t) => {
    const computing = await generateWallet('ed25519')
    const wallets = [walletB, walletA, computing]
    const node = await startTestNode(t, {}, { devices: [pingPong], wallets })
    const id = await spawnWith(node, {
      'execution-device': 'ping-pong@1.0',
      scheduler: [walletA.address, computing.address],
      authority: computing.address,
    })
    const slot = await send(node.url, id, { left: '2', friend: id })
    await get(`${node.url}/${id}/push&slot=${slot}`)
    assert.equal((await get(`${node.url}/${id}/now/results/data`)).text, 'Done.')
    const pushed = (await readSchedule(node.url, id))[2]
    assert.ok(pushed)
    const { valid, signers } = await verifyMessage(pushed)
    assert.ok(valid)
    assert.deepEqual(signers.toSorted(), [walletA.address, computing.address].toSorted())
    assert.deepEqual((await verifyMessage(bodyOf(pushed))).signers, [computing.address])
  })

  test('multi_process_push_test: two processes, and the answer comes back', async (t) => {
    const { url, address } = await startPushNode(t)
    const keys = { 'execution-device': 'ping-pong@1.0' }
    const [one, two] = [await spawn({ url, address }, keys), await spawn({ url, address }, keys)]
    const slot = await send(url, two, { left: '2', friend: one })
    await get(`${url}/${two}/push&slot=${slot}&result-depth+integer=1`)
    assert.equal((await get(`${url}/${two}/now/results/data`)).text, 'Done.')
  })

  test('push_prompts_encoding_change_test: a scheduler of data items says so with 422', async (t) => {
    const { node, target } = await withOlderScheduler(t)
    const message = await signHttpsig({ type: 'Message', target, action: 'Increment' })
    const reply = await postHttpsig(node.url, `/${target}/push`, message)
    assert.equal(reply.status, 422, reply.text)
  })

  test('nested_push_prompts_encoding_change_test: a message is signed again as a data item', async (t) => {
    const { node, target, remote } = await withOlderScheduler(t)
    const from = await spawn(node, { 'execution-device': 'sender@1.0' })
    const slot = await send(node.url, from, { to: target, 'say-action': 'Increment' })
    for (let n = 0; n < 2; n++) {
      const reply = await get(`${node.url}/${from}/push&slot=${slot}`)
      assert.equal(entry(reply.message()).get('slot'), 1, reply.text)
    }
    const [, assignment, ...others] = await readSchedule(remote, target)
    assert.ok(assignment)
    assert.equal(others.length, 0)
    const devices = [...bodyOf(assignment).commitments.values()].map(({ device }) => device)
    assert.ok(devices.includes('ans104@1.0'))
    assert.equal(await countOf(remote, target), '1')
  })
})

/** A node, and a process of another whose scheduler takes data items only. */
async function withOlderScheduler(t: TestContext) {
  const devices = [counterDevice, sender]
  const remote = await startTestNode(t, {}, { devices, wallets: [walletB] })
  const older = await startItemsOnly(t, remote.url)
  const node = await startTestNode(t, {}, { devices })
  const record = await signHttpsig(
    {
      ...{ 'data-protocol': 'ao', variant: 'ao.N.1', type: 'scheduler-location' },
      ...{ url: older, nonce: 1, 'time-to-live': 600_000 },
    },
    walletB,
  )
  assert.equal((await postHttpsig(node.url, '/~location@1.0/known', record)).status, 200)
  const target = await spawn({ url: node.url, address: remote.address }, COUNTER)
  return { node, target, remote: remote.url }
}

/** Stands before a node, and refuses every message that is not signed as a data item. */
async function startItemsOnly(t: TestContext, url: string): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    if (incoming.method === 'POST' && !body.includes('ans104@1.0')) {
      outgoing.writeHead(422, { 'content-type': 'text/plain' }).end('Expected a data item')
      return
    }
    const headers = Object.entries(incoming.headers)
      .filter(([name]) => !['host', 'connection', 'content-length'].includes(name))
      .map(([name, value]): [string, string] => [name, String(value)])
    const method = incoming.method ?? 'GET'
    const reply = await fetch(url + incoming.url, {
      ...{ method, headers, ...(method === 'POST' ? { body } : {}) },
    })
    outgoing.writeHead(reply.status, Object.fromEntries(reply.headers))
    outgoing.end(Buffer.from(await reply.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
