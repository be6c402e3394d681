/**
 * Limits of scheduling as clients meet them over HTTP: the status, when to come again, and why, in
 * the form that each client reads; and that what was refused is not there. Limits of connections,
 * headers and bodies are tested in `src/http/`, what a node bears in all in `overload.test.ts`.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { generateWallet } from '../src/crypto/local-wallet.ts'
import { testWallet } from '../src/crypto/test-wallet.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import type { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import {
  type HttpReply,
  post,
  request,
  signHttpsig,
  signItem,
  signMessage,
  spawn,
  startTestNode,
} from './node-kit.ts'

/** Posts an item for a client that reads JSON. */
function postForJson(url: string, message: Message): Promise<HttpReply> {
  return request(`${url}/~scheduler@1.0/schedule`, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104', accept: 'application/json' },
    body: Buffer.from(encodeAns104(message)),
  })
}

interface Expected {
  readonly status: 429 | 503
  readonly error: string
  readonly reason: RegExp
}

function assertPlain(reply: HttpReply, { status, error, reason }: Expected): void {
  assert.deepEqual([reply.status, reply.headers.get('error')], [status, error], reply.text)
  assert.match(reply.text, reason)
  assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/)
  assertRetryAfter(reply)
}

function assertJson(reply: HttpReply, { status, error, reason }: Expected): void {
  const body = JSON.parse(reply.text) as Record<string, unknown>
  assert.deepEqual([reply.status, body.status, body.error], [status, status, error])
  assert.match(String(body.body), reason)
  assertRetryAfter(reply)
}

function assertRetryAfter({ headers }: HttpReply): void {
  const seconds = Number(headers.get('retry-after'))
  assert.ok(Number.isInteger(seconds) && seconds >= 1, `retry-after ${seconds}`)
}

/** A refusal as headers and text, and as JSON. */
async function assertRefused(
  { url }: RunningNode,
  makeMessage: () => Promise<Message>,
  expected: Expected,
): Promise<void> {
  assertPlain(await post(url, await makeMessage()), expected)
  assertJson(await postForJson(url, await makeMessage()), expected)
}

async function currentSlot({ url }: RunningNode, processId: string): Promise<number> {
  return Number((await request(`${url}/${processId}/slot/current`)).text)
}

const SLOW_RATE = { rateLimitPerSigner: 1, rateBurstPerSigner: 2, rateLimitExempt: ['operator'] }
const TOO_MANY: Expected = {
  ...{ status: 429, error: 'rate-limited' },
  reason: /at most 1 messages a second of one signer/,
}

test('a signer has a rate, whatever codec and connection, and others have theirs', async (t) => {
  const node = await startTestNode(t, SLOW_RATE)
  const processId = await spawn(node)
  const wallet = await generateWallet('ed25519')
  const many = { length: 15 }
  const sign = (n: number) => signItem({ target: processId, n }, wallet)
  const [items, jsonItems, wires, exempt] = await Promise.all([
    Promise.all(Array.from(many, (_, n) => sign(n))),
    Promise.all(Array.from(many, (_, n) => sign(100 + n))),
    Promise.all(Array.from(many, (_, n) => signHttpsig({ target: processId, n }, wallet))),
    Promise.all(Array.from(many, (_, n) => signHttpsig({ target: processId, n }, testWallet()))),
  ])
  const startedMs = performance.now()
  const plain = await Promise.all([...items, ...wires].map((message) => post(node.url, message)))
  const json = await Promise.all(jsonItems.map((message) => postForJson(node.url, message)))
  const mayBe = SLOW_RATE.rateBurstPerSigner + 1 + (performance.now() - startedMs) / 1_000
  const accepted = [...plain, ...json].filter(({ status }) => status === 200).length
  assert.ok(accepted >= 2 && accepted <= mayBe, `${accepted} accepted, at most ${mayBe}`)
  for (const reply of plain) if (reply.status !== 200) assertPlain(reply, TOO_MANY)
  for (const reply of json) if (reply.status !== 200) assertJson(reply, TOO_MANY)
  assert.equal((await post(node.url, await signMessage(processId))).status, 200)
  for (const message of exempt) assert.equal((await post(node.url, message)).status, 200)
  assert.equal(await currentSlot(node, processId), accepted + 1 + exempt.length)
})

test('copies of a message do not use up the rate of its signer where they get no slot', async (t) => {
  const node = await startTestNode(t, { ...SLOW_RATE, returnExistingAssignment: true })
  const processId = await spawn(node)
  const message = await signMessage(processId)
  for (let n = 0; n < 5; n++) assert.equal((await post(node.url, message)).status, 200)
  assert.equal(await currentSlot(node, processId), 1)
})

/** A node whose wallet signs nothing until it may. */
async function startGated(
  t: TestContext,
  config: Partial<NodeConfig>,
): Promise<{ readonly node: RunningNode; readonly close: () => () => void }> {
  const wallet = await generateWallet('ed25519')
  let gate: Promise<void> | undefined
  const sign: Wallet['sign'] = async (scheme, data) => {
    await gate
    return wallet.sign(scheme, data)
  }
  const options = { signReplies: false, ...config }
  const node = await startTestNode(t, options, { wallets: [{ ...wallet, sign }] })
  const close = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return resolve
  }
  return { node, close }
}

async function untilPending({ url }: RunningNode, count: number): Promise<void> {
  const gauge = new RegExp(`^ao_scheduler_pending_messages ${count}$`, 'm')
  while (!gauge.test((await request(`${url}/metrics`)).text));
}

for (const [what, limits, reason] of [
  ['of one process', { processQueueLimit: 2 }, /Too many messages wait for this process/],
  ['of the node', { totalQueueLimit: 3 }, /Too many messages wait for their slot/],
] as const) {
  test(`a queue ${what} that is full refuses, and answers those in it`, async (t) => {
    const { node, close } = await startGated(t, limits)
    const processId = await spawn(node)
    const open = close()
    const waiting = await Promise.all(Array.from({ length: 3 }, () => signMessage(processId)))
    const answers = waiting.map((message) => post(node.url, message))
    await untilPending(node, 3)
    const full: Expected = { status: 503, error: 'overloaded', reason }
    await assertRefused(node, () => signMessage(processId), full)
    assert.equal((await request(`${node.url}/ready`)).status, 200)
    open()
    for (const answer of answers) assert.equal((await answer).status, 200)
    assert.equal(await currentSlot(node, processId), 3)
  })
}

test('a node that has as many busy processes as it may refuses one more', async (t) => {
  const { node, close } = await startGated(t, { maxOpenServers: 1 })
  const [busy, other] = [await spawn(node), await spawn(node)]
  const open = close()
  const answer = post(node.url, await signMessage(busy))
  await untilPending(node, 1)
  const full: Expected = { status: 503, error: 'overloaded', reason: /Too many processes are busy/ }
  await assertRefused(node, () => signMessage(other), full)
  open()
  assert.equal((await answer).status, 200)
  assert.equal((await post(node.url, await signMessage(other))).status, 200)
})

test('a message that waited too long is refused, in the form of its client', async (t) => {
  const { node, close } = await startGated(t, { scheduleTimeoutMs: 100 })
  const processId = await spawn(node)
  const open = close()
  const first = post(node.url, await signMessage(processId))
  await untilPending(node, 1)
  await assertRefused(node, () => signMessage(processId), {
    ...{ status: 503, error: 'overloaded', reason: /waited too long for its slot and has none/ },
  })
  open()
  assert.equal((await first).status, 200)
  assert.equal(await currentSlot(node, processId), 1)
})

test('connections end that are kept without a request, or silent while a reply is worked on', async (t) => {
  const kept = await startTestNode(t, { keepAliveTimeoutMs: 50 })
  const idle = connect(Number(new URL(kept.url).port), '127.0.0.1')
  idle.write('GET /health HTTP/1.1\r\nhost: a\r\n\r\n')
  assert.match(await text(idle), /^HTTP\/1\.1 200 /)

  const { node, close } = await startGated(t, { connectionTimeoutMs: 200 })
  const processId = await spawn(node)
  const open = close()
  const body = encodeAns104(await signMessage(processId))
  const silent = connect(Number(new URL(node.url).port), '127.0.0.1')
  const head = `host: a\r\ncontent-type: application/ans104\r\ncontent-length: ${body.length}`
  silent.write(`POST /~scheduler@1.0/schedule HTTP/1.1\r\n${head}\r\n\r\n`)
  silent.write(body)
  const [hadError] = await once(silent.resume(), 'close')
  assert.deepEqual([hadError, silent.bytesRead], [false, 0])
  open()
})
