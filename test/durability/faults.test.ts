/**
 * Whatever fails, the caller hears of it at once, the schedule has no gap, and the node goes on or
 * does not start and says why. Each test ends with an audit of the whole schedule.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Agent, request as send } from 'undici'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import type { Message } from '../../src/message/message.ts'
import { diskFull, type FailingStoreHooks } from '../../src/store/failing-store.ts'
import { openExistingStore } from '../../src/store/open-store.ts'
import {
  idOf,
  keptLogger,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  temporaryFolder,
} from '../node-kit.ts'
import {
  type Answer,
  assertExactly,
  audited,
  isLogged,
  postMany,
  postTimed,
  startBench,
} from './fault-kit.ts'

/** Only the writes of assignments, not those of the process cache. */
function isAppend(writes: Parameters<NonNullable<FailingStoreHooks['beforeCommit']>>[0]): boolean {
  return writes.some(({ path }) => path.includes('/heads/'))
}

for (const assignmentChain of ['base-hashpath', 'hash-chain'] as const) {
  test(`writes that fail in the middle of a load, ${assignmentChain}`, async (t) => {
    let appends = 0
    let isFailing = false
    const bench = await startBench(t, {
      config: { assignmentChain },
      hooks: {
        beforeCommit: (writes) => {
          if (isFailing && isAppend(writes) && ++appends % 3 === 0) throw diskFull()
        },
      },
    })
    isFailing = true
    const answers = await postMany(bench, 60)
    isFailing = false
    const failed = answers.filter(({ status }) => status !== 200)
    assert.ok(failed.length > 0 && failed.length < answers.length, `${failed.length} failed`)
    for (const { error, status } of failed) assert.deepEqual([status, error], [500, 'store-failed'])
    answers.push(...(await postMany(bench, 5)))
    assert.deepEqual(
      answers.slice(-5).map(({ status }) => status),
      Array(5).fill(200),
    )
    await assertExactly(bench, answers)
  })

  test(`a disk that is full for a while, ${assignmentChain}`, async (t) => {
    let isFull = false
    const bench = await startBench(t, {
      config: { assignmentChain },
      hooks: {
        beforeCommit: () => {
          if (isFull) throw diskFull()
        },
      },
    })
    const before = await postMany(bench, 5)
    isFull = true
    const during = await postMany(bench, 20)
    for (const { status, error, ms } of during) {
      assert.deepEqual([status, error], [500, 'store-failed'])
      assert.ok(ms < 5_000, `told after ${ms} ms`)
    }
    const reads = await fetch(`${bench.node.url}/${bench.processId}/slot/current`)
    assert.equal(await reads.text(), '5', 'reading goes on')
    const ready = async (): Promise<number> => (await fetch(`${bench.node.url}/ready`)).status
    assert.equal(await ready(), 503)
    isFull = false
    assert.equal(await ready(), 200)
    await assertExactly(bench, [...before, ...during, ...(await postMany(bench, 5))])
  })

  test(`a wallet that fails to sign now and then, ${assignmentChain}`, async (t) => {
    const wallet = testWallet()
    let signatures = 0
    let isFailing = false
    const sign: typeof wallet.sign = async (scheme, data) => {
      if (isFailing && ++signatures % 4 === 0) throw new Error('The key store does not answer')
      return wallet.sign(scheme, data)
    }
    const { logger, lines } = keptLogger()
    const bench = await startBench(t, {
      config: { assignmentChain },
      deps: { logger, wallets: [{ ...wallet, sign }] },
    })
    isFailing = true
    const answers = await postMany(bench, 40)
    isFailing = false
    const failed = answers.filter(({ status }) => status !== 200)
    assert.ok(failed.length > 0 && failed.length < answers.length)
    for (const { status, error } of failed) assert.deepEqual([status, error], [503, 'unavailable'])
    assert.ok(isLogged(lines, /key store does not answer/))
    await assertExactly(bench, [...answers, ...(await postMany(bench, 5))])
  })
}

test('a write that fails after it is durable is there once, and its caller is told so', async (t) => {
  let isFailing = false
  const bench = await startBench(t, {
    hooks: {
      afterCommit: (writes) => {
        if (isFailing && isAppend(writes)) throw diskFull()
      },
    },
  })
  isFailing = true
  const answers = await postMany(bench, 10)
  isFailing = false
  assert.ok(answers.every(({ status }) => status === 200))
  await assertExactly(bench, [...answers, ...(await postMany(bench, 5))])
})

test('a clock that jumps back and forth', async (t) => {
  let offsetMs = 0
  const bench = await startBench(t, { deps: { clock: { now: () => Date.now() + offsetMs } } })
  const answers: Answer[] = []
  for (const jump of [-3_600_000, 0, 7_200_000, -86_400_000]) {
    offsetMs = jump
    answers.push(...(await postMany(bench, 5)))
  }
  assert.ok(answers.every(({ status }) => status === 200))
  await assertExactly(bench, answers)
})

test('requests that race to start a process, and to be its first message', async (t) => {
  const { node, store } = await startBench(t)
  const process = await signProcess(node.address)
  const processId = idOf(process)
  const first = await Promise.all(Array.from({ length: 8 }, () => postTimed(node.url, process)))
  const messages = await Promise.all(Array.from({ length: 20 }, () => signMessage(processId)))
  const answers = await Promise.all(messages.map((message) => postTimed(node.url, message)))
  assert.ok([...first, ...answers].every(({ status }) => status === 200))
  const { findings, ids } = await audited(store, processId)
  assert.deepEqual(
    findings,
    Array.from({ length: 7 }, (_, n) => `message-repeated ${n + 1}`),
  )
  assert.equal(ids.length, 28)
  for (const { slot, id } of answers) assert.equal(ids[slot], id)
})

test('servers that are closed and opened under load lose nothing', async (t) => {
  const bench = await startBench(t, { config: { maxOpenServers: 1, serverIdleMs: 1 } })
  const other = await spawn(bench.node)
  const answers: Answer[] = []
  for (let n = 0; n < 10; n++) {
    answers.push(...(await postMany(bench, 2)))
    const away = await postTimed(bench.node.url, await signMessage(other))
    assert.equal(away.slot, n + 1)
  }
  await assertExactly(bench, answers)
})

for (const returnExistingAssignment of [false, true]) {
  const what = returnExistingAssignment ? 'gets one slot' : 'gets a slot each time'
  test(`the same message posted many times at once ${what}`, async (t) => {
    const bench = await startBench(t, { config: { returnExistingAssignment } })
    const message = await signMessage(bench.processId)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => postTimed(bench.node.url, message)),
    )
    assert.ok(answers.every(({ status }) => status === 200))
    const slots = [...new Set(answers.map(({ slot }) => slot))].toSorted((a, b) => a - b)
    const expected = Array.from({ length: 10 }, (_, n) => n + 1)
    assert.deepEqual(slots, returnExistingAssignment ? [1] : expected)
    const { findings } = await audited(bench.store, bench.processId)
    const repeated = expected.slice(1).map((slot) => `message-repeated ${slot}`)
    assert.deepEqual(findings, returnExistingAssignment ? [] : repeated)
  })
}

test('a message with several slots gets the first one, once nothing is scheduled twice any more', async (t) => {
  const storePath = join(await temporaryFolder(t), 'store')
  const config = { storeEngine: 'lmdb', storePath, signReplies: false } as const
  const before = await startTestNode(t, config)
  const processId = await spawn(before)
  const message = await signMessage(processId)
  for (const slot of [1, 2]) assert.equal((await postTimed(before.url, message)).slot, slot)
  await before.stop()
  const after = await startTestNode(t, { ...config, returnExistingAssignment: true })
  for (const n of [1, 2]) assert.equal((await postTimed(after.url, message)).slot, 1, `time ${n}`)
  assert.equal((await postTimed(after.url, await signMessage(processId))).slot, 3)
})

test('a node that stops under load answers or refuses every request', async (t) => {
  const storePath = join(await temporaryFolder(t), 'store')
  const node = await startTestNode(t, { storeEngine: 'lmdb', storePath, signReplies: false })
  const processId = await spawn(node)
  const messages = await Promise.all(Array.from({ length: 150 }, () => signMessage(processId)))
  const dispatcher = new Agent()
  const posting = messages.map((message) => postOnce(node.url, message, dispatcher))
  await posting[20]
  await node.stop()
  const answers = await Promise.all(posting)
  await dispatcher.close()
  for (const { status, error } of answers) {
    assert.ok([200, 503].includes(status), `status ${status} ${error}`)
  }
  assert.ok(answers.filter(({ status }) => status === 200).length > 20)
  const store = await openExistingStore(storePath)
  await assertExactly({ store, processId }, answers)
  await store.close()
})

async function postOnce(url: string, message: Message, dispatcher: Agent): Promise<Answer> {
  const answer = { id: idOf(message), error: null, ms: 0 }
  try {
    const { statusCode, headers, body } = await send(`${url}/~scheduler@1.0/schedule`, {
      ...{ method: 'POST', dispatcher, body: encodeAns104(message) },
      headers: { 'content-type': 'application/ans104' },
    })
    await body.dump()
    return { ...answer, status: statusCode, slot: Number(headers.slot) }
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    return { ...answer, status: 0, slot: -1, error: String(code) }
  }
}
