import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { zeroBlockClock } from '../arweave/block-clock.ts'
import { prepareMessage } from '../cache/prepare.ts'
import { commitMessage } from '../codec/commit.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import { testWallet } from '../crypto/test-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { type CommitmentSpec, commitAssignment } from './assignment.ts'
import { type AuditOptions, auditSchedule } from './audit.ts'
import type { AuditState } from './audit-chain.ts'
import { createStoreSource } from './audit-source.ts'
import { type ChainKind, nextHashChain } from './chain.ts'
import { createScheduleStore, type ScheduleStore } from './schedule-store.ts'
import { createProcessServer } from './server.ts'

const scheduler = testWallet()
const client = await generateWallet('ed25519')
const stranger = await generateWallet('ed25519')

interface Fixture {
  readonly store: Store
  readonly schedules: ScheduleStore
  readonly processId: string
  readonly assignments: readonly Message[]
}

interface FixtureOptions {
  readonly chainKind?: ChainKind
  readonly spec?: CommitmentSpec
  readonly count?: number
}

function signed(n: number, keys: Record<string, string> = {}): Promise<Message> {
  return commitMessage(createMessage({ type: 'Message', n, ...keys }), client, {
    device: 'ans104@1.0',
  })
}

/** A schedule as a node makes it: the process, then its messages. */
async function makeSchedule(options: FixtureOptions = {}): Promise<Fixture> {
  const { chainKind = 'base-hashpath', spec = 'ans104@1.0', count = 5 } = options
  const store = createMemoryStore()
  const schedules = createScheduleStore(store)
  const content = createMessage({ type: 'Process', scheduler: scheduler.address })
  const process = await commitMessage(content, client, { device: 'ans104@1.0' })
  const processId = messageId(process, 'all')
  const server = createProcessServer(
    {
      clock: { now: () => 1_000 },
      blockClock: zeroBlockClock,
      sign: (assignment) => commitAssignment(assignment, [scheduler], spec),
      find: (id) => schedules.assignmentOf(processId, id),
      append: (entries) => schedules.append(processId, entries),
      upload: async () => undefined,
    },
    {
      ...{ processId, chainKind, mode: 'local_confirmation' },
      ...{ timeoutMs: 10_000, queueLimit: 1_000, signAhead: 4 },
    },
    undefined,
  )
  const messages = [process]
  for (let n = 1; n < count; n++) messages.push(await signed(n, { target: processId }))
  const assignments = await Promise.all(messages.map((message) => server.schedule(message)))
  return { store, schedules, processId, assignments }
}

async function audit(
  { schedules, processId }: Pick<Fixture, 'schedules' | 'processId'>,
  options: AuditOptions = {},
): Promise<string[]> {
  const found: string[] = []
  for await (const { code, slot } of auditSchedule(
    createStoreSource(schedules),
    processId,
    options,
  )) {
    found.push(slot === undefined ? code : `${code} ${slot}`)
  }
  return found
}

const slotPath = (processId: string, slot: number): string =>
  `~scheduler@1.0/assignments/${processId}/${String(slot).padStart(16, '0')}`

/** Puts another assignment at a slot, as a faulty or dishonest node would. */
async function replace(
  { store, processId, assignments }: Fixture,
  slot: number,
  change: (assignment: Message) => Message | Promise<Message>,
): Promise<void> {
  const before = assignments[slot]
  assert.ok(before)
  const { id, writes } = prepareMessage(await change(before))
  const target = `messages/${id}`
  const body = before.get('body') as Message
  await store.commit([
    ...writes,
    { kind: 'link', path: slotPath(processId, slot), target },
    {
      kind: 'link',
      path: `messages/${messageId(body, 'all')}@${processId}`,
      target,
    },
  ])
}

/** The assignment with other keys, signed anew. */
async function resigned(
  assignment: Message,
  keys: Record<string, string | number>,
  wallet = scheduler,
): Promise<Message> {
  const content = assignment.withCommitments(new Map()).with(Object.entries(keys))
  return commitAssignment(content, [wallet], 'ans104@1.0')
}

for (const chainKind of ['base-hashpath', 'hash-chain'] as const) {
  for (const spec of ['ans104@1.0', 'httpsig@1.0'] as const) {
    test(`auditSchedule() finds nothing in a sound schedule, ${chainKind} in ${spec}`, async () => {
      const slots: number[] = []
      const fixture = await makeSchedule({ chainKind, spec, count: 70 })
      assert.deepEqual(await audit(fixture, { onSlot: ({ slot }) => slots.push(slot) }), [])
      assert.deepEqual(slots, [...Array(70).keys()])
    })
  }
}

test('auditSchedule() goes on where an audit before ended', async () => {
  const fixture = await makeSchedule()
  let after: AuditState | undefined
  await audit(fixture, {
    onSlot: ({ slot, state }) => {
      if (slot === 2) after = state
    },
  })
  assert.ok(after)
  const slots: number[] = []
  assert.deepEqual(await audit(fixture, { after, onSlot: ({ slot }) => slots.push(slot) }), [])
  assert.deepEqual(slots, [3, 4])
  const wrong = { ...after, baseHashpath: fixture.processId }
  assert.deepEqual(await audit(fixture, { after: wrong }), ['chain-broken 3'])
})

test('auditSchedule() tells each run of missing slots once, and goes on behind it', async () => {
  const fixture = await makeSchedule({ count: 9 })
  await fixture.store.commit(
    [2, 3, 4, 7].map((slot) => ({ kind: 'delete', path: slotPath(fixture.processId, slot) })),
  )
  assert.deepEqual(await audit(fixture), ['slots-missing 2', 'slots-missing 7'])
})

test('auditSchedule() finds a head that is behind or before the last assignment', async () => {
  const fixture = await makeSchedule()
  const { store, schedules, processId } = fixture
  const head = await schedules.head(processId)
  const put = (changes: object): Promise<void> =>
    store.commit([
      {
        kind: 'value',
        path: `~scheduler@1.0/heads/${processId}`,
        value: Buffer.from(JSON.stringify({ ...head, ...changes })),
      },
    ])
  await put({ slot: 3 })
  assert.ok((await audit(fixture)).includes('head-wrong 4'))
  await put({ slot: 6 })
  assert.deepEqual(await audit(fixture), ['slots-missing 5'])
  await put({ hashChain: 'A'.repeat(43) })
  assert.deepEqual(await audit(fixture), ['head-wrong 4'])
  await store.commit([{ kind: 'delete', path: `~scheduler@1.0/heads/${processId}` }])
  assert.deepEqual(await audit(fixture), ['head-wrong'])
})

test('auditSchedule() finds assignments that changed places', async () => {
  const fixture = await makeSchedule()
  const { store, processId, assignments } = fixture
  await store.commit(
    [2, 3].map((slot) => ({
      kind: 'link',
      path: slotPath(processId, slot),
      target: `messages/${messageId(assignments[5 - slot] as Message, 'all')}`,
    })),
  )
  const found = await audit(fixture)
  assert.deepEqual(
    found.filter((code) => /field|chain/.test(code)),
    ['field-wrong 2', 'chain-broken 2', 'field-wrong 3', 'chain-broken 3', 'chain-broken 4'],
  )
})

test('auditSchedule() finds assignments of other signers, of none, and forged ones', async () => {
  const fixture = await makeSchedule({ chainKind: 'hash-chain' })
  await replace(fixture, 1, (assignment) => resigned(assignment, {}, stranger))
  assert.deepEqual(await audit(fixture), ['signer-foreign 1'])
  await replace(fixture, 1, (assignment) => assignment.withCommitments(new Map()))
  assert.deepEqual(await audit(fixture), ['assignment-unsigned 1'])
  const forged = await makeSchedule({ chainKind: 'hash-chain', spec: 'httpsig@1.0' })
  await replace(forged, 2, (assignment) => assignment.with([['timestamp', 999_999]]))
  assert.deepEqual(await audit(forged), ['assignment-invalid 2', 'timestamp-wrong 3'])
})

test('auditSchedule() finds messages whose signature does not hold, or that are missing', async () => {
  const fixture = await makeSchedule({ chainKind: 'hash-chain' })
  await replace(fixture, 3, (assignment) => {
    const message = assignment.get('body') as Message
    const unproved = [...message.commitments].map(([id, { wire, ...rest }]) => [id, rest] as const)
    const changed = message.with([['n', '7']]).withCommitments(new Map(unproved))
    return assignment.with([['body', changed]])
  })
  assert.ok((await audit(fixture)).includes('message-invalid 3'))
  const empty = await makeSchedule({ chainKind: 'hash-chain' })
  await replace(empty, 3, async (assignment) => {
    const content = assignment.withCommitments(new Map()).without('body')
    return commitAssignment(content, [scheduler], 'ans104@1.0')
  })
  assert.ok((await audit(empty)).includes('message-missing 3'))
})

test('auditSchedule() warns of the chain that HyperBEAM breaks at a restart, and of no other', async () => {
  const fixture = await makeSchedule({ chainKind: 'hash-chain' })
  const chainAt = (slot: number): string => String(fixture.assignments[slot]?.get('hash-chain'))
  const idAt = (slot: number): string =>
    messageId(fixture.assignments[slot]?.get('body') as Message, 'all')
  const restarted = createHash('sha256')
    .update(chainAt(1) + idAt(2))
    .digest('base64url')
  const third = nextHashChain(restarted, idAt(3))
  await replace(fixture, 2, (a) => resigned(a, { 'hash-chain': restarted }))
  await replace(fixture, 3, (a) => resigned(a, { 'hash-chain': third }))
  await replace(fixture, 4, (a) => resigned(a, { 'hash-chain': nextHashChain(third, idAt(4)) }))
  // Both chains of the head are those of the assignments before.
  assert.deepEqual(await audit(fixture), ['chain-restarted 2', 'head-wrong 4', 'head-wrong 4'])
  await replace(fixture, 3, (a) => resigned(a, { 'hash-chain': 'nonsense' }))
  assert.deepEqual(await audit(fixture), ['chain-restarted 2', 'chain-broken 3'])
})

test('auditSchedule() warns of a base-hashpath that is repeated', async () => {
  const fixture = await makeSchedule({ count: 3 })
  const path = String(fixture.assignments[1]?.get('base-hashpath'))
  await replace(fixture, 2, (a) => resigned(a, { 'base-hashpath': path }))
  assert.deepEqual(await audit(fixture), ['chain-restarted 2', 'head-wrong 2'])
  await replace(fixture, 2, (a) => resigned(a, { 'base-hashpath': fixture.processId }))
  assert.deepEqual(await audit(fixture), ['chain-broken 2'])
  await replace(fixture, 2, async (a) =>
    commitAssignment(
      a.withCommitments(new Map()).without('base-hashpath'),
      [scheduler],
      'ans104@1.0',
    ),
  )
  assert.deepEqual(await audit(fixture), ['chain-missing 2'])
})

test('auditSchedule() finds timestamps that go back', async () => {
  const fixture = await makeSchedule({ chainKind: 'hash-chain' })
  await replace(fixture, 3, (a) => resigned(a, { timestamp: 999 }))
  await replace(fixture, 4, (a) => resigned(a, { timestamp: 'noon' }))
  assert.deepEqual(await audit(fixture), ['timestamp-wrong 3', 'timestamp-wrong 4'])
})

test('auditSchedule() notes a message that was scheduled twice', async () => {
  const { schedules, processId, assignments } = await makeSchedule()
  const head = await schedules.head(processId)
  assert.ok(head)
  const message = assignments[2]?.get('body') as Message
  const server = createProcessServer(
    {
      clock: { now: () => 2_000 },
      blockClock: zeroBlockClock,
      sign: (assignment) => commitAssignment(assignment, [scheduler], 'ans104@1.0'),
      find: (id) => schedules.assignmentOf(processId, id),
      append: (entries) => schedules.append(processId, entries),
      upload: async () => undefined,
    },
    {
      ...{ processId, chainKind: 'hash-chain', mode: 'local_confirmation' },
      ...{ timeoutMs: 10_000, queueLimit: 1_000, signAhead: 4 },
    },
    head,
  )
  await server.schedule(message)
  assert.deepEqual(await audit({ schedules, processId }), ['message-repeated 5'])
  const { assignmentOf, ...withoutIndex } = createStoreSource(schedules)
  assert.ok(assignmentOf)
  const found = []
  for await (const { code, slot } of auditSchedule(withoutIndex, processId))
    found.push([code, slot])
  assert.deepEqual(found, [['message-repeated', 5]])
})

test('auditSchedule() finds an index of messages that leads elsewhere', async () => {
  const fixture = await makeSchedule()
  const [first, , third] = fixture.assignments
  assert.ok(first && third)
  const id = messageId(third.get('body') as Message, 'all')
  const path = `messages/${id}@${fixture.processId}`
  await fixture.store.commit([
    { kind: 'link', path, target: `messages/${messageId(first, 'all')}` },
  ])
  assert.deepEqual(await audit(fixture), ['reads-differ 2'])
  assert.deepEqual(await audit(fixture, { readEvery: 0 }), [])
  await fixture.store.commit([{ kind: 'delete', path }])
  assert.deepEqual(await audit(fixture), ['reads-differ 2'])
})

test('auditSchedule() goes on behind an assignment that cannot be read', async () => {
  const fixture = await makeSchedule()
  const { store, processId, assignments } = fixture
  const path = `messages/${messageId(assignments[2] as Message, 'all')}`
  await store.commit([{ kind: 'value', path, value: Buffer.from('damaged') }])
  assert.deepEqual(await audit(fixture), ['slot-unreadable 2'])
  await store.commit([{ kind: 'delete', path }])
  assert.deepEqual(await audit(fixture), ['slot-unreadable 2'])
  await store.commit([{ kind: 'link', path: slotPath(processId, 3), target: 'nowhere' }])
  assert.deepEqual(await audit(fixture), ['slot-unreadable 2', 'slot-unreadable 3'])
})
