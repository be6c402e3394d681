/** `process@1.0` over real HTTP: states by slot and by now, asked for together, after restarts. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { createDevice } from '../src/device/create-device.ts'
import { type Device, ok } from '../src/device/device.ts'
import { numberAt, textAt } from '../src/device/read-key.ts'
import { Message } from '../src/message/message.ts'
import { isList } from '../src/message/value.ts'
import {
  clientWallet,
  get,
  schedule,
  signItem,
  signMessage,
  spawn,
  startTestNode,
  temporaryFolder,
} from './node-kit.ts'
import { INCREMENT, messageAt, nested, setupProcess } from './process-fixture.ts'

describe('compute and now', () => {
  test('a stack of two test devices sees each slot twice', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: {
        'execution-device': 'stack@1.0',
        'device-stack': ['test-device@1.0', 'test-device@1.0'],
      },
      messages: [{ text: 'one' }],
    })
    const first = await messageAt(`${url}/${id}/compute=0`)
    assert.deepEqual(first.get('already-seen'), [0, 0])
    assert.equal(nested(first, 'results').get('assignment-slot'), 0)
    const second = await messageAt(`${url}/${id}/compute&slot=1`)
    assert.deepEqual(second.get('already-seen'), [1, 1, 0, 0])
    assert.equal(second.get('device'), 'process@1.0')
    assert.equal(second.get('at-slot'), 1)
    assert.equal(second.get('initialized'), 'true')
  })

  test('a state is signed by the node, its process by its owner', async (t) => {
    const { url, id, address } = await setupProcess(t, {
      process: { 'execution-device': 'test-device@1.0' },
    })
    const state = await messageAt(`${url}/${id}/now`)
    assert.deepEqual((await verifyMessage(state)).signers, [address])
    const { valid, signers } = await verifyMessage(nested(state, 'process'))
    assert.deepEqual({ valid, signers }, { valid: true, signers: [clientWallet.address] })
  })

  test('keys of a state can be read like those of any message', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [counterDevice],
      process: { 'execution-device': 'counter@1.0' },
      messages: [INCREMENT, INCREMENT, INCREMENT],
    })
    assert.equal((await get(`${url}/${id}/now/count`)).text, '3')
    assert.equal((await get(`${url}/${id}/compute=1/count`)).text, '1')
    assert.equal((await get(`${url}/${id}/compute?slot+integer=2&x=y/count`)).status, 200)
    assert.equal((await get(`${url}/${id}/compute=2/results/data`)).text, '2')
    assert.equal((await get(`${url}/${id}/compute/count`)).text, '3')
    assert.equal((await get(`${url}/${id}/compute/results=1/data`)).text, '1')
    const json = await get(`${url}/${id}/compute=2/~json@1.0/serialize`)
    assert.equal(JSON.parse(json.text).count, 2)
  })

  test('a process that waits for its own computation is told so at once', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: { 'execution-device': 'stack@1.0', 'device-stack': ['process@1.0'] },
    })
    for (const path of ['now', 'compute=0', 'now']) {
      const reply = await get(`${url}/${id}/${path}`)
      assert.deepEqual([reply.status, reply.headers.get('error')], [508, 'infinite-recursion'])
    }
  })

  test('compute without a slot is the newest state that is known', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [counterDevice],
      process: { 'execution-device': 'counter@1.0' },
      messages: [INCREMENT],
    })
    assert.equal((await get(`${url}/${id}/compute/count`)).text, '1')
    await schedule(url, await signMessage(id, INCREMENT))
    assert.equal((await get(`${url}/${id}/compute/count`)).text, '1')
    assert.equal((await get(`${url}/${id}/now/count`)).text, '2')
    assert.equal((await get(`${url}/${id}/compute/count`)).text, '2')
  })

  test('an unknown slot, and what is none, have reasons', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: { 'execution-device': 'test-device@1.0' },
    })
    const reply = await get(`${url}/${id}/compute=7`)
    assert.equal(reply.status, 404)
    const { headers } = reply
    assert.equal(headers.get('reason'), 'Requested slot not yet available in schedule.')
    assert.equal(headers.get('phase'), 'get-schedule')
    assert.equal(headers.get('attempted-slot'), '1')
    for (const slot of ['x', '-1', '1.5']) {
      assert.equal((await get(`${url}/${id}/compute=${slot}`)).status, 400, slot)
    }
    const message = await signItem({ type: 'Message', target: id })
    await schedule(url, message)
    assert.equal((await get(`${url}/${id}~process@1.0/compute=1`)).status, 200)
  })

  test('as=execution is the state of now, computed or not', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [counterDevice],
      process: { 'execution-device': 'counter@1.0' },
      messages: [INCREMENT, INCREMENT],
    })
    assert.equal((await get(`${url}/${id}/as=execution/at-slot`)).text, '2')
    assert.equal((await get(`${url}/${id}/as=execution/count`)).text, '2')
    assert.equal((await get(`${url}/${id}/compute/at-slot`)).text, '2')
  })

  test('init and next stay inside', async (t) => {
    const { url, id } = await setupProcess(t, {
      process: { 'execution-device': 'test-device@1.0' },
    })
    for (const key of ['init', 'next']) assert.equal((await get(`${url}/${id}/${key}`)).status, 404)
  })

  test('nowFromCache: only answers what was computed before', async (t) => {
    const { url, id } = await setupProcess(t, {
      options: { nowFromCache: 'only' },
      process: { 'execution-device': 'test-device@1.0' },
    })
    const reply = await get(`${url}/${id}/now`)
    assert.deepEqual([reply.status, reply.text], [404, 'No cached state available.'])
    await get(`${url}/${id}/compute=0`)
    assert.equal((await get(`${url}/${id}/now/at-slot`)).text, '0')
  })

  test('every id and path of a process leads to the same states', async (t) => {
    const { url, id } = await setupProcess(t, {
      devices: [counterDevice],
      process: { 'execution-device': 'counter@1.0' },
      messages: [INCREMENT],
    })
    const process = nested(await messageAt(`${url}/${id}/now`), 'process')
    const unsigned = [...process.commitments.keys()].find((key) => key !== id) ?? ''
    for (const path of [`${id}~process@1.0/now`, `${unsigned}/now`, `${id}/compute=0/now`]) {
      assert.equal((await get(`${url}/${path}/count`)).text, '1', path)
    }
  })
})

describe('what is asked at the same time', () => {
  function slowDevice(): { device: Device; calls: number[]; release: () => void } {
    const calls: number[] = []
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const device = createDevice('slow@1.0', {
      compute: async (base, request) => {
        calls.push(numberAt(request, 'slot') ?? -1)
        await gate
        return ok(base.with([['count', (numberAt(base, 'count') ?? 0) + 1]]))
      },
    })
    return { device, calls, release: () => release() }
  }

  test('is computed once', async (t) => {
    const { device, calls, release } = slowDevice()
    const { url, id } = await setupProcess(t, {
      devices: [device],
      process: { 'execution-device': 'slow@1.0' },
      messages: [{}, {}],
    })
    const paths = ['compute=2', 'compute=0', 'now', 'compute=2', 'compute=1']
    const replies = paths.map((path) => get(`${url}/${id}/${path}/count`))
    while (calls.length === 0) await new Promise(setImmediate)
    release()
    const texts = (await Promise.all(replies)).map(({ text }) => text)
    assert.deepEqual(texts, ['3', '1', '3', '3', '2'])
    assert.deepEqual(calls, [0, 1, 2])
  })

  test('waits in a queue with a bound', async (t) => {
    const { device, calls, release } = slowDevice()
    const { url, id } = await setupProcess(t, {
      devices: [device],
      options: { computeQueueLimit: 2 },
      process: { 'execution-device': 'slow@1.0' },
    })
    const waiting = [get(`${url}/${id}/compute=0`), get(`${url}/${id}/compute=0`)]
    while (calls.length === 0) await new Promise(setImmediate)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal((await get(`${url}/${id}/compute=0`)).status, 503)
    release()
    for (const { status } of await Promise.all(waiting)) assert.equal(status, 200)
  })

  test('of more processes than fit in memory all are answered', async (t) => {
    const node = await startTestNode(t, { maxComputedProcesses: 2 }, { devices: [counterDevice] })
    const keys = { 'execution-device': 'counter@1.0' }
    const ids = await Promise.all(Array.from({ length: 5 }, () => spawn(node, keys)))
    for (const id of [...ids, ...ids]) {
      await schedule(node.url, await signMessage(id, INCREMENT))
      assert.equal((await get(`${node.url}/${id}/now`)).status, 200)
    }
    for (const id of ids) assert.equal((await get(`${node.url}/${id}/now/count`)).text, '2')
  })
})

describe('restarts', () => {
  async function countingNode(t: TestContext, storePath: string, options: Partial<NodeConfig>) {
    const slots: number[] = []
    const device = createDevice('noting@1.0', {
      init: async (base) => ok(base.with([['seen', []]])),
      compute: async (base, request) => {
        const slot = numberAt(request, 'slot') ?? -1
        slots.push(slot)
        const seen = base.get('seen')
        return ok(base.with([['seen', [slot, ...(isList(seen) ? seen : [])]]]))
      },
    })
    const node = await startTestNode(
      t,
      { storeEngine: 'lmdb', storePath, testDevices: true, ...options },
      { devices: [device] },
    )
    return { ...node, slots }
  }

  test('what was computed before is not computed again', async (t) => {
    const storePath = await temporaryFolder(t)
    const first = await countingNode(t, storePath, { snapshotSlots: 0, snapshotMs: 0 })
    const id = await spawn(first, { 'execution-device': 'noting@1.0' })
    for (let n = 0; n < 70; n++) await schedule(first.url, await signMessage(id))
    const before = await messageAt(`${first.url}/${id}/now`)
    assert.equal(first.slots.length, 71)
    await first.stop()
    const second = await countingNode(t, storePath, { snapshotSlots: 0, snapshotMs: 0 })
    const after = await messageAt(`${second.url}/${id}/compute=70`)
    assert.deepEqual(after.get('seen'), before.get('seen'))
    assert.deepEqual((await messageAt(`${second.url}/${id}/compute=35`)).get('at-slot'), 35)
    assert.deepEqual(second.slots, [])
  })

  test('a state goes on from its newest snapshot', async (t) => {
    const storePath = await temporaryFolder(t)
    const options = { snapshotSlots: 4, snapshotMs: 0 }
    const first = await countingNode(t, storePath, options)
    const id = await spawn(first, { 'execution-device': 'noting@1.0' })
    for (let n = 0; n < 6; n++) await schedule(first.url, await signMessage(id))
    await get(`${first.url}/${id}/now`)
    await first.stop()
    const second = await countingNode(t, storePath, options)
    await schedule(second.url, await signMessage(id))
    const state = await messageAt(`${second.url}/${id}/now`)
    assert.deepEqual(state.get('seen'), [7, 6, 5, 4, 3, 2, 1, 0])
    // The device keeps nothing but the state, so that any state is as good as a snapshot.
    assert.deepEqual(second.slots, [7])
  })

  test('a device that keeps more than the state gets its snapshot back', async (t) => {
    const storePath = await temporaryFolder(t)
    function device(): Device & { readonly slots: number[] } {
      let hidden = 0
      const slots: number[] = []
      const made = createDevice('hidden@1.0', {
        init: async (base) => {
          hidden = 0
          return ok(base)
        },
        compute: async (base, request) => {
          slots.push(numberAt(request, 'slot') ?? -1)
          hidden++
          return ok(base.with([['count', hidden]]))
        },
        snapshot: async () => ok(new Message([['hidden', `${hidden}`]])),
        normalize: async (base) => {
          hidden = Number(textAt(nested(base, 'snapshot'), 'hidden'))
          return ok(base)
        },
      })
      return { ...made, slots }
    }
    const options = { storeEngine: 'lmdb', storePath, snapshotSlots: 2, snapshotMs: 0 } as const
    const first = await startTestNode(t, options, { devices: [device()] })
    const id = await spawn(first, { 'execution-device': 'hidden@1.0' })
    for (let n = 0; n < 3; n++) await schedule(first.url, await signMessage(id))
    assert.equal((await get(`${first.url}/${id}/now/count`)).text, '4')
    await first.stop()
    const again = device()
    const second = await startTestNode(t, options, { devices: [again] })
    await schedule(second.url, await signMessage(id))
    assert.equal((await get(`${second.url}/${id}/now/count`)).text, '5')
    assert.deepEqual(again.slots, [3, 4])
    const state = await messageAt(`${second.url}/${id}/now`)
    assert.equal(state.has('snapshot'), false)
  })

  test('a process whose device has no normalize computes later slots after each restart', async (t) => {
    const storePath = await temporaryFolder(t)
    const options = { storeEngine: 'lmdb', storePath, testDevices: true } as const
    let id: string | undefined
    for (let n = 0; n < 3; n++) {
      const node = await startTestNode(t, options)
      id ??= await spawn(node, { 'execution-device': 'test-device@1.0' })
      await schedule(node.url, await signMessage(id))
      assert.equal((await get(`${node.url}/${id}/now/at-slot`)).text, `${n + 1}`)
      await node.stop()
    }
  })
})
