/**
 * Stores with long schedules, or many, made in seconds: messages and assignments are as real ones in
 * every byte but their signatures, which are noise. Nothing that only reads them can tell.
 */
import { randomBytes } from 'node:crypto'
import { prepareMessage } from '../src/cache/prepare.ts'
import { commitMessage } from '../src/codec/commit.ts'
import { testWallet } from '../src/crypto/test-wallet.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import { createMessage } from '../src/message/create-message.ts'
import { messageId } from '../src/message/id.ts'
import type { Message } from '../src/message/message.ts'
import { buildAssignment, commitAssignment } from '../src/scheduler/assignment.ts'
import {
  type AppendEntry,
  createScheduleStore,
  type Head,
} from '../src/scheduler/schedule-store.ts'
import { openStore } from '../src/store/open-store.ts'
import type { Store, StoreWrite } from '../src/store/store.ts'

/** Slots at either end of a schedule that have assignments of their own. */
export const READ_SLOTS = 1_100
const BATCH = 200
const LINK_BATCH = 10_000
const BLOCK = { height: 1_700_000, hash: 'A'.repeat(43), timestamp: 1_700_000_000 }

/** The key of the tests, with noise for signatures. */
const { type, address, publicKey } = testWallet()
const NOISE: Wallet = { type, address, publicKey, sign: async () => randomBytes(512) }

/** Writes a schedule of so many slots; those in the middle share the assignments of its beginning. */
export async function writeSchedule(path: string, slots: number): Promise<string> {
  const store = await openStore({ engine: 'lmdb', path })
  try {
    const process = await signedProcess('long')
    const processId = messageId(process, 'all')
    const first = range(0, Math.min(READ_SLOTS, slots))
    const ids = await writeSlots(store, process, first)
    await linkMiddle(store, processId, { ids, from: first.length, to: slots - READ_SLOTS })
    await writeSlots(store, process, range(Math.max(slots - READ_SLOTS, first.length), slots))
    return processId
  } finally {
    await store.close()
  }
}

/** Writes processes of one slot each. */
export async function writeProcesses(path: string, count: number): Promise<string[]> {
  const store = await openStore({ engine: 'lmdb', path })
  try {
    const ids: string[] = []
    for (let from = 0; from < count; from += BATCH) {
      const writes = await Promise.all(
        range(from, Math.min(from + BATCH, count)).map(async (n) => {
          const process = await signedProcess(`${n}`)
          ids.push(messageId(process, 'all'))
          return processWrites(process)
        }),
      )
      await store.commit(writes.flat())
    }
    return ids
  } finally {
    await store.close()
  }
}

function processWrites(process: Message): StoreWrite[] {
  const { id, writes } = prepareMessage(process)
  const head = Buffer.from(JSON.stringify(headOf(id, 0)))
  return [
    ...writes,
    { kind: 'link', path: slotPath(id, 0), target: `messages/${id}` },
    { kind: 'value', path: `~scheduler@1.0/heads/${id}`, value: head },
  ]
}

async function writeSlots(
  store: Store,
  process: Message,
  slots: readonly number[],
): Promise<string[]> {
  const schedule = createScheduleStore(store)
  const processId = messageId(process, 'all')
  const ids: string[] = []
  for (let from = 0; from < slots.length; from += BATCH) {
    const entries: AppendEntry[] = []
    for (const slot of slots.slice(from, from + BATCH)) {
      const message = slot === 0 ? process : await signedMessage(processId, slot)
      const assignment = prepareMessage(await signedAssignment(processId, slot, message))
      ids.push(assignment.id)
      entries.push({ head: headOf(processId, slot), assignment, messageId: messageId(message) })
    }
    await schedule.append(processId, entries)
  }
  return ids
}

interface Middle {
  readonly ids: readonly string[]
  readonly from: number
  readonly to: number
}

async function linkMiddle(store: Store, processId: string, { ids, from, to }: Middle) {
  for (let start = from; start < to; start += LINK_BATCH) {
    const links = range(start, Math.min(start + LINK_BATCH, to)).map((slot): StoreWrite => {
      const target = `messages/${ids[slot % ids.length]}`
      return { kind: 'link', path: slotPath(processId, slot), target }
    })
    await store.commit(links)
  }
}

function signedProcess(number: string): Promise<Message> {
  const keys = {
    ...{ type: 'Process', device: 'process@1.0', scheduler: address, number },
    ...{ 'data-protocol': 'ao', variant: 'ao.N.1' },
  }
  return commitMessage(createMessage(keys), NOISE, { device: 'ans104@1.0' })
}

function signedMessage(target: string, slot: number): Promise<Message> {
  const keys = {
    ...{ type: 'Message', target, action: 'Bench', 'data-protocol': 'ao', variant: 'ao.N.1' },
    ...{ number: `${slot}`, data: 'x'.repeat(64) },
  }
  return commitMessage(createMessage(keys), NOISE, { device: 'ans104@1.0' })
}

function signedAssignment(processId: string, slot: number, body: Message): Promise<Message> {
  const chain = `${processId}/${processId}`
  const fields = { processId, slot, timestamp: 1_763_000_000_000 + slot, block: BLOCK, body }
  const assignment = buildAssignment({ ...fields, chainKind: 'base-hashpath', chain })
  return commitAssignment(assignment, [NOISE], 'ans104@1.0')
}

function headOf(processId: string, slot: number): Head {
  const chain = { hashChain: processId, baseHashpath: `${processId}/${processId}` }
  return { slot, timestamp: 1_763_000_000_000 + slot, ...chain }
}

function slotPath(processId: string, slot: number): string {
  return `~scheduler@1.0/assignments/${processId}/${String(slot).padStart(16, '0')}`
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index)
}
