/**
 * Messages that real clients signed over HTTP, most in ways that only the received bytes prove:
 * scheduled, stored, read again, written out and taken into another store, each still verifies.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { zeroBlockClock } from '../src/arweave/block-clock.ts'
import { isAoError } from '../src/base/errors.ts'
import { decodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { withOnlyCommitted } from '../src/message/committed.ts'
import type { Message } from '../src/message/message.ts'
import { exportSchedule } from '../src/node/export-schedule.ts'
import { importSchedule } from '../src/node/import-schedule.ts'
import type { SchedulePlace } from '../src/node/schedule-source.ts'
import { type VerifySummary, verifySchedules } from '../src/node/verify-schedules.ts'
import { commitAssignment } from '../src/scheduler/assignment.ts'
import { createScheduleStore } from '../src/scheduler/schedule-store.ts'
import { createProcessServer } from '../src/scheduler/server.ts'
import { openLmdbStore } from '../src/store/lmdb-store.ts'
import { capturedWire } from './golden-wire.ts'
import { idOf, signProcess, startTestNode, temporaryFolder, walletA } from './node-kit.ts'
import { readCaptures } from './vectors.ts'

/** Every recorded request whose signature holds. */
async function recordedMessages(): Promise<Message[]> {
  const messages: Message[] = []
  for (const { capture } of readCaptures()) {
    for (const request of capture.requests as Readonly<Record<string, unknown>>[]) {
      const message = readRequest(request)
      const verified = message && (await verifyMessage(message))
      if (message && verified?.valid && verified.signers.length > 0) messages.push(message)
    }
  }
  return messages
}

function readRequest(request: Readonly<Record<string, unknown>>): Message | undefined {
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

test('messages of real clients verify from the store, and from a copy of it', async (t) => {
  const messages = await recordedMessages()
  assert.ok(messages.length > 50, `${messages.length} messages`)
  const folder = await temporaryFolder(t)
  const [storePath, copy, output] = [join(folder, 'store'), join(folder, 'copy'), join(folder, 'f')]
  const processId = await scheduleAll(storePath, messages)
  const { codes, summary } = await verify({ kind: 'store', path: storePath })
  assert.deepEqual([codes, summary.slots], [[], messages.length + 1])
  await exportSchedule(
    { kind: 'store', path: storePath },
    {
      ...{ processId, format: 'jsonl', output },
      write: async () => assert.fail('The chunks go to the file'),
      onSlot: () => undefined,
    },
  )
  const ignore = (): void => undefined
  const command = { storePath: copy, file: output, isPublished: true }
  const { written } = await importSchedule({ ...command, onFinding: ignore, onSlot: ignore })
  assert.equal(written, messages.length + 1)
  assert.deepEqual((await verify({ kind: 'store', path: copy })).codes, [])
  // A node cannot send what only the received bytes prove; all else holds over HTTP, too.
  const node = await startTestNode(t, { storeEngine: 'lmdb', storePath: copy, signReplies: false })
  const overHttp = await verify({ kind: 'node', url: node.url })
  assert.deepEqual([overHttp.codes, overHttp.summary.errors], [['message-unproved'], 0])
})
