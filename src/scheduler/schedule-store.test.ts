import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepareMessage } from '../cache/prepare.ts'
import { commitMessage } from '../codec/commit.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { type AppendEntry, createScheduleStore } from './schedule-store.ts'

const PROCESS = 'p'.repeat(43)
const wallet = await generateWallet('ed25519')

async function entryOf(slot: number, body: Message): Promise<AppendEntry> {
  const assignment = createMessage({ type: 'Assignment', process: PROCESS, slot })
  const signed = await commitMessage(assignment.with([['body', body]]), wallet, {
    device: 'ans104@1.0',
  })
  const nested = prepareMessage(body)
  const head = { slot, timestamp: slot, hashChain: '', baseHashpath: PROCESS }
  const whole = signed.with([['body', nested.message]])
  return { head, assignment: prepareMessage(whole, nested), messageId: nested.id }
}

async function message(): Promise<Message> {
  return commitMessage(createMessage({ action: 'Test' }), wallet, { device: 'ans104@1.0' })
}

async function slotOf(store: Store, messageId: string): Promise<unknown> {
  return (await createScheduleStore(store).assignmentOf(PROCESS, messageId))?.get('slot')
}

test('assignmentOf() gives the first assignment of a message that has several', async () => {
  const store = await openStore({ engine: 'memory' })
  const schedules = createScheduleStore(store)
  const body = await message()
  const entries = await Promise.all([0, 1, 2].map((slot) => entryOf(slot, body)))
  const [first] = entries
  assert.ok(first)
  await schedules.append(PROCESS, entries.slice(0, 2))
  await schedules.append(PROCESS, entries.slice(2))
  assert.equal(await slotOf(store, first.messageId), 0)
  assert.equal(await slotOf(store, 'x'.repeat(43)), undefined)
})

test('assignmentOf() finds what a store of an earlier version says', async () => {
  const store = await openStore({ engine: 'memory' })
  const body = await message()
  const entries = await Promise.all([0, 1].map((slot) => entryOf(slot, body)))
  const [first] = entries
  assert.ok(first)
  await createScheduleStore(store).append(PROCESS, entries.slice(0, 1))
  const id = first.messageId
  await store.commit([
    { kind: 'delete', path: `messages/${id}@${PROCESS}` },
    {
      kind: 'link',
      path: `~scheduler@1.0/by-message/${PROCESS}/${id}`,
      target: `messages/${first.assignment.id}`,
    },
  ])
  assert.equal(await slotOf(store, id), 0)
  await createScheduleStore(store).append(PROCESS, entries.slice(1))
  assert.equal(await slotOf(store, id), 0)
})
