/**
 * Messages that real clients signed over HTTP, most in ways that only the received bytes prove:
 * scheduled, stored, read again, written out and taken into another store, each still verifies.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { zeroBlockClock } from '../src/arweave/block-clock.ts'
import { isAoError } from '../src/base/errors.ts'
import { createMessageCache } from '../src/cache/cache.ts'
import { decodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { createPeerClient } from '../src/http/client.ts'
import { withOnlyCommitted } from '../src/message/committed.ts'
import { Message } from '../src/message/message.ts'
import { exportSchedule } from '../src/node/export-schedule.ts'
import { importSchedule } from '../src/node/import-schedule.ts'
import type { SchedulePlace } from '../src/node/schedule-source.ts'
import { type VerifySummary, verifySchedules } from '../src/node/verify-schedules.ts'
import { commitAssignment } from '../src/scheduler/assignment.ts'
import { auditSchedule } from '../src/scheduler/audit.ts'
import { createNodeSource } from '../src/scheduler/node-source.ts'
import { createScheduleStore } from '../src/scheduler/schedule-store.ts'
import { createProcessServer } from '../src/scheduler/server.ts'
import { openLmdbStore } from '../src/store/lmdb-store.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import { capturedWire } from './golden-wire.ts'
import { idOf, signProcess, startTestNode, temporaryFolder, walletA } from './node-kit.ts'
import { readCaptures } from './vectors.ts'

type Recorded = Readonly<Record<string, unknown>>

/** Every recorded request, or reply, whose signature holds. */
async function recordedMessages(kind: 'requests' | 'replies'): Promise<Message[]> {
  const messages: Message[] = []
  for (const { capture } of readCaptures()) {
    for (const request of capture.requests as Recorded[]) {
      const message = readRequest(kind === 'requests' ? request : (request.response as Recorded))
      const verified = message && (await verifyMessage(message))
      if (message && verified?.valid && verified.signers.length > 0) messages.push(message)
    }
  }
  return messages
}

function readRequest(request: Recorded): Message | undefined {
  try {
    const wire = capturedWire(request)
    return wire && withOnlyCommitted(decodeHttpsig(wire))
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}

/** Schedules messages as they are, whatever process they were meant for. */
async function scheduleAll(storePath: string, messages: readonly Message[]): Promise<string> {
  const store = await openLmdbStore({ path: storePath })
  const schedules = createScheduleStore(store)
  const process = await signProcess(walletA.address)
  const processId = idOf(process)
  const server = createProcessServer(
    {
      clock: { now: () => Date.now() },
      blockClock: zeroBlockClock,
      sign: (assignment) => commitAssignment(assignment, [walletA], 'httpsig@1.0'),
      find: async () => undefined,
      append: (entries) => schedules.append(processId, entries),
      upload: async () => undefined,
    },
    {
      ...{ processId, chainKind: 'base-hashpath', mode: 'local_confirmation' },
      ...{ timeoutMs: 60_000, queueLimit: 1_000, signAhead: 1 },
    },
    undefined,
  )
  await Promise.all([process, ...messages].map((message) => server.schedule(message)))
  await store.close()
  return processId
}

async function verify(
  place: SchedulePlace,
): Promise<{ readonly codes: readonly string[]; readonly summary: VerifySummary }> {
  const codes = new Set<string>()
  const summary = await verifySchedules(place, {
    processes: [],
    readEvery: 1,
    onFinding: async (_, { severity, code }) => {
      if (severity !== 'note') codes.add(code)
    },
    onSlot: () => undefined,
  })
  return { codes: [...codes], summary }
}

test('messages of real clients verify from the store, a node on it, and copies of both', async (t) => {
  const messages = await recordedMessages('requests')
  assert.ok(messages.length > 50, `${messages.length} messages`)
  const folder = await temporaryFolder(t)
  const storePath = join(folder, 'store')
  const processId = await scheduleAll(storePath, messages)
  const { codes, summary } = await verify({ kind: 'store', path: storePath })
  assert.deepEqual([codes, summary.slots], [[], messages.length + 1])
  const fromStore = await copyOf({ kind: 'store', path: storePath }, { processId, folder })
  assert.deepEqual(fromStore.written, messages.length + 1)
  assert.deepEqual((await verify({ kind: 'store', path: fromStore.path })).codes, [])
  // A node of ours sends the received bytes, too; what others send is not enough to prove all.
  const node = await startTestNode(t, { storeEngine: 'lmdb', storePath, signReplies: false })
  const place = { kind: 'node', url: node.url } as const
  assert.deepEqual((await verify(place)).codes, [])
  const fromNode = await copyOf(place, { processId, folder })
  assert.deepEqual(fromNode.written, messages.length + 1)
  assert.deepEqual((await verify({ kind: 'store', path: fromNode.path })).codes, [])
  assert.deepEqual(await codesOfPages(node.url, processId), ['message-unproved'])
})

async function copyOf(
  place: SchedulePlace,
  { processId, folder }: { readonly processId: string; readonly folder: string },
): Promise<{ readonly path: string; readonly written: number }> {
  const output = join(folder, `${place.kind}.jsonl`)
  const write = async (): Promise<void> => assert.fail('The chunks go to the file')
  const ignore = (): void => undefined
  await exportSchedule(place, { processId, format: 'jsonl', output, write, onSlot: ignore })
  const path = join(folder, `from-${place.kind}`)
  const command = { storePath: path, file: output, isPublished: true }
  const { written } = await importSchedule({ ...command, onFinding: ignore, onSlot: ignore })
  return { path, written }
}

/** What an audit finds that gets pages as every node of the protocol sends them. */
async function codesOfPages(url: string, processId: string): Promise<string[]> {
  const client = createPeerClient()
  const source = createNodeSource((path) =>
    client.request({ method: 'GET', url: new URL(path.replace('&archive=true', ''), url) }),
  )
  const codes = new Set<string>()
  for await (const { code } of auditSchedule(source, processId)) codes.add(code)
  await client.close()
  return [...codes]
}

/** Everything in it loaded, as far as it is there: pages of other nodes link to what only they have. */
async function readBack(message: Message): Promise<Message> {
  const cache = createMessageCache(createMemoryStore())
  await cache.write(message)
  const back = await cache.readCommitted(idOf(message))
  assert.ok(back)
  return cache.loadAll(back).catch((error: unknown) => {
    assert.ok(isAoError(error, 'link-not-found'))
    return back
  })
}

test('requests and replies of real clients and nodes verify after they were stored', async () => {
  for (const kind of ['requests', 'replies'] as const) {
    const messages = await recordedMessages(kind)
    assert.ok(messages.length > 40, `${messages.length} ${kind}`)
    for (const message of messages) {
      const { valid } = await verifyMessage(await readBack(message))
      assert.ok(valid, `${kind}: ${idOf(message)}`)
    }
  }
})

test('a signed body loses only what its own signature does not cover', async () => {
  const replies = await recordedMessages('replies')
  const inline = replies.filter((reply) => {
    const body = reply.get('body')
    return body instanceof Message && body.has('inline-body-key')
  })
  assert.ok(inline.length >= 3, `${inline.length} replies`)
  for (const reply of inline) {
    const body = reply.get('body') as Message
    const isValid = async (changed: Message): Promise<boolean> =>
      (await verifyMessage(reply.with([['body', changed]]))).valid
    const cut = body.without('inline-body-key')
    assert.equal(await isValid(cut), true)
    assert.equal(await isValid(cut.without('data')), false)
    assert.equal(await isValid(cut.with([['data', 'other']])), false)
    assert.equal(await isValid(cut.with([['more', 'keys']])), false)
    assert.equal(await isValid(cut.withCommitments(new Map())), false)
  }
})
