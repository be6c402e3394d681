/** What durable stores must live through: the part of their tests that kills processes. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isAoError } from '../base/errors.ts'
import { openStore, type StoreSpec } from './open-store.ts'
import type { Store } from './store.ts'
import { text, value } from './suite-kit.ts'

const WRITER = fileURLToPath(new URL('./crash-writer.ts', import.meta.url))
const FULL_DISK = fileURLToPath(new URL('./full-disk.ts', import.meta.url))
/** Posix systems end a file at the limit of the process as a full disk does. */
const hasFileLimit = process.platform !== 'win32'
/** Of 512 bytes or 1 KiB, as the shell has it. */
const FILE_LIMIT_BLOCKS = 8_000
const run = promisify(execFile)
const ACKNOWLEDGED_BEFORE_KILL = 200

/** @param newSpec describes a store in a folder of its own at each call */
export function runCrashSuite(name: string, newSpec: () => Promise<StoreSpec>): void {
  test(`${name}: a killed process loses, halves and reorders nothing it acknowledged`, async () => {
    const spec = await newSpec()
    for (let round = 0; round < 3; round++) {
      const acknowledged = await writeUntilKilled(spec)
      const store = await openStore(spec)
      await assertWhole(store, acknowledged)
      await store.commit(
        [...(await allPaths(store)), 'last'].map((path) => ({ kind: 'delete', path })),
      )
      await store.close()
    }
  })

  test(`${name}: a store that another process holds is refused, until that one is killed`, async () => {
    const spec = await newSpec()
    const { process: holder, lines } = startWriter(spec)
    await lines.next()
    await assert.rejects(
      openStore(spec),
      (error) => isAoError(error, 'store-failed') && /in use/.test(error.message),
    )
    await kill(holder)
    const store = await openStore(spec)
    await store.commit([value('free')])
    await store.close()
  })
}

/** The same for disks without space. */
export function runFullDiskSuite(name: string, newSpec: () => Promise<StoreSpec>): void {
  const title = `${name}: a full disk fails the batch that needs space, and the store goes on`
  test(title, { skip: !hasFileLimit }, async () => {
    const spec = await newSpec()
    const command = `ulimit -f ${FILE_LIMIT_BLOCKS}; exec "$0" "$1" "$2"`
    const { stdout } = await run('sh', [
      ...['-c', command, process.execPath],
      ...[FULL_DISK, JSON.stringify(spec)],
    ])
    const { filled, ...outcomes } = JSON.parse(stdout)
    assert.deepEqual(outcomes, {
      large: 'store-failed',
      small: 'written',
      after: 'written',
      visible: ['after', 'small'],
    })
    const store = await openStore(spec)
    assert.deepEqual(await store.list('last'), ['after', 'small'])
    assert.ok(filled > 0)
    assert.equal((await store.list('fill')).length, filled)
    await store.close()
  })
}

function startWriter(spec: StoreSpec): {
  readonly process: ChildProcess
  readonly lines: AsyncIterator<string>
} {
  const writer = spawn(process.execPath, [WRITER, JSON.stringify(spec)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return {
    process: writer,
    lines: createInterface({ input: writer.stdout })[Symbol.asyncIterator](),
  }
}

async function kill(writer: ChildProcess): Promise<void> {
  const exit = once(writer, 'exit')
  writer.kill('SIGKILL')
  await exit
}

/** Numbers of the batches that the writer said were written. */
async function writeUntilKilled(spec: StoreSpec): Promise<number[]> {
  const { process: writer, lines } = startWriter(spec)
  const acknowledged: number[] = []
  const all = { [Symbol.asyncIterator]: () => lines }
  for await (const line of all) {
    if (line !== 'open') acknowledged.push(Number(line))
    if (acknowledged.length === ACKNOWLEDGED_BEFORE_KILL) writer.kill('SIGKILL')
  }
  return acknowledged
}

async function assertWhole(store: Store, acknowledged: readonly number[]): Promise<void> {
  const entries = await store.scan('numbers', { limit: 1_000_000 })
  // Batches are written in the order of the calls: what is there has no gap.
  entries.forEach(({ name, value }, index) => {
    assert.equal(Number(name), index)
    assert.equal(text(value), text(Buffer.alloc(2_000, String(index))))
  })
  const last = Math.max(...acknowledged)
  assert.ok(entries.length > last, `${entries.length} batches, but ${last} was acknowledged`)
  assert.equal(text(await store.get('last')), String(entries.length - 1))
  assert.equal((await store.list('values', { limit: 1_000_000 })).length, entries.length)
}

async function allPaths(store: Store): Promise<string[]> {
  const names = await store.list('')
  return names.filter((name) => name !== 'last')
}
