/** Two nodes: processes of one are scheduled and read through the other, however it finds it. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { verifyMessage } from '../src/codec/verify.ts'
import type { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import { type FakeBlock, sendOn, startFake, startFakeGateway } from './fake-network.ts'
import {
  assertSchedule,
  assignmentsOf,
  bodyOf,
  clientWallet,
  get,
  type HttpReply,
  idOf,
  keptLogger,
  postHttpsig,
  postItem,
  readPage,
  readSchedule,
  request,
  schedule,
  signHttpsig,
  signItem,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  walletA,
  walletB,
} from './node-kit.ts'

const UNKNOWN = 'U'.repeat(43)
const BLOCK = { height: 1_700_123, indep_hash: `${'h'.repeat(63)}-`, timestamp: 1_763_000_000 }

interface Pair {
  readonly a: RunningNode
  readonly b: RunningNode
}

type NodeOptions = Parameters<typeof startTestNode>[1]

async function startPair(t: TestContext, options: { a?: NodeOptions; b?: NodeOptions } = {}) {
  const a = await startTestNode(t, options.a)
  const b = await startTestNode(t, options.b, { wallets: [walletB] })
  return { a, b }
}

/** A signed record that says where the scheduler of `walletB` is. */
function locationOf(url: string, keys: Record<string, string | number> = {}): Promise<Message> {
  const nonce = 1
  const record = { type: 'scheduler-location', url, nonce, 'time-to-live': 600_000 }
  return signHttpsig({ 'data-protocol': 'ao', variant: 'ao.N.1', ...record, ...keys }, walletB)
}

async function tellLocation(node: RunningNode, record: Message): Promise<void> {
  const reply = await postHttpsig(node.url, '/~location@1.0/known', record)
  assert.equal(reply.status, 200, reply.text)
}

/** Everything that a client does with a process of `b`, done through `a`. */
async function useThrough({ a, b }: Pair, processId: string, named = processId): Promise<void> {
  const message = await signMessage(named, { data: 'through another node' })
  const posted = await postItem(a.url, message)
  assert.equal(posted.status, 200, posted.text)
  const assignment = posted.message()
  assert.deepEqual((await verifyMessage(assignment)).signers, [b.address])
  assert.equal(assignment.get('process'), processId)
  assert.equal(idOf(bodyOf(assignment)), idOf(message))

  const target = encodeURIComponent(named)
  const slot = await get(`${a.url}/~scheduler@1.0/slot?target=${target}`)
  assert.equal(slot.status, 200, slot.text)
  assert.equal(slot.message().get('current'), assignment.get('slot'))
  assert.deepEqual((await verifyMessage(slot.message())).signers, [b.address])

  const through = await get(`${a.url}/~scheduler@1.0/schedule?target=${target}&from=0`)
  assert.equal(through.status, 200, through.text)
  const page = through.message()
  const assignments = assignmentsOf(page)
  assert.equal(assignments.length, Number(assignment.get('slot')) + 1)
  await assertSchedule(assignments, { processId, signers: [b.address] })
  assert.deepEqual(assignments.map(idOf), (await readSchedule(b.url, processId)).map(idOf))
}

describe('a process of another node', () => {
  test('is reached by a hint in its id, known here or not', async (t) => {
    const pair = await startPair(t)
    const processId = await spawn(pair.b)
    await useThrough(pair, processId, `${processId}?hint=${pair.b.url}`)
  })

  test('is not reached by a hint when the node follows none', async (t) => {
    const { a, b } = await startPair(t, { a: { followHints: false } })
    const processId = await spawn(b)
    const reply = await postItem(a.url, await signMessage(`${processId}?hint=${b.url}`))
    assert.equal(reply.status, 404, reply.text)
  })

  test('is not reached in a private network, unless the node may go there', async (t) => {
    const refusing = { a: { localPeers: 'refuse' } } as const
    const { a, b } = await startPair(t, refusing)
    const processId = await spawn(b)
    const named = `${processId}?hint=${b.url}`
    const byHint = await postItem(a.url, await signMessage(named))
    await tellLocation(a, await locationOf(b.url))
    const byRecord = await postItem(a.url, await signProcess(b.address))
    for (const reply of [byHint, byRecord]) {
      assert.deepEqual([reply.status, reply.headers.get('error')], [502, 'remote-failed'])
      assert.match(reply.text, /private network/)
    }
    const everywhere = await startTestNode(t, { host: '0.0.0.0' })
    assert.equal((await postItem(everywhere.url, await signMessage(named))).status, 502)
  })

  for (const path of ['/~location@1.0/known', '/~scheduler@1.0/location']) {
    test(`is reached by a record posted to ${path}, and kept when it was posted here`, async (t) => {
      const pair = await startPair(t)
      const { a, b } = pair
      const told = await postHttpsig(a.url, path, await locationOf(b.url))
      assert.equal(told.status, 200, told.text)
      const process = await signProcess(b.address)
      const spawned = await schedule(a.url, process)
      assert.deepEqual((await verifyMessage(spawned)).signers, [b.address])
      await useThrough(pair, idOf(process))
      const status = await get(`${a.url}/~scheduler@1.0/status`)
      assert.deepEqual(status.message().get('processes') ?? [], [], 'it has no schedule here')
    })
  }

  test('is reached by what the gateway says, which is asked once', async (t) => {
    const b = await startTestNode(t, {}, { wallets: [walletB] })
    const locations = { [b.address]: { Url: b.url, 'Time-To-Live': '60000' } }
    const gateway = await startFakeGateway(t, { locations, block: BLOCK })
    const a = await startTestNode(t, { gatewayUrl: gateway.url })
    const process = await signProcess(b.address)
    await schedule(a.url, process)
    await useThrough({ a, b }, idOf(process))
    const asked = gateway.received.filter(({ target }) => target === '/graphql')
    assert.equal(asked.length, 1)
  })

  test('is read as application/aos-2 too', async (t) => {
    const { a, b } = await startPair(t)
    await tellLocation(a, await locationOf(b.url))
    const process = await signProcess(b.address)
    await schedule(a.url, process)
    const path = `/${idOf(process)}/schedule?accept=application/aos-2`
    const [through, direct] = await Promise.all([get(a.url + path), get(b.url + path)])
    assert.equal(through.headers.get('content-type'), 'application/json')
    assert.deepEqual(JSON.parse(through.text), JSON.parse(direct.text))
  })

  test('is reached below the path of its location', async (t) => {
    const { a, b } = await startPair(t)
    const proxy = await startFake(t, (received, response) =>
      sendOn(b.url + received.target.replace(/^\/nodes\/b/, ''), received, response),
    )
    await tellLocation(a, await locationOf(`${proxy.url}/nodes/b/`))
    const process = await signProcess(b.address)
    await schedule(a.url, process)
    await useThrough({ a, b }, idOf(process))
    for (const { target } of proxy.received) assert.match(target, /^\/nodes\/b\/[\w-]{43}\//)
  })
})

describe('followRedirects: false', () => {
  test('POST, slot and schedule answer where the scheduler is', async (t) => {
    const { a, b } = await startPair(t, { a: { followRedirects: false } })
    await tellLocation(a, await locationOf(`${b.url}/sub`))
    const process = await signProcess(b.address)
    const id = idOf(process)
    const hinted = encodeURIComponent(`${id}?hint=${b.url}`)
    const redirects: [HttpReply, string][] = [
      [await postItem(a.url, process), `${b.url}/sub`],
      [await get(`${a.url}/~scheduler@1.0/slot?target=${hinted}`), b.url],
      [await get(`${a.url}/~scheduler@1.0/schedule?target=${hinted}`), b.url],
    ]
    for (const [reply, url] of redirects) {
      assert.equal(reply.status, 307)
      assert.equal(reply.headers.get('location'), url)
      assert.equal(reply.headers.get('variant'), 'ao.N.1')
      assert.equal(reply.text, `Redirecting to scheduler: ${url}`)
    }
  })
})

describe('a scheduler that cannot be found', () => {
  test('is 404 where nobody knows its location, 400 where the process names none', async (t) => {
    const a = await startTestNode(t)
    const foreign = await postItem(a.url, await signProcess(UNKNOWN))
    assert.equal(foreign.status, 404)
    assert.equal(foreign.text, 'not_found')
    const none = await postItem(a.url, await signProcess(undefined))
    assert.equal(none.status, 400)
    assert.equal(none.text, 'No scheduler information provided.')
    const unknown = await postItem(a.url, await signMessage(UNKNOWN))
    assert.equal(unknown.status, 404)
    assert.match(unknown.text, new RegExp(UNKNOWN))
  })

  test('does not hide another one of the process that can be found', async (t) => {
    const pair = await startPair(t)
    const { a, b } = pair
    await tellLocation(a, await locationOf(b.url))
    for (const scheduler of [`${b.address},${UNKNOWN}`, [UNKNOWN, b.address]]) {
      const process = await signProcess(scheduler)
      await schedule(a.url, process)
      await useThrough(pair, idOf(process))
    }
  })

  test('is 502 when the gateway fails, unless another one can be found', async (t) => {
    const { address, url } = await startTestNode(t, {}, { wallets: [walletB] })
    const gateway = await startFakeGateway(t, { locations: { [UNKNOWN]: 'broken' }, block: BLOCK })
    const a = await startTestNode(t, { gatewayUrl: gateway.url })
    const failed = await postItem(a.url, await signProcess(UNKNOWN))
    assert.equal(failed.status, 502)
    assert.match(failed.text, /gateway/)
    await tellLocation(a, await locationOf(url))
    await schedule(a.url, await signProcess([address, UNKNOWN]))
  })

  test('is 404 again when the location is past its time to live', async (t) => {
    let nowMs = Date.now()
    const b = await startTestNode(t, {}, { wallets: [walletB] })
    const a = await startTestNode(t, {}, { clock: { now: () => nowMs } })
    await tellLocation(a, await locationOf(b.url, { 'time-to-live': 1_000 }))
    const process = await signProcess(b.address)
    await schedule(a.url, process)
    nowMs += 1_001
    assert.equal((await get(`${a.url}/${idOf(process)}/slot`)).status, 404)
  })

  test('the record of the node itself is made anew when it is past its time to live', async (t) => {
    let nowMs = Date.now()
    const options = { schedulerLocationTtlMs: 1_000 }
    const a = await startTestNode(t, options, { clock: { now: () => nowMs } })
    const nonce = async () => (await get(`${a.url}/~location@1.0/node`)).message().get('nonce')
    assert.deepEqual([await nonce(), await nonce()], [0, 0])
    nowMs += 1_001
    assert.deepEqual([await nonce(), await nonce()], [1, 1])
  })
})

describe('locations that lead in a circle', () => {
  test('a record of another scheduler at this very node is refused, not followed for ever', async (t) => {
    const a = await startTestNode(t)
    await tellLocation(a, await locationOf(a.url.replace('127.0.0.1', 'localhost')))
    const reply = await postItem(a.url, await signProcess(walletB.address))
    assert.equal(reply.status, 508, reply.text)
  })

  test('two nodes that point at each other refuse at the second visit', async (t) => {
    const { logger, lines } = keptLogger()
    const a = await startTestNode(t, {}, { logger })
    const b = await startTestNode(t, {}, { wallets: [walletB] })
    // A scheduler that neither is: each node believes that it is the other.
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { url } = other
      const record = { type: 'scheduler-location', url, nonce: 1, 'time-to-live': 600_000 }
      const told = await postItem(node.url, await signItem(record), '/~location@1.0/known')
      assert.equal(told.status, 200, told.text)
    }
    lines.length = 0
    const reply = await postItem(a.url, await signProcess(clientWallet.address))
    assert.equal(reply.status, 508, reply.text)
    const answered = lines.filter(({ message }) => message === 'Request answered')
    assert.equal(answered.length, 2, 'the request of the client, and that of the other node')
  })
})

describe('peers', () => {
  test('hear of a new record of the node itself, and use it', async (t) => {
    const a = await startTestNode(t)
    const b = await startTestNode(t, { notifyPeers: [a.url] }, { wallets: [walletB] })
    const ask = { path: '/~scheduler@1.0/location', method: 'POST', nonce: 7 }
    const published = await postHttpsig(b.url, ask.path, await signHttpsig(ask, walletB))
    assert.equal(published.status, 200, published.text)
    const record = await until(async () => {
      const reply = await get(`${a.url}/~location@1.0/${b.address}`)
      return reply.status === 200 ? reply.message() : undefined
    })
    assert.equal(record.get('url'), b.url)
    assert.equal(record.get('nonce'), 7)
    assert.deepEqual((await verifyMessage(record)).signers, [b.address])
    const process = await signProcess(b.address)
    await schedule(a.url, process)
    await useThrough({ a, b }, idOf(process))
  })
})

/** Asks again and again for something that happens in the background, for a short time. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + 5_000
  while (performance.now() < giveUpAt) {
    const found = await ask()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.fail('It did not happen within five seconds')
}

describe('block clock', () => {
  test('the newest block of the gateway stands in assignments, slots and pages', async (t) => {
    const gateway = await startFakeGateway(t, { locations: {}, block: BLOCK })
    const a = await startTestNode(t, { gatewayUrl: gateway.url })
    const processId = await until(async () => {
      const id = await spawn(a)
      const slot = (await get(`${a.url}/${id}/slot`)).message()
      return slot.get('block-height') === BLOCK.height ? id : undefined
    })
    const assignment = await schedule(a.url, await signMessage(processId))
    assert.equal(assignment.get('block-height'), BLOCK.height)
    assert.equal(assignment.get('block-hash'), BLOCK.indep_hash)
    assert.equal(assignment.get('block-timestamp'), BLOCK.timestamp)
    assert.ok((await verifyMessage(assignment)).valid)
    const slot = (await get(`${a.url}/${processId}/slot`)).message()
    for (const message of [slot, await readPage(a.url, processId)]) {
      assert.equal(message.get('block-hash'), BLOCK.indep_hash)
      assert.equal(message.get('timestamp'), BLOCK.timestamp)
    }
    const plain = await request(`${a.url}/${processId}/slot/block-hash`)
    assert.equal(plain.text, BLOCK.indep_hash)
    await assertSchedule(await readSchedule(a.url, processId), {
      processId,
      signers: [walletA.address],
    })
  })

  test('a gateway that fails or answers no block leaves the last one in place', async (t) => {
    const noBlocks: readonly (FakeBlock | undefined)[] = [
      undefined,
      { ...BLOCK, height: -1 },
      { ...BLOCK, indep_hash: 'two\r\nlines' },
    ]
    for (const block of noBlocks) {
      const { logger, lines } = keptLogger()
      const gateway = await startFakeGateway(t, { locations: {}, ...(block && { block }) })
      const a = await startTestNode(t, { gatewayUrl: gateway.url }, { logger })
      await until(async () => lines.find(({ message }) => message.includes('Block clock')))
      const assignment = await schedule(a.url, await signProcess(a.address))
      assert.equal(assignment.get('block-height'), 0)
      assert.equal(assignment.get('block-hash'), 'A'.repeat(43))
    }
  })
})
