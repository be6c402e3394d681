/**
 * A node that is offered several times what it can do: it keeps doing what it can, tells the others
 * at once to come back, holds no more than its limits, and still says that it is alive.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { generateWallet } from '../src/crypto/local-wallet.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import type { Message } from '../src/message/message.ts'
import { type NodeDeps, type RunningNode, startNode } from '../src/node/node.ts'
import { createFailingStore } from '../src/store/failing-store.ts'
import { openStore } from '../src/store/open-store.ts'
import { assertSchedule, bodyOf, idOf, readSchedule, signMessage, spawn } from './node-kit.ts'

const LIMITS = { maxInFlight: 60, totalQueueLimit: 40, processQueueLimit: 15 }
const PROCESSES = 4
/** How long clients press, in milliseconds, at least. */
const PRESS_MS = 3_000
/** On a slow machine they press on until `/health` was asked so often. */
const MIN_HEALTH_CHECKS = 10
/** Clients that send one message after the other: more than five times what the node can do. */
const CLIENTS = 100
const PAUSE_MS = 100

/** A wallet that signs one after the other, so many a second. */
async function slowWallet(perSecond: number): Promise<Wallet> {
  const wallet = await generateWallet('ed25519')
  let last: Promise<unknown> = Promise.resolve()
  const sign: Wallet['sign'] = (scheme, data) => {
    const signed = last.then(() => sleep(1_000 / perSecond)).then(() => wallet.sign(scheme, data))
    last = signed
    return signed
  }
  return { ...wallet, sign }
}

interface Answer {
  readonly status: number
  readonly retryAfter: string | string[] | undefined
  readonly tookMs: number
}

interface Pressed {
  readonly answers: readonly Answer[]
  readonly health: readonly Answer[]
  /** Highest values of the gauges while clients pressed. */
  readonly inFlight: number
  readonly waiting: number
  readonly heapGrowthBytes: number
  readonly tookMs: number
}

/** Posts a data item for scheduling, or asks for a path. */
async function ask(
  url: string,
  { body, dispatcher }: { readonly body?: Uint8Array; readonly dispatcher?: Agent } = {},
): Promise<Answer> {
  const startedMs = performance.now()
  const reply = await request(body === undefined ? url : `${url}/~scheduler@1.0/schedule`, {
    ...(dispatcher === undefined ? {} : { dispatcher }),
    ...(body === undefined ? {} : { ...ITEM, body }),
  })
  await reply.body.dump()
  const retryAfter = reply.headers['retry-after']
  return { status: reply.statusCode, retryAfter, tookMs: performance.now() - startedMs }
}

const ITEM = { method: 'POST', headers: { 'content-type': 'application/ans104' } } as const

function bytesOf(message: Message): Uint8Array {
  return encodeAns104(message)
}

async function gauge(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}

async function press(url: string, messages: readonly Message[]): Promise<Pressed> {
  const dispatcher = new Agent({ connections: CLIENTS })
  const bodies = messages.map(bytesOf)
  const answers: Answer[] = []
  const health: Answer[] = []
  let [next, inFlight, waiting] = [0, 0, 0]
  const startedMs = performance.now()
  const isOver = (): boolean =>
    performance.now() > startedMs + PRESS_MS && health.length >= MIN_HEALTH_CHECKS
  const client = async (): Promise<void> => {
    while (!isOver()) {
      const body = bodies[next++ % bodies.length] ?? Buffer.alloc(0)
      answers.push(await ask(url, { body, dispatcher }))
      await sleep(PAUSE_MS)
    }
  }
  const watch = async (): Promise<void> => {
    while (!isOver()) {
      health.push(await ask(`${url}/health`))
      inFlight = Math.max(inFlight, await gauge(url, 'ao_http_requests_in_flight'))
      waiting = Math.max(waiting, await gauge(url, 'ao_scheduler_pending_messages'))
      await sleep(50)
    }
  }
  const heapBefore = process.memoryUsage().heapUsed
  await Promise.all([watch(), ...Array.from({ length: CLIENTS }, client)])
  const tookMs = performance.now() - startedMs
  await dispatcher.close()
  const heapGrowthBytes = process.memoryUsage().heapUsed - heapBefore
  return { answers, health, inFlight, waiting, heapGrowthBytes, tookMs }
}

async function startSlowNode(
  t: TestContext,
  perSecond: number,
  { options = {}, deps = {} }: { options?: Partial<NodeConfig>; deps?: NodeDeps } = {},
): Promise<RunningNode> {
  const node = await startNode(
    {
      host: '127.0.0.1',
      port: 0,
      storeEngine: 'memory',
      signReplies: false,
      ...LIMITS,
      ...options,
    },
    { wallets: [await slowWallet(perSecond)], ...deps },
  )
  t.after(() => node.stop())
  return node
}

async function prepare(node: RunningNode, count: number) {
  const processes: string[] = []
  for (let n = 0; n < PROCESSES; n++) processes.push(await spawn(node))
  const messages = await Promise.all(
    Array.from({ length: count }, (_, n) => signMessage(processes[n % PROCESSES] ?? '')),
  )
  return { processes, messages }
}

/** What no answer may take however slow the machine is: it would hang, not be slow. */
const HANGING_MS = 8_000

/** The answer that so many hundredths of all took no longer than. */
function percentile(answers: readonly Answer[], hundredths: number): number {
  const sorted = answers.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length * hundredths) / 100)] ?? 0
}

function assertBounded({ answers, health, ...seen }: Pressed): { accepted: number } {
  const accepted = answers.filter(({ status }) => status === 200)
  const refused = answers.filter(({ status }) => status !== 200)
  assert.ok(refused.length > accepted.length, `${refused.length} of ${answers.length} refused`)
  for (const { status, retryAfter } of refused) assert.deepEqual([status, retryAfter], [503, '1'])
  const slow = percentile(refused, 90)
  assert.ok(slow < HANGING_MS, `refused after ${slow} ms`)
  for (const { status, tookMs } of health) {
    assert.equal(status, 200)
    assert.ok(tookMs < HANGING_MS, `/health took ${tookMs} ms`)
  }
  assert.ok(seen.inFlight <= LIMITS.maxInFlight, `${seen.inFlight} in flight`)
  assert.ok(seen.waiting <= LIMITS.totalQueueLimit, `${seen.waiting} waiting`)
  assert.ok(seen.heapGrowthBytes < 200_000_000, `${seen.heapGrowthBytes} bytes more`)
  return { accepted: accepted.length }
}

async function assertScheduled(node: RunningNode, processes: string[], accepted: number) {
  let scheduled = 0
  for (const processId of processes) {
    const schedule = await readSchedule(node.url, processId)
    await assertSchedule(schedule, { processId, signers: [node.address] })
    scheduled += schedule.length
  }
  assert.equal(scheduled, accepted + processes.length, 'what is in the schedules was acknowledged')
}

test('with a slow signer it signs as fast as ever, and refuses the rest at once', async (t) => {
  const perSecond = 30
  const node = await startSlowNode(t, perSecond)
  const { processes, messages } = await prepare(node, 400)
  const pressed = await press(node.url, messages)
  const { accepted } = assertBounded(pressed)
  const capacity = (perSecond * pressed.tookMs) / 1_000
  assert.ok(accepted > capacity * 0.5, `${accepted} scheduled of ${capacity}`)
  await assertScheduled(node, processes, accepted)
})

test('with a slow store it refuses the rest at once, and writes what it accepted', async (t) => {
  const store = createFailingStore(await openStore({ engine: 'memory' }), {
    beforeCommit: () => sleep(100),
  })
  const stores = { cache: store, scheduler: store, close: () => store.close() }
  const node = await startSlowNode(t, 10_000, { deps: { stores } })
  const { processes, messages } = await prepare(node, 400)
  const { accepted } = assertBounded(await press(node.url, messages))
  assert.ok(accepted > MIN_HEALTH_CHECKS, `${accepted} scheduled`)
  await assertScheduled(node, processes, accepted)
})

test('a signer that stops altogether leaves nobody waiting, and nothing is scheduled later', async (t) => {
  const wallet = await generateWallet('ed25519')
  const gate = Promise.withResolvers<void>()
  let isStopped = false
  const sign: Wallet['sign'] = async (scheme, data) => {
    if (isStopped) await gate.promise
    return wallet.sign(scheme, data)
  }
  const node = await startSlowNode(t, 1, {
    options: { scheduleTimeoutMs: 300, replyTimeoutMs: 600 },
    deps: { wallets: [{ ...wallet, sign }] },
  })
  const processId = await spawn(node)
  isStopped = true
  const messages = await Promise.all(Array.from({ length: 10 }, () => signMessage(processId)))
  const answers = await Promise.all(
    messages.map((message) => ask(node.url, { body: bytesOf(message) })),
  )
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
  // The first is being signed: nobody can say yet that it has no slot.
  assert.deepEqual(statuses, [...Array(9).fill(503), 504])
  for (const { tookMs } of answers) assert.ok(tookMs < HANGING_MS, `${tookMs} ms`)
  isStopped = false
  gate.resolve()
  const later = await signMessage(processId)
  assert.equal((await ask(node.url, { body: bytesOf(later) })).status, 200)
  const schedule = await readSchedule(node.url, processId)
  const scheduled = schedule.map((assignment) => idOf(bodyOf(assignment)))
  assert.equal(scheduled.length, 3)
  assert.equal(scheduled.at(-1), idOf(later))
})
