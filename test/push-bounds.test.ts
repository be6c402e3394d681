/** How far pushes go, pushes that nobody waits for or that were cut off, and targets elsewhere. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import { createDeliveries } from '../src/cache/deliveries.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { createDevice } from '../src/device/create-device.ts'
import { ok } from '../src/device/device.ts'
import { numberAt } from '../src/device/read-key.ts'
import { createResults } from '../src/device/results.ts'
import { Message } from '../src/message/message.ts'
import { createFailingStore, diskFull } from '../src/store/failing-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import {
  bodyOf,
  get,
  idOf,
  postHttpsig,
  postItem,
  readSchedule,
  schedule,
  signHttpsig,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  temporaryFolder,
  walletA,
  walletB,
} from './node-kit.ts'
import { nested } from './process-fixture.ts'
import { sender } from './push-devices.ts'
import { COUNTER, countOf, entry, send, startPushNode } from './push-fixture.ts'

describe('how far a push goes', () => {
  async function pair(t: TestContext, options: Partial<NodeConfig> = {}) {
    const { url, address } = await startPushNode(t, options)
    const keys = { 'execution-device': 'ping-pong@1.0' }
    const [ping, pong] = [await spawn({ url, address }, keys), await spawn({ url, address }, keys)]
    const slots = async () => [
      (await readSchedule(url, ping)).length - 1,
      (await readSchedule(url, pong)).length - 1,
    ]
    return { url, ping, pong, slots }
  }

  test('to the last answer', async (t) => {
    const { url, ping, pong, slots } = await pair(t)
    const slot = await send(url, ping, { left: '6', friend: pong })
    await get(`${url}/${ping}/push&slot=${slot}`)
    assert.deepEqual(await slots(), [4, 3])
  })

  test('deeper than a reply can tell', async (t) => {
    const { url, ping, pong, slots } = await pair(t, { pushMaxDepth: 200 })
    const slot = await send(url, ping, { left: '300', friend: pong })
    const reply = await get(`${url}/${ping}/push&slot=${slot}`)
    assert.equal(reply.status, 200)
    assert.deepEqual(await slots(), [101, 101])
    let result = reply.message()
    let levels = 0
    for (; result.has('1'); levels++) result = nested(entry(result), 'resulted-in')
    assert.ok(levels > 16)
    assert.deepEqual([...result.keys()].sort(), ['process', 'slot'])
  })

  test('as deep as it was asked to, and goes on there later', async (t) => {
    const { url, ping, pong, slots } = await pair(t)
    const slot = await send(url, ping, { left: '6', friend: pong })
    const reply = (await get(`${url}/${ping}/push&slot=${slot}&max-depth+integer=0`)).message()
    assert.equal(entry(reply).get('resulted-in'), 'skipped')
    assert.deepEqual(await slots(), [1, 1])
    await get(`${url}/${ping}/push&slot=${slot}&max-depth=2`)
    assert.deepEqual(await slots(), [2, 2])
    await get(`${url}/${pong}/push&slot=1`)
    assert.deepEqual(await slots(), [4, 3])
  })

  test('no deeper, and to no more messages, than the node allows', async (t) => {
    const depth = await pair(t, { pushMaxDepth: 3 })
    const slot = await send(depth.url, depth.ping, { left: '100', friend: depth.pong })
    await get(`${depth.url}/${depth.ping}/push&slot=${slot}&max-depth=50`)
    assert.deepEqual(await depth.slots(), [3, 2])
    const count = await pair(t, { pushMaxMessages: 5 })
    const first = await send(count.url, count.ping, { left: '100', friend: count.pong })
    await get(`${count.url}/${count.ping}/push&slot=${first}`)
    assert.deepEqual(await count.slots(), [3, 3])
    await get(`${count.url}/${count.ping}/push&slot=${first}`)
    assert.deepEqual(await count.slots(), [6, 5])
  })
})

test('a message that cannot be sent counts like one that was', async (t) => {
  const { url, address } = await startPushNode(t, { pushMaxMessages: 2 })
  const from = await spawn({ url, address }, { 'execution-device': 'fan-out@1.0' })
  const to = `${'T'.repeat(43)}?hint=http://127.0.0.1:9`
  const slot = await send(url, from, { to, copies: '4' })
  const reply = (await get(`${url}/${from}/push&slot=${slot}`)).message()
  const statuses = ['1', '2', '3', '4'].map((key) => entry(reply, key).get('status'))
  assert.deepEqual(statuses, [undefined, undefined, 503, 503])
})

describe('a push that nobody waits for', () => {
  test('answers at once and delivers all the same', async (t) => {
    const { url, address } = await startPushNode(t)
    const [from, target] = [
      await spawn({ url, address }, COUNTER),
      await spawn({ url, address }, COUNTER),
    ]
    const message = await signMessage(from, { action: 'Forward', to: target })
    const posted = await postItem(url, message, `/${from}/push&async=true`)
    assert.deepEqual([posted.message().get('slot'), posted.message().has('1')], [1, false])
    const slot = await send(url, from, { action: 'Forward', to: target })
    const asked = await get(`${url}/${from}/push&slot=${slot}&push-mode=async`)
    assert.deepEqual([asked.status, asked.text], [200, ''])
    while ((await countOf(url, target)) !== '2') await new Promise(setImmediate)
  })

  test('is also one that takes too long for its client', async (t) => {
    const gate = Promise.withResolvers<void>()
    const slow = createDevice('slow@1.0', {
      compute: async (base, request) => {
        if (numberAt(request, 'slot') === 1) await gate.promise
        return ok(base.with([['results', createResults({ output: 'At last' })]]))
      },
    })
    const node = await startTestNode(t, { pushWaitMs: 50 }, { devices: [slow] })
    const id = await spawn(node, { 'execution-device': 'slow@1.0' })
    const posted = (await postItem(node.url, await signMessage(id), `/${id}/push`)).message()
    assert.deepEqual([posted.get('slot'), posted.has('data')], [1, false])
    gate.resolve()
    const again = await get(`${node.url}/${id}/push&slot=1`)
    assert.equal(again.message().get('data'), 'At last')
  })

  test('goes on after the node was stopped in the middle of it', async (t) => {
    const storePath = await temporaryFolder(t)
    const options = { storeEngine: 'lmdb', storePath } as const
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = createDevice('slow@1.0', {
      compute: async (base, request, context) => {
        if (numberAt(request, 'slot') === 1) await gate
        const forward = counterDevice.keys.get('compute')
        return forward === undefined ? ok(base) : forward(base, request, context)
      },
    })
    const first = await startTestNode(t, options, { devices: [slow, counterDevice] })
    const from = await spawn(first, { 'execution-device': 'slow@1.0' })
    const target = await spawn(first, COUNTER)
    const slot = await send(first.url, from, { action: 'Forward', to: target })
    await get(`${first.url}/${from}/push&slot=${slot}&async=true`)
    const stopped = first.stop()
    release()
    await stopped
    const second = await startTestNode(t, options, { devices: [slow, counterDevice] })
    while ((await countOf(second.url, target)) !== '1') await new Promise(setImmediate)
  })
})

describe('a push that was cut off', () => {
  async function noted(t: TestContext) {
    const { url, address, store } = await startPushNode(t)
    const [from, target] = [
      await spawn({ url, address }, COUNTER),
      await spawn({ url, address }, COUNTER),
    ]
    const slot = await send(url, from, { action: 'Forward', to: target })
    const signed = await signHttpsig({ type: 'Message', target, action: 'Increment' }, walletA)
    const place = { process: from, slot, key: '1' }
    const delivery = { target, messageId: idOf(signed), after: 0 }
    await createDeliveries(store).begin({
      ...{ place, delivery, message: signed },
      root: { process: from, slot, maxDepth: 1 },
    })
    const push = async (): Promise<Message> =>
      entry((await get(`${url}/${from}/push&slot=${slot}`)).message())
    return { url, from, target, signed, push }
  }

  test('before its message was scheduled sends that very message', async (t) => {
    const { url, target, signed, push } = await noted(t)
    assert.equal((await push()).get('id'), idOf(signed))
    const [, assignment, ...others] = await readSchedule(url, target)
    assert.ok(assignment)
    assert.equal(idOf(bodyOf(assignment)), idOf(signed))
    assert.equal(others.length, 0)
  })

  test('after its message was scheduled finds it, among later ones', async (t) => {
    const { url, target, signed, push } = await noted(t)
    await send(url, target, {})
    await postHttpsig(url, '/~scheduler@1.0/schedule', new Message([['body', signed]]))
    await send(url, target, {})
    assert.equal((await push()).get('slot'), 2)
    assert.equal((await readSchedule(url, target)).length, 4)
  })
})

describe('a store that fails at any write of a push', () => {
  /** Pushes while one write fails, then again; gives what the target got, and whether one failed. */
  async function pushWithFault(t: TestContext, nth: number, isWritten: boolean) {
    let count = Number.NEGATIVE_INFINITY
    const isDue = () => count === nth
    const store = createFailingStore(createMemoryStore(), {
      beforeCommit: () => {
        count++
        if (!isWritten && isDue()) throw diskFull()
      },
      afterCommit: () => {
        if (isWritten && isDue()) throw diskFull()
      },
    })
    const { url, address } = await startPushNode(t, {}, store)
    const from = await spawn({ url, address }, { 'execution-device': 'fan-out@1.0' })
    const target = await spawn({ url, address }, COUNTER)
    const slot = await send(url, from, { to: target, copies: '3' })
    const path = `${url}/${from}/push&slot=${slot}`
    count = 0
    await get(path)
    const wasHit = count >= nth
    count = Number.NEGATIVE_INFINITY
    await get(path)
    const arrived = (await readSchedule(url, target)).slice(1)
    return { wasHit, names: arrived.map((assignment) => String(bodyOf(assignment).get('n'))) }
  }

  for (const isWritten of [false, true]) {
    const how = isWritten ? 'though it wrote' : 'and writes nothing'
    test(`${how}: each message is delivered once by the next push`, async (t) => {
      let writes = 0
      for (let wasHit = true; wasHit; writes++) {
        const result = await pushWithFault(t, writes + 1, isWritten)
        assert.deepEqual(result.names.toSorted(), ['1.1', '1.2', '1.3'], `write ${writes + 1}`)
        wasHit = result.wasHit
      }
      // Of each message: its note, its assignment, its slot.
      assert.ok(writes > 9, `${writes} writes`)
    })
  }
})

describe('targets of another node', () => {
  async function twoNodes(t: TestContext) {
    const a = await startTestNode(t, {}, { devices: [counterDevice, sender] })
    const b = await startTestNode(t, {}, { devices: [counterDevice], wallets: [walletB] })
    const from = await spawn(a, { 'execution-device': 'sender@1.0' })
    return { a, b, from }
  }

  test('are reached by a hint; what they say is for their own node to push', async (t) => {
    const { a, b, from } = await twoNodes(t)
    const target = await spawn(b, COUNTER)
    const to = `${target}?hint=${b.url}`
    const slot = await send(a.url, from, { to, 'say-action': 'Increment' })
    for (let n = 0; n < 2; n++) {
      const sent = entry((await get(`${a.url}/${from}/push&slot=${slot}`)).message())
      assert.deepEqual([sent.get('slot'), sent.get('resulted-in')], [1, 'skipped'])
    }
    assert.equal(await countOf(b.url, target), '1')
  })

  test('are reached and computed by what this node knows of them', async (t) => {
    const { a, b, from } = await twoNodes(t)
    const record = await signHttpsig(
      {
        ...{ 'data-protocol': 'ao', variant: 'ao.N.1', type: 'scheduler-location' },
        ...{ url: b.url, nonce: 1, 'time-to-live': 600_000 },
      },
      walletB,
    )
    assert.equal((await postHttpsig(a.url, '/~location@1.0/known', record)).status, 200)
    const process = await signProcess(b.address, COUNTER)
    const target = idOf(process)
    await schedule(a.url, process)
    for (let n = 0; n < 20; n++) await send(a.url, target, { action: 'Increment' })
    const slot = await send(a.url, from, { to: target, 'say-action': 'Increment' })
    const reply = await get(`${a.url}/${from}/push&slot=${slot}&result-depth+integer=2`)
    const sent = entry(reply.message())
    assert.equal(sent.get('slot'), 21)
    assert.equal(nested(sent, 'resulted-in').get('data'), '21')
    assert.equal(await countOf(a.url, target), '21')
    assert.equal(await countOf(b.url, target), '21')
  })

  test('are reached later, once, where their node was away', async (t) => {
    const a = await startTestNode(t, {}, { devices: [counterDevice, sender] })
    const options = { storeEngine: 'lmdb', storePath: await temporaryFolder(t) } as const
    const deps = { devices: [counterDevice], wallets: [walletB] }
    const first = await startTestNode(t, options, deps)
    const from = await spawn(a, { 'execution-device': 'sender@1.0' })
    const target = await spawn(first, COUNTER)
    const to = `${target}?hint=${first.url}`
    const slot = await send(a.url, from, { to, 'say-action': 'Increment' })
    await first.stop()
    const push = async (): Promise<Message> =>
      entry((await get(`${a.url}/${from}/push&slot=${slot}`)).message())
    const failed = await push()
    assert.deepEqual([failed.get('response'), failed.has('slot')], ['error', false])
    const port = Number(new URL(first.url).port)
    const second = await startTestNode(t, { ...options, port }, deps)
    const sent = await push()
    assert.equal(sent.get('slot'), 1, String(sent.get('reason')))
    assert.equal((await push()).get('id'), sent.get('id'))
    assert.equal(await countOf(second.url, target), '1')
    assert.equal((await readSchedule(second.url, target)).length, 2)
  })
})
