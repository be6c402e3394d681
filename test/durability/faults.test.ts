/**
 * Whatever fails, the caller hears of it at once, the schedule has no gap, and the node goes on or
 * does not start and says why. Each test ends with an audit of the whole schedule.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Agent, request as send } from 'undici'
import { isAoError } from '../../src/base/errors.ts'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import type { NodeConfig } from '../../src/config/options.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import type { Message } from '../../src/message/message.ts'
import type { NodeDeps, RunningNode } from '../../src/node/node.ts'
import { startNode } from '../../src/node/node.ts'
import { auditSchedule } from '../../src/scheduler/audit.ts'
import { createStoreSource } from '../../src/scheduler/audit-source.ts'
import { createScheduleStore } from '../../src/scheduler/schedule-store.ts'
import {
  createFailingStore,
  diskFull,
  type FailingStoreHooks,
} from '../../src/store/failing-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { openExistingStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import {
  idOf,
  keptLogger,
  post,
  signHttpsig,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  temporaryFolder,
} from '../node-kit.ts'

interface Bench {
  readonly node: RunningNode
  /** What the node writes to, without the faults. */
  readonly store: Store
  readonly processId: string
}

interface BenchOptions {
  readonly config?: Partial<NodeConfig>
  readonly deps?: NodeDeps
  readonly hooks?: FailingStoreHooks
}

/** A node in memory with one process; faults begin only when a test says so. */
async function startBench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const store = createMemoryStore()
  const faulty = createFailingStore(store, options.hooks ?? {})
  const stores = { cache: faulty, scheduler: faulty, close: () => faulty.close() }
  const node = await startTestNode(
    t,
    { signReplies: false, ...options.config },
    { stores, ...options.deps },
  )
  return { node, store, processId: await spawn(node) }
}

/** Findings of the audit, and the messages of the schedule by their slot. */
async function audited(
  store: Store,
  processId: string,
): Promise<{ findings: string[]; ids: string[] }> {
  const findings: string[] = []
  const ids: string[] = []
  const audit = auditSchedule(createStoreSource(createScheduleStore(store)), processId, {
    onSlot: ({ messageId = '' }) => ids.push(messageId),
  })
  for await (const { code, slot } of audit) findings.push(`${code} ${slot}`)
  return { findings, ids }
}

interface Answer {
  readonly id: string
  readonly status: number
  readonly slot: number
  readonly error: string | null
  readonly ms: number
}

async function postTimed(url: string, message: Message): Promise<Answer> {
  const startedMs = performance.now()
  const { status, headers } = await post(url, message)
  return {
    id: idOf(message),
    status,
    slot: Number(headers.get('slot')),
    error: headers.get('error'),
    ms: performance.now() - startedMs,
  }
}

/** Many messages at once, of both codecs. */
async function postMany({ node, processId }: Bench, count: number): Promise<Answer[]> {
  const messages = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      n % 4 === 0
        ? signHttpsig({ type: 'Message', target: processId, nonce: `${n} ${performance.now()}` })
        : signMessage(processId, { n }),
    ),
  )
  return Promise.all(messages.map((message) => postTimed(node.url, message)))
}

/** Every slot is acknowledged, everything acknowledged is at its slot, nothing else is there. */
async function assertExactly(
  { store, processId }: Pick<Bench, 'store' | 'processId'>,
  answers: readonly Answer[],
): Promise<void> {
  const { findings, ids } = await audited(store, processId)
  assert.deepEqual(findings, [])
  const told = answers.filter(({ status }) => status === 200)
  const expected = new Map(told.map(({ slot, id }) => [slot, id]))
  assert.deepEqual(
    ids.slice(1).map((id, index) => [index + 1, id]),
    [...expected].toSorted(([left], [right]) => left - right),
  )
}

type LogLines = ReturnType<typeof keptLogger>['lines']

/** Whether an error of this message was logged. */
function isLogged(lines: LogLines, message: RegExp): boolean {
  return lines.some(({ fields }) =>
    Object.values(fields).some((field) => field instanceof Error && message.test(field.message)),
  )
}

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
    isFull = false
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
    for (const { status, error } of failed) assert.deepEqual([status, error], [500, 'internal'])
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
    Array.from({ length: 7 }, (_, slot) => `message-repeated ${slot}`),
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
    const repeated = expected.slice(0, -1).map((slot) => `message-repeated ${slot}`)
    assert.deepEqual(findings, returnExistingAssignment ? [] : repeated)
  })
}

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

/** Replaces the record of a message. */
async function damage(
  { store }: Bench,
  id: string,
  change: (record: Buffer) => Uint8Array,
): Promise<void> {
  const path = await store.resolve(`messages/${id}`)
  const record = await store.get(path)
  assert.ok(record)
  await store.commit([{ kind: 'value', path, value: change(Buffer.from(record)) }])
}

for (const [what, change, reason] of [
  ['of a later version', (record) => record.fill(9, 1, 2), /record of a version that this node/],
  ['cut off', (record) => record.subarray(0, 40), /record in the store is corrupted/],
  ['of other bytes', () => Buffer.from('nonsense'), /record in the store is corrupted/],
] as const satisfies readonly [string, (record: Buffer) => Uint8Array, RegExp][]) {
  test(`a stored message ${what} is an error with a reason, and the node goes on`, async (t) => {
    const { logger, lines } = keptLogger()
    const bench = await startBench(t, { deps: { logger } })
    const { node, processId, store } = bench
    const [answer] = await postMany(bench, 2)
    const other = await spawn(node)
    const assignment = await createScheduleStore(store).assignment(processId, 1)
    assert.ok(answer && assignment)
    await damage(bench, idOf(assignment), change)
    const page = await fetch(`${node.url}/${processId}/schedule`)
    assert.deepEqual([page.status, page.headers.get('error')], [500, 'store-failed'])
    assert.ok(isLogged(lines, reason))
    const { findings } = await audited(store, processId)
    assert.deepEqual(findings, ['slot-unreadable 1'])
    const next = await postTimed(node.url, await signMessage(processId))
    assert.deepEqual([next.status, next.slot], [200, 3])
    assert.equal((await postTimed(node.url, await signMessage(other))).status, 200)
  })
}

test('a head that is corrupted stops its process only', async (t) => {
  const bench = await startBench(t, { config: { serverIdleMs: 1, maxOpenServers: 1 } })
  const { node, processId, store } = bench
  const other = await spawn(node)
  const path = `~scheduler@1.0/heads/${processId}`
  const head = await store.get(path)
  assert.ok(head)
  await store.commit([{ kind: 'value', path, value: Buffer.from('{"slot":') }])
  const failed = await postTimed(node.url, await signMessage(processId))
  assert.deepEqual([failed.status, failed.error], [500, 'store-failed'])
  const slot = await fetch(`${node.url}/${processId}/slot`)
  assert.equal(slot.status, 500)
  assert.equal((await postTimed(node.url, await signMessage(other))).status, 200)
  await store.commit([{ kind: 'value', path, value: head }])
  const next = await postTimed(node.url, await signMessage(processId))
  assert.deepEqual([next.status, next.slot], [200, 1])
})

for (const [what, marker, reason] of [
  ['of a later format', { engine: 'lmdb', format: 2 }, /format 1 in .*, found format 2; use the r/],
  ['of another engine', { engine: 'fs', format: 1 }, /engine "lmdb" in .*, found one of "fs"; use/],
] as const) {
  test(`a node does not start on a store ${what}`, async (t) => {
    const folder = await temporaryFolder(t)
    const config = { storeEngine: 'lmdb', storePath: folder, port: 0, host: '127.0.0.1' } as const
    const node = await startNode(config, { wallets: [testWallet()] })
    await node.stop()
    const file = join(folder, 'store.json')
    await readFile(file)
    await writeFile(file, JSON.stringify(marker))
    await assert.rejects(
      startNode(config, { wallets: [testWallet()] }),
      (error) => isAoError(error, 'store-failed') && reason.test(error.message),
    )
  })
}
