/** What clients of both generations were recorded to send, byte for byte, sent again to this node. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { decodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { decodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../../src/codec/verify.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import type { Wallet } from '../../src/crypto/wallet.ts'
import { isSigned } from '../../src/message/commitment.ts'
import { Message } from '../../src/message/message.ts'
import { startNode } from '../../src/node/node.ts'
import { readCaptures } from '../vectors.ts'
import { guardNetwork } from './network-guard.ts'

/** Whom the recorded processes name as their scheduler, and who signed the requests. */
const SCHEDULER = 'w7IC_gdINt03guVAqTL_udLL-sZt0AGm5LW7ExqJEZA'
const CLIENT = 'ZGJrUkXeTrtQ4BZqSxBrP5RGsajyYPE9robyykV5sko'

interface Captured {
  /** Client, version and operation. */
  readonly name: string
  readonly seq: number
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly bodyBase64?: string
}

function readRequests(node: string): Captured[] {
  return readCaptures()
    .filter((captured) => captured.node === node)
    .flatMap(({ name, capture }) =>
      (capture.requests as Captured[]).map((captured) => ({ ...captured, name })),
    )
    .sort((left, right) => left.seq - right.seq)
}

function bodyOf({ bodyBase64 = '' }: Captured): Buffer {
  return Buffer.from(bodyBase64, 'base64')
}

/** The message of a request, if somebody signed it. */
function signedMessage(captured: Captured): Message | undefined {
  const { method, url: target } = captured
  const body = bodyOf(captured)
  const headers = captured.headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  const names = new Map(headers)
  if (names.get('content-type') === 'application/ans104') return decodeAns104(body)
  return names.has('signature') ? decodeHttpsig({ headers, body, method, target }) : undefined
}

for (const node of ['main', 'nov25']) {
  test(`every request recorded at ${node} that is signed verifies, and so does its body`, async () => {
    let requests = 0
    let bodies = 0
    for (const captured of readRequests(node)) {
      const message = signedMessage(captured)
      if (message === undefined) continue
      assert.deepEqual(await verifyMessage(message), SIGNED, captured.name)
      requests += 1
      const body = message.get('body')
      if (!(body instanceof Message) || ![...body.commitments.values()].some(isSigned)) continue
      assert.deepEqual(await verifyMessage(body), SIGNED, captured.name)
      bodies += 1
    }
    assert.ok(requests > 35, `${requests} requests`)
    assert.ok(bodies >= (node === 'main' ? 8 : 2), `${bodies} bodies`)
  })
}

const SIGNED = { valid: true, signers: [CLIENT], failed: [] }

/** What must get which slot; processes of the others were not recorded, or under other ids. */
const SLOTS: readonly (readonly [operation: RegExp, slot: number])[] = [
  [/^aoconnect.*spawn|schedule-process$/, 0],
  [/^aoconnect.*(message-genesis-wasm|message-http-schedule)$/, 1],
  [/^wao.*(spawn|spawn-p-toplevel|ans104-spawn)$/, 0],
  [/^wao.*ans104-schedule$/, 1],
]
/** Processes that nobody signed. */
const UNSIGNED = /^wao.*(spawn-p-scheduler|spawn-p-process)$/

for (const recordedAt of ['main', 'nov25']) {
  test(`the requests recorded at ${recordedAt} are answered, and scheduled if they can be`, async (t) => {
    guardNetwork(t)
    const node = await startNode(
      { host: '127.0.0.1', port: 0, storeEngine: 'memory' },
      { wallets: [recordedScheduler()] },
    )
    t.after(() => node.stop())
    for (const captured of readRequests(recordedAt)) {
      const reply = await send(node.url, captured)
      const what = `${captured.name} ${captured.method} ${captured.url}: ${reply.body}`
      assert.ok(reply.status < 500, what)
      const slot = SLOTS.find(([operation]) => operation.test(captured.name))?.[1]
      if (captured.method === 'POST' && slot !== undefined)
        assert.equal(reply.slot, `${slot}`, what)
      if (UNSIGNED.test(captured.name)) assert.equal(reply.status, 400, what)
    }
  })
}

/** Goes by the address of the recorded node, whose key is not known: what it signs is of another. */
function recordedScheduler(): Wallet {
  const wallet = testWallet()
  const { type, publicKey } = wallet
  return { type, publicKey, address: SCHEDULER, sign: (...args) => wallet.sign(...args) }
}

interface Answer {
  readonly status: number
  readonly slot: string | undefined
  readonly body: string
}

function send(nodeUrl: string, captured: Captured): Promise<Answer> {
  const { hostname, port } = new URL(nodeUrl)
  const { method, url: path } = captured
  const headers = captured.headers.flat()
  return new Promise((resolve, reject) => {
    request({ hostname, port, method, path, headers, setHost: false }, async (reply) => {
      const slot = reply.headers.slot?.toString()
      resolve({ status: reply.statusCode ?? 0, slot, body: await text(reply) })
    })
      .on('error', reject)
      .end(bodyOf(captured))
  })
}
