/**
 * What tests of whole nodes share: nodes on a free port of this machine with known wallets, signed
 * messages, requests over real HTTP, and checks of what a schedule says.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { toBinary, toBytes } from '../src/base/bytes.ts'
import type { LogFields, Logger } from '../src/base/log.ts'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { commitMessage } from '../src/codec/commit.ts'
import { decodeHttpsig, encodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { generateWallet, walletFromJwk } from '../src/crypto/local-wallet.ts'
import { testWallet } from '../src/crypto/test-wallet.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import { createMessage, type MessageInput } from '../src/message/create-message.ts'
import { messageId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import { Atom } from '../src/message/value.ts'
import { type NodeDeps, type RunningNode, startNode } from '../src/node/node.ts'
import { nextBaseHashpath, nextHashChain } from '../src/scheduler/chain.ts'
import { readVectorFile } from './vectors.ts'

/** Wallets of two nodes, and one of a client, which signs data items only. */
export const walletA: Wallet = testWallet()
export const walletB: Wallet = walletFromJwk(readVectorFile('wallet'))
export const clientWallet: Wallet = await generateWallet('ed25519')

/** A node in memory with `walletA` that stops with its test; options and parts may differ. */
export async function startTestNode(
  t: TestContext,
  options: Partial<NodeConfig> = {},
  deps: NodeDeps = {},
): Promise<RunningNode> {
  const node = await startNode(
    { host: '127.0.0.1', port: 0, storeEngine: 'memory', ...options },
    { wallets: [walletA], ...deps },
  )
  cleanUp(t, () => node.stop())
  return node
}

const cleaners = new WeakMap<TestContext, (() => Promise<void>)[]>()

/** What is started last ends first: a node before the folder that its store is in. */
function cleanUp(t: TestContext, clean: () => Promise<void>): void {
  const known = cleaners.get(t)
  if (known !== undefined) {
    known.push(clean)
    return
  }
  const all = [clean]
  cleaners.set(t, all)
  t.after(async () => {
    for (const next of all.toReversed()) await next()
  })
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-test-'))
  cleanUp(t, () => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A logger that keeps what it is told. */
export function keptLogger(): { logger: Logger; lines: { fields: LogFields; message: string }[] } {
  const lines: { fields: LogFields; message: string }[] = []
  const keep = (fields: LogFields, message: string): void => void lines.push({ fields, message })
  const logger: Logger = {
    ...{ debug: keep, info: keep, warn: keep, error: keep },
    child: () => logger,
  }
  return { logger, lines }
}

/** A data item, signed by the client. */
export function signItem(keys: MessageInput, wallet: Wallet = clientWallet): Promise<Message> {
  return commitMessage(createMessage(keys), wallet, { device: 'ans104@1.0' })
}

/** An httpsig message. */
export function signHttpsig(keys: MessageInput, wallet: Wallet = walletB): Promise<Message> {
  return commitMessage(createMessage(keys), wallet, { device: 'httpsig@1.0' })
}

/** A process that the given address schedules, an item or, with a list, httpsig; no two are alike. */
export function signProcess(
  scheduler: string | readonly string[] | undefined,
  keys: Readonly<Record<string, unknown>> = {},
): Promise<Message> {
  const process = {
    ...{ type: 'Process', device: 'process@1.0', nonce: `${performance.now()}` },
    ...(scheduler === undefined ? {} : { scheduler }),
    ...keys,
  }
  return Array.isArray(scheduler) ? signHttpsig(process) : signItem(process)
}

export function signMessage(
  processId: string,
  keys: Readonly<Record<string, unknown>> = {},
): Promise<Message> {
  const nonce = `${performance.now()}`
  return signItem({ type: 'Message', target: processId, nonce, ...keys })
}

export function idOf(message: Message): string {
  return messageId(message, 'all')
}

export interface HttpReply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
  /** The reply read as httpsig@1.0, transport headers as keys among the others. */
  readonly message: () => Message
}

export async function request(url: string, init: RequestInit = {}): Promise<HttpReply> {
  const response = await fetch(url, { redirect: 'manual', ...init })
  const bytes = Buffer.from(await response.arrayBuffer())
  const { status, headers } = response
  const message = (): Message =>
    decodeHttpsig({
      headers: [...headers].map(
        ([name, value]) => [name, toBinary(Buffer.from(value, 'latin1'))] as const,
      ),
      ...(bytes.length === 0 ? {} : { body: bytes }),
    })
  return { status, headers, bytes, text: bytes.toString('utf8'), message }
}

/** GET with everything inline. */
export function get(url: string, headers: Record<string, string> = {}): Promise<HttpReply> {
  return request(url, { headers: { 'accept-bundle': 'true', ...headers } })
}

/** Posts a data item as its bytes. */
export function postItem(
  url: string,
  message: Message,
  path = '/~scheduler@1.0/schedule',
): Promise<HttpReply> {
  return request(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104', 'accept-bundle': 'true' },
    body: Buffer.from(encodeAns104(message)),
  })
}

/** Posts a message as httpsig@1.0, its own signatures being those of the request. */
export function postHttpsig(url: string, path: string, message: Message): Promise<HttpReply> {
  const wire = encodeHttpsig(message, { bundle: true })
  const headers = wire.headers.map(([name, value]): [string, string] => [
    name,
    Buffer.from(toBytes(value)).toString('latin1'),
  ])
  return request(url + path, {
    method: 'POST',
    headers: [...headers, ['accept-bundle', 'true']],
    body: wire.body === undefined ? null : Buffer.from(wire.body),
  })
}

/** Posts a message for scheduling, in the codec of its signature. */
export function post(
  url: string,
  message: Message,
  path = '/~scheduler@1.0/schedule',
): Promise<HttpReply> {
  const devices = [...message.commitments.values()].map(({ device }) => device)
  return devices.includes('ans104@1.0')
    ? postItem(url, message, path)
    : postHttpsig(url, path, new Message([['body', message]]))
}

/** Schedules a message and gives its assignment. */
export async function schedule(url: string, message: Message): Promise<Message> {
  const reply = await post(url, message)
  assert.equal(reply.status, 200, reply.text)
  return reply.message()
}

/** Schedules a new process on a node and gives its id. */
export async function spawn(
  { url, address }: { readonly url: string; readonly address: string },
  keys: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const process = await signProcess(address, keys)
  await schedule(url, process)
  return idOf(process)
}

/** A page of a schedule, as a client that takes bundles gets it. */
export async function readPage(url: string, processId: string, query = ''): Promise<Message> {
  const reply = await get(`${url}/${processId}/schedule${query}`)
  assert.equal(reply.status, 200, reply.text)
  return reply.message()
}

/** Assignments of a page, by their slots in order. */
export function assignmentsOf(page: Message): Message[] {
  const slots = page.get('assignments')
  assert.ok(slots instanceof Message)
  return [...slots]
    .filter(([key]) => /^\d+$/.test(key))
    .toSorted(([left], [right]) => Number(left) - Number(right))
    .map(([, assignment]) => {
      assert.ok(assignment instanceof Message)
      return assignment
    })
}

/** The whole schedule of a process, page by page. */
export async function readSchedule(url: string, processId: string): Promise<Message[]> {
  const assignments: Message[] = []
  for (let hasMore = true; hasMore; ) {
    const page = await readPage(url, processId, `?from=${assignments.length}`)
    const found = assignmentsOf(page)
    assignments.push(...found)
    const continues = page.get('continues')
    hasMore = continues instanceof Atom && continues.name === 'true' && found.length > 0
  }
  return assignments
}

/** Bodies of assignments, which are the scheduled messages. */
export function bodyOf(assignment: Message): Message {
  const body = assignment.get('body')
  assert.ok(body instanceof Message)
  return body
}

export interface ScheduleExpectation {
  readonly processId: string
  /** Addresses that sign every assignment. */
  readonly signers: readonly string[]
}

/** Slots without a gap, all signatures, and whichever chain each assignment shows. */
export async function assertSchedule(
  assignments: readonly Message[],
  { processId, signers }: ScheduleExpectation,
): Promise<void> {
  let hashChain = ''
  let baseHashpath = processId
  for (const [slot, assignment] of assignments.entries()) {
    assert.equal(assignment.get('slot'), slot)
    assert.equal(assignment.get('process'), processId)
    const verified = await verifyMessage(assignment)
    assert.ok(verified.valid, `assignment ${slot} verifies`)
    assert.deepEqual(verified.signers.toSorted(), signers.toSorted())
    assert.ok((await verifyMessage(bodyOf(assignment))).valid, `message ${slot} verifies`)
    hashChain = nextHashChain(hashChain, idOf(bodyOf(assignment)))
    if (assignment.has('hash-chain')) assert.equal(assignment.get('hash-chain'), hashChain)
    else assert.equal(assignment.get('base-hashpath'), baseHashpath)
    baseHashpath = nextBaseHashpath(baseHashpath, idOf(assignment))
  }
}
