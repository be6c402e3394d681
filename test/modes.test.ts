/** The ways in which a node can be told to schedule, over real HTTP. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { DataItem } from 'arbundles'
import { createMessageReader } from '../src/cache/cache.ts'
import { decodeAns104, encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { combineIds } from '../src/message/combine-ids.ts'
import { chainHashpath } from '../src/message/hashpath.ts'
import type { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import type { NodeStores } from '../src/node/stores.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { type FakeServer, type ReceivedRequest, readReceived, startFake } from './fake-network.ts'
import {
  assertSchedule,
  bodyOf,
  get,
  idOf,
  post,
  postItem,
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

/** A bundler that takes what it gets, but for a status to answer with, or no answer. */
function startBundler(t: TestContext, state: { status?: number | 'hang' } = {}) {
  return startFake(t, (_, response) => {
    if (state.status !== 'hang') response.writeHead(state.status ?? 200).end('{}')
  })
}

async function uploadedItem({ target, headers, body }: ReceivedRequest): Promise<Message> {
  assert.equal(target, '/tx')
  assert.equal(headers['content-type'], 'application/octet-stream')
  assert.ok(await DataItem.verify(body), 'arbundles takes it')
  const message = decodeAns104(body)
  assert.ok((await verifyMessage(message)).valid)
  return message
}

/** What a bundler has of a schedule: each message, then its assignment. */
async function assertUploaded(bundler: FakeServer, schedule: readonly Message[]): Promise<void> {
  await bundler.reached(2 * schedule.length)
  const items = await Promise.all(bundler.received.map(uploadedItem))
  assert.deepEqual(
    items.map(idOf),
    schedule.flatMap((assignment) => [idOf(bodyOf(assignment)), idOf(assignment)]),
  )
}

describe('local_confirmation', () => {
  test('answers also while the bundler takes nothing, and says how much waits', async (t) => {
    const state: { status?: number | 'hang' } = { status: 503 }
    const bundler = await startBundler(t, state)
    const node = await startTestNode(t, { bundlerUrl: `${bundler.url}/` })
    const processId = await spawn(node)
    await schedule(node.url, await signMessage(processId))
    assert.equal((await get(`${node.url}/${processId}/slot/current`)).text, '1')
    const metrics = await request(`${node.url}/metrics`)
    assert.match(metrics.text, /^ao_scheduler_upload_backlog 2$/m)
  })

  test('publishes messages and assignments that arbundles verifies', async (t) => {
    const bundler = await startBundler(t)
    const node = await startTestNode(t, { bundlerUrl: bundler.url })
    const processId = await spawn(node)
    await bundler.reached(2)
    await schedule(node.url, await signMessage(processId))
    await assertUploaded(bundler, await readSchedule(node.url, processId))
  })

  test('publishes after a restart what was not published before', async (t) => {
    const stores = sharedStores()
    const state: { status?: number | 'hang' } = { status: 'hang' }
    const bundler = await startBundler(t, state)
    const options = { bundlerUrl: bundler.url }
    const first = await startTestNode(t, options, { stores })
    const processId = await spawn(first)
    await bundler.reached(1)
    await first.stop()
    state.status = 200
    const second = await startTestNode(t, options, { stores })
    await bundler.reached(3)
    const [assignment] = await readSchedule(second.url, processId)
    const items = await Promise.all(bundler.received.slice(1).map(uploadedItem))
    assert.deepEqual(items.map(idOf), [processId, assignment && idOf(assignment)])
  })
})

describe('aggressive', () => {
  test('answers the same assignments, which are all there a moment later', async (t) => {
    const node = await startTestNode(t, { mode: 'aggressive' })
    const processId = await spawn(node)
    const messages = await Promise.all(Array.from({ length: 9 }, () => signMessage(processId)))
    const answers = await Promise.all(messages.map((message) => schedule(node.url, message)))
    assert.deepEqual(
      answers.map((assignment) => Number(assignment.get('slot'))).toSorted(),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    )
    const assignments = await readSchedule(node.url, processId)
    await assertSchedule(assignments, { processId, signers: [node.address] })
    const ids = new Set(assignments.map(idOf))
    for (const answer of answers) assert.ok(ids.has(idOf(answer)))
  })
})

describe('remote_confirmation', () => {
  test('answers when message and assignment are with the bundler', async (t) => {
    const bundler = await startBundler(t)
    const node = await startTestNode(t, { mode: 'remote_confirmation', bundlerUrl: bundler.url })
    const processId = await spawn(node)
    assert.equal(bundler.received.length, 2)
    await schedule(node.url, await signMessage(processId))
    assert.equal(bundler.received.length, 4)
    await assertUploaded(bundler, await readSchedule(node.url, processId))
  })

  test('publishes assignments as httpsig where they are committed so', async (t) => {
    const bundler = await startBundler(t)
    const node = await startTestNode(t, {
      ...{ mode: 'remote_confirmation', bundlerUrl: bundler.url },
      assignmentCommitment: 'httpsig@1.0',
    })
    const processId = await spawn(node)
    const [message, assignment] = bundler.received
    assert.ok(message && assignment)
    assert.equal(idOf(await uploadedItem(message)), processId)
    assert.equal(assignment.target, '/tx')
    const uploaded = readReceived(assignment)
    const { valid, signers } = await verifyMessage(uploaded)
    assert.ok(valid)
    assert.deepEqual(signers, [node.address])
    assert.equal(uploaded.get('process'), processId)
    assert.equal(idOf(bodyOf(uploaded)), processId)
  })

  for (const [status, reason] of [
    [400, /refused the message; it stays scheduled here/],
    [503, /refused the message; it stays scheduled here/],
    ['hang', /did not answer; the message stays scheduled here/],
  ] as const) {
    test(`tells of a bundler that answers ${status}; the slot stays`, async (t) => {
      const state: { status?: number | 'hang' } = {}
      const bundler = await startBundler(t, state)
      const node = await startTestNode(t, {
        ...{ mode: 'remote_confirmation', bundlerUrl: bundler.url },
        bundlerTimeoutMs: status === 'hang' ? 1_000 : 30_000,
        returnExistingAssignment: true,
      })
      const processId = await spawn(node)
      const message = await signMessage(processId)
      state.status = status
      const reply = await postItem(node.url, message)
      assert.equal(reply.status, 502)
      assert.match(reply.text, reason)
      assert.match(reply.headers.get('details') ?? '', /slot=1/)
      assert.equal((await get(`${node.url}/${processId}/slot/current`)).text, '1')
      state.status = 200
      const again = await schedule(node.url, message)
      assert.equal(again.get('slot'), 1, 'sending it again uploads it, and gives the same slot')
      const assignments = await readSchedule(node.url, processId)
      await assertSchedule(assignments, { processId, signers: [node.address] })
    })
  }

  test('needs a bundler', async (t) => {
    await assert.rejects(startTestNode(t, { mode: 'remote_confirmation' }), /bundlerUrl/)
  })
})

describe('disabled', () => {
  test('refuses messages with 503 and lets schedules be read', async (t) => {
    const stores = sharedStores()
    const before = await startTestNode(t, {}, { stores })
    const processId = await spawn(before)
    await before.stop()
    const node = await startTestNode(t, { mode: 'disabled' }, { stores })
    for (const message of [await signMessage(processId), await signProcess(node.address)]) {
      const reply = await postItem(node.url, message)
      assert.equal(reply.status, 503)
      assert.equal(reply.text, 'Scheduling is disabled on this node')
    }
    assert.equal((await readSchedule(node.url, processId)).length, 1)
    assert.equal((await get(`${node.url}/${processId}/slot/current`)).text, '0')
  })
})

describe('the process says', () => {
  for (const [option, spec] of [
    ['ans104@1.0', 'httpsig@1.0'],
    ['httpsig@1.0', 'ans104@1.0'],
  ] as const) {
    test(`scheduler-commitment-spec ${spec}, whatever the node would do`, async (t) => {
      const node = await startTestNode(t, { assignmentCommitment: option })
      const processId = await spawn(node, { 'scheduler-commitment-spec': spec })
      const plain = await spawn(node)
      for (const [id, device] of [
        [processId, spec],
        [plain, option],
      ]) {
        const [assignment] = await readSchedule(node.url, id ?? '')
        const devices = [...(assignment?.commitments.values() ?? [])]
          .filter(({ committer }) => committer !== undefined)
          .map((commitment) => commitment.device)
        assert.deepEqual(devices, [device])
      }
    })
  }

  test('a commitment or hashpath-alg that nobody knows is refused, and no server is left', async (t) => {
    const node = await startTestNode(t)
    for (const keys of [{ 'scheduler-commitment-spec': 'x' }, { 'hashpath-alg': 'md5' }]) {
      const process = await signProcess(node.address, keys)
      const reply = await postItem(node.url, process)
      assert.equal(reply.status, 400)
      assert.match(reply.text, /scheduler-commitment-spec|hashpath-alg/)
    }
    assert.deepEqual(
      (await get(`${node.url}/~scheduler@1.0/status`)).message().get('processes'),
      [],
    )
  })

  test('hashpath-alg accumulate-256', async (t) => {
    const stores = sharedStores()
    const node = await startTestNode(t, {}, { stores })
    const processId = await spawn(node, { 'hashpath-alg': 'accumulate-256' })
    for (let n = 0; n < 3; n++) await schedule(node.url, await signMessage(processId))
    await node.stop()
    const again = await startTestNode(t, {}, { stores })
    await schedule(again.url, await signMessage(processId))
    const assignments = await readSchedule(again.url, processId)
    let expected = processId
    for (const assignment of assignments) {
      assert.equal(assignment.get('base-hashpath'), expected)
      expected = chainHashpath(expected, idOf(assignment), 'accumulate-256')
    }
    assert.equal(assignments.length, 5)
  })
})

/** Stores that outlive the nodes on them. */
function sharedStores(): NodeStores {
  const store = createMemoryStore()
  return { cache: store, scheduler: store, close: async () => undefined }
}

test('chains continue exactly when their kind is changed between restarts', async (t) => {
  const stores = sharedStores()
  const kinds = ['hash-chain', 'base-hashpath', 'hash-chain', 'base-hashpath'] as const
  let processId = ''
  for (const assignmentChain of kinds) {
    const node = await startTestNode(t, { assignmentChain }, { stores })
    if (processId === '') processId = await spawn(node)
    for (let n = 0; n < 2; n++) await schedule(node.url, await signMessage(processId))
    const assignments = await readSchedule(node.url, processId)
    assert.ok(assignments.at(-1)?.has(assignmentChain))
    await assertSchedule(assignments, { processId, signers: [node.address] })
    await node.stop()
  }
})

describe('returnExistingAssignment', () => {
  test('off: a message gets a new slot each time', async (t) => {
    const node = await startTestNode(t)
    const message = await signMessage(await spawn(node))
    assert.equal((await schedule(node.url, message)).get('slot'), 1)
    assert.equal((await schedule(node.url, message)).get('slot'), 2)
  })

  for (const mode of ['local_confirmation', 'aggressive'] as const) {
    test(`on: a message has one assignment, however often and when it comes, ${mode}`, async (t) => {
      const node = await startTestNode(t, { returnExistingAssignment: true, mode })
      const process = await signProcess(node.address)
      const spawned = await Promise.all([1, 2, 3].map(() => schedule(node.url, process)))
      assert.equal(new Set(spawned.map(idOf)).size, 1)
      const message = await signMessage(idOf(process))
      const together = await Promise.all(
        Array.from({ length: 8 }, () => schedule(node.url, message)),
      )
      const later = await schedule(node.url, message)
      assert.deepEqual([...new Set([...together, later].map(idOf))], [idOf(later)])
      assert.equal(later.get('slot'), 1)
      // In mode `aggressive` the reply comes before the write.
      let assignments = await readSchedule(node.url, idOf(process))
      while (assignments.length < 2) assignments = await readSchedule(node.url, idOf(process))
      assert.equal(assignments.length, 2)
      await assertSchedule(assignments, { processId: idOf(process), signers: [node.address] })
    })
  }
})

describe('verifyAssignments', () => {
  async function statuses(t: TestContext, verifyAssignments: NodeConfig['verifyAssignments']) {
    const node = await startTestNode(t, { verifyAssignments })
    const processId = await spawn(node)
    const json = (keys: Record<string, unknown>) =>
      request(`${node.url}/${processId}/schedule`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ body: { type: 'Message', target: processId, ...keys } }),
      })
    const unsigned = await json({ data: 'nobody signed this' })
    const signed = await signMessage(processId, { data: 'signed' })
    const bytes = Buffer.from(encodeAns104(signed))
    const valid = await postItem(node.url, signed)
    bytes.writeUInt8(bytes.readUInt8(80) ^ 1, 80)
    const forged = await request(`${node.url}/~scheduler@1.0/schedule`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/ans104' }, body: bytes },
    })
    const tampered = await post(node.url, await tamper(processId))
    const slots = await readSchedule(node.url, processId)
    return { node, slots, statuses: [valid, unsigned, tampered, forged].map((r) => r.status) }
  }

  /** An httpsig message whose data is not what was signed. */
  async function tamper(processId: string): Promise<Message> {
    const message = await signHttpsig({ type: 'Message', target: processId, data: 'before' })
    return message.with([['data', 'after']])
  }

  test('true: only what is signed, and whose signatures hold', async (t) => {
    assert.deepEqual((await statuses(t, true)).statuses, [200, 400, 400, 400])
  })

  test('accept-unsigned: also without a signature', async (t) => {
    const { statuses: found, slots } = await statuses(t, 'accept-unsigned')
    assert.deepEqual(found, [200, 200, 400, 400])
    assert.equal(slots.map(bodyOf).filter(({ commitments }) => commitments.size > 0).length, 3)
  })

  test('false: everything, but no signature that does not hold is kept', async (t) => {
    const { statuses: found, slots, node } = await statuses(t, false)
    assert.deepEqual(found, [200, 200, 200, 400])
    const processId = String(slots[0]?.get('process'))
    await assertSchedule(slots, { processId, signers: [node.address] })
    const tampered = slots.map(bodyOf).find((body) => body.get('data') === 'after')
    assert.deepEqual((await verifyMessage(tampered ?? assert.fail('not there'))).signers, [])
  })
})

describe('two wallets of one node that a process names', () => {
  for (const assignmentCommitment of ['ans104@1.0', 'httpsig@1.0'] as const) {
    test(`sign every assignment, ${assignmentCommitment}`, async (t) => {
      const store = createMemoryStore()
      const stores = { cache: store, scheduler: store, close: async () => undefined }
      const bundler = await startBundler(t)
      const node = await startTestNode(
        t,
        { assignmentCommitment, bundlerUrl: bundler.url, mode: 'remote_confirmation' },
        { stores, wallets: [walletA, walletB] },
      )
      const both = [walletA.address, walletB.address]
      const process = await signProcess(both.join(','))
      const processId = idOf(process)
      await schedule(node.url, process)
      const answer = await schedule(node.url, await signMessage(processId))
      const slot = (await get(`${node.url}/${processId}/slot`)).message()
      assert.deepEqual(slot.get('addresses'), both)

      const assignments = await readSchedule(node.url, processId)
      await assertSchedule(assignments, { processId, signers: both })
      assert.equal(idOf(assignments[1] ?? answer), idOf(answer))
      const ids = [...answer.commitments.values()]
        .filter(({ committer }) => committer !== undefined)
        .map(({ id }) => id)
      assert.equal(ids.length, 2)
      assert.equal(idOf(answer), combineIds(ids))
      const reader = createMessageReader(store)
      for (const id of [...ids, idOf(answer)]) {
        assert.equal(await reader.canonicalId(id), idOf(answer), 'it is found by each of its ids')
      }
      if (assignmentCommitment === 'ans104@1.0') {
        const items = await Promise.all(bundler.received.slice(-2).map(uploadedItem))
        assert.deepEqual(items.map(idOf).toSorted(), ids.toSorted())
      }
    })
  }

  test('are the only ones: a wallet that is not named does not sign', async (t) => {
    const node: RunningNode = await startTestNode(t, {}, { wallets: [walletA, walletB] })
    const process = await signProcess(walletB.address)
    await schedule(node.url, process)
    const item = await signItem({ type: 'Message', target: idOf(process) })
    const assignment = await schedule(node.url, item)
    assert.deepEqual((await verifyMessage(assignment)).signers, [walletB.address])
  })
})
