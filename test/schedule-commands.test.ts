/** The commands `verify`, `export` and `import` as people call them. */
import assert from 'node:assert/strict'
import { spawn as spawnProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { runCli } from '../src/cli/main.ts'
import { createScheduleStore } from '../src/scheduler/schedule-store.ts'
import { openExistingStore } from '../src/store/open-store.ts'
import { schedule, signMessage, spawn, startTestNode, temporaryFolder } from './node-kit.ts'

interface Finished {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

async function run(args: readonly string[]): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  const code = await runCli(args, {
    stdin: Readable.from([]),
    write: async (chunk) => {
      stdout += Buffer.from(chunk).toString()
    },
    writeError: (line) => {
      stderr += line
    },
    isTerminal: false,
    untilStopped: () => assert.fail('Nothing here runs until it is stopped'),
  })
  return { code, stdout, stderr }
}

/** The same in a process of its own, in a folder. */
async function runIn(cwd: string, args: readonly string[]): Promise<Finished> {
  const main = new URL('../src/cli/main.ts', import.meta.url).pathname
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const child = spawnProcess(process.execPath, [main, ...args], { stdio: [...stdio], cwd })
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await ended
  return { code, stdout, stderr }
}

interface NodeWithSchedule {
  readonly url: string
  readonly folder: string
  readonly storePath: string
  readonly processId: string
  readonly stop: () => Promise<void>
}

/** A node on LMDB with one process of four slots, one message being there twice. */
async function nodeWithSchedule(t: TestContext): Promise<NodeWithSchedule> {
  const folder = await temporaryFolder(t)
  const storePath = join(folder, 'data', 'store')
  const { url, address, stop } = await startTestNode(t, { storeEngine: 'lmdb', storePath })
  const processId = await spawn({ url, address })
  const message = await signMessage(processId, { data: 'hello' })
  for (const each of [message, await signMessage(processId), message]) await schedule(url, each)
  return { url, folder, storePath, processId, stop }
}

test('verify audits a node, and a store when the node has stopped', async (t) => {
  const { url, folder, storePath, processId, stop } = await nodeWithSchedule(t)
  const overHttp = await run(['verify', '--node', url, '--reads', '1'])
  assert.equal(
    overHttp.stdout,
    `${processId} slot 3: note message-repeated: The message is there before at slot 1\n` +
      `${url}: 1 process, 4 slots, 0 errors, 0 warnings, 1 note\n`,
  )
  assert.deepEqual([overHttp.code, overHttp.stderr], [0, ''])
  const held = await run(['verify', '--store', storePath])
  assert.deepEqual([held.code, held.stdout], [1, ''])
  assert.match(held.stderr, /^ao-scheduler: The store in .* is in use; stop the node.*\n$/)
  await stop()
  // Without flags: the store that a node started here would have.
  const { code, stdout } = await runIn(folder, ['verify', '--json'])
  const [note, summary] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  assert.deepEqual(note, {
    ...{ process: processId, severity: 'note', code: 'message-repeated', slot: 3 },
    message: 'The message is there before at slot 1',
  })
  const counts = { errors: 0, warnings: 0, notes: 1 }
  const source = 'lmdb(data/store)'
  assert.deepEqual(summary, { summary: { source, processes: 1, slots: 4, ...counts } })
  assert.equal(code, 0)
})

test('verify ends with status 1 when it finds an error', async (t) => {
  const { storePath, processId, stop } = await nodeWithSchedule(t)
  await stop()
  const store = await openExistingStore(storePath)
  const path = `~scheduler@1.0/assignments/${processId}/${'1'.padStart(16, '0')}`
  await store.commit([{ kind: 'delete', path }])
  await store.close()
  const { code, stdout, stderr } = await run(['verify', '--store', storePath, processId])
  assert.deepEqual([code, stderr], [1, 'ao-scheduler: The audit found 1 error\n'])
  assert.match(stdout, /slot 1: error slots-missing: Expected an assignment for this slot, found/)
  assert.match(stdout, /1 process, 3 slots, 1 error, 0 warnings/)
  const unknown = await run(['verify', '--store', storePath, 'A'.repeat(43)])
  assert.equal(unknown.code, 1)
  assert.match(unknown.stdout, /^A{43}: error head-wrong: Expected a schedule of this process/)
})

test('export and import take a schedule from a node into a store', async (t) => {
  const { url, folder, processId, stop } = await nodeWithSchedule(t)
  const copy = join(folder, 'copy')
  const lines = await run(['export', '--node', url, processId, '--to', '1'])
  assert.equal(lines.stdout.trim().split('\n').length, 3)
  const bundle = join(folder, 'bundle')
  const exported = await run([
    'export',
    '--node',
    url,
    processId,
    '--format',
    'ans104',
    '--output',
    bundle,
  ])
  assert.deepEqual([exported.code, exported.stdout], [0, `${bundle}: 4 slots\n`], exported.stderr)
  await stop()
  const imported = await run(['import', '--store', copy, bundle])
  const report = `${processId}: 4 slots imported, 0 there before, the newest is 3\n`
  assert.deepEqual(imported, { code: 0, stdout: report, stderr: '' })
  const again = await run(['import', '--store', copy, '--published', bundle])
  assert.equal(
    again.stdout,
    `${processId}: 0 slots imported, 4 there before, the newest is 3, a bundler has the first 4\n`,
  )
  assert.equal((await run(['verify', '--store', copy])).code, 0)
  const store = await openExistingStore(copy)
  assert.equal(await createScheduleStore(store).publishedSlots(processId), 4)
  await store.close()
  const node = await startTestNode(t, { storeEngine: 'lmdb', storePath: copy })
  const next = await schedule(node.url, await signMessage(processId))
  assert.equal(next.get('slot'), 4)
})

test('what cannot be opened or understood is one line', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'empty'))
  await writeFile(join(folder, 'text'), 'nonsense '.repeat(99))
  const id = 'A'.repeat(43)
  for (const [args, expected] of [
    [['verify', '--store', join(folder, 'empty')], /Expected a folder with a store: .*empty$/],
    [['verify', '--store', join(folder, 'none')], /Expected a folder with a store: .*none$/],
    [['verify', '--store', folder, '--node', 'b'], /Expected --node or --store, got both$/],
    [['verify', '--node', 'nowhere'], /Expected the URL of a node such as .*, got nowhere$/],
    [['verify', '--node', 'http://127.0.0.1:1'], /did not answer/],
    [['verify', 'short'], /Expected a process id of 43 characters, got "short"$/],
    [['verify', '--reads', 'x'], /Expected --reads to be a whole number, got "x"$/],
    [['export', '--store', 'a'], /Expected the id of a process$/],
    [['export', '--format', 'zip', id], /Expected --format to be one of jsonl, ans104, got "zip"$/],
    [['import', '--store', 'a'], /Expected the file of an exported schedule$/],
    [['import', '--store', 'a', join(folder, 'none')], /Expected a file that can be read: /],
    [['import', '--store', 'a', folder], /Expected a file, found a folder or a stream: /],
    [
      ['import', '--store', 'a', join(folder, 'text')],
      /ANS-104 bundle; read as a bundle: Expected/,
    ],
  ] as const) {
    const { code, stderr } = await run(args)
    assert.equal(code, 1, args.join(' '))
    assert.match(stderr.trimEnd(), expected)
    assert.equal(stderr.split('\n').length, 2, stderr)
  }
})
