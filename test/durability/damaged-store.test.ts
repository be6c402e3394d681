/** Stores in which something is damaged or of another release: an error with a reason, and no more. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAoError } from '../../src/base/errors.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { startNode } from '../../src/node/node.ts'
import { createScheduleStore } from '../../src/scheduler/schedule-store.ts'
import { idOf, keptLogger, signMessage, spawn, temporaryFolder } from '../node-kit.ts'
import {
  assertExactly,
  audited,
  type Bench,
  isLogged,
  postMany,
  postTimed,
  startBench,
} from './fault-kit.ts'

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

for (const [what, change] of [
  ['lost', () => undefined],
  ['behind the last assignment', (head) => ({ ...head, slot: Number(head.slot) - 1 })],
  ['ahead of it', (head) => ({ ...head, slot: Number(head.slot) + 1 })],
] as const satisfies readonly [string, (head: Record<string, unknown>) => object | undefined][]) {
  test(`a head that is ${what} gives no slot a second time, and leaves none out`, async (t) => {
    const { logger, lines } = keptLogger()
    const config = { serverIdleMs: 1, maxOpenServers: 1 }
    const bench = await startBench(t, { config, deps: { logger } })
    const { node, processId, store } = bench
    const before = await postMany(bench, 3)
    await spawn(node)
    const path = `~scheduler@1.0/heads/${processId}`
    const value = await store.get(path)
    assert.ok(value)
    const changed = change(JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>)
    await store.commit([
      changed === undefined
        ? { kind: 'delete', path }
        : { kind: 'value', path, value: Buffer.from(JSON.stringify(changed)) },
    ])
    const failed = await postTimed(node.url, await signMessage(processId))
    assert.deepEqual([failed.status, failed.error], [500, 'store-failed'])
    assert.ok(isLogged(lines, /head of a schedule is not where its assignments end/))
    await store.commit([{ kind: 'value', path, value }])
    const next = await postTimed(node.url, await signMessage(processId))
    assert.deepEqual([next.status, next.slot], [200, 4])
    await assertExactly({ store, processId }, [...before, next])
  })
}

for (const [what, marker, reason] of [
  ['of a later format', { engine: 'lmdb', format: 4 }, /format 3 in .*, found format 4; use the r/],
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
