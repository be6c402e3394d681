/**
 * Export and import: a schedule with messages of every kind goes out of one store and into another,
 * and the second has the same bytes under the same paths. What is not sound is not taken in.
 */
import assert from 'node:assert/strict'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isAoError } from '../src/base/errors.ts'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { decodeBundle } from '../src/codec/ans104/bundle.ts'
import { commitMessage } from '../src/codec/commit.ts'
import { Message } from '../src/message/message.ts'
import { parseTyped } from '../src/message/typed-notation.ts'
import { exportSchedule } from '../src/node/export-schedule.ts'
import { importSchedule } from '../src/node/import-schedule.ts'
import { verifySchedules } from '../src/node/verify-schedules.ts'
import { openExistingStore } from '../src/store/open-store.ts'
import type { Store } from '../src/store/store.ts'
import {
  clientWallet,
  postHttpsig,
  postItem,
  request,
  schedule,
  signMessage,
  spawn,
  startTestNode,
  temporaryFolder,
} from './node-kit.ts'
import { readMessageVectors } from './vectors.ts'

interface Scheduled {
  readonly folder: string
  readonly storePath: string
  readonly processId: string
  readonly slots: number
}

type Kind = 'ans104@1.0' | 'httpsig@1.0'

/** A store with the schedule of one process: plain messages, and whatever else is given. */
async function scheduled(
  t: TestContext,
  assignmentCommitment: Kind,
  extra: readonly Message[] = [],
): Promise<Scheduled> {
  const folder = await temporaryFolder(t)
  const storePath = join(folder, 'store')
  const node = await startTestNode(t, { storeEngine: 'lmdb', storePath, assignmentCommitment })
  const processId = await spawn(node)
  let slots = 1
  for (let n = 0; n < 3; n++) {
    await schedule(node.url, await signMessage(processId, { n, 'Some-Tag': 'x', data: 'hello' }))
    slots++
  }
  for (const message of extra) {
    const path = `/${processId}/~scheduler@1.0/schedule`
    const isItem = [...message.commitments.values()].some(({ device }) => device === 'ans104@1.0')
    const reply = isItem
      ? await postItem(node.url, message, `/~scheduler@1.0/schedule?target=${processId}`)
      : await postHttpsig(node.url, path, new Message([['body', message]]))
    if (reply.status === 200) slots++
  }
  await node.stop()
  return { folder, storePath, processId, slots }
}

async function exportFrom(
  { storePath, processId, folder }: Scheduled,
  format: 'jsonl' | 'ans104',
  range: { readonly from?: number; readonly to?: number } = {},
): Promise<string> {
  const output = join(folder, `${range.from ?? 0}.${format}`)
  await exportSchedule(
    { kind: 'store', path: storePath },
    { processId, format, output, write: noChunk, onSlot: () => undefined, ...range },
  )
  return output
}

const noChunk = async (): Promise<void> => assert.fail('The chunks go to the file')

const IGNORE = { onFinding: () => undefined, onSlot: () => undefined }

function importInto(storePath: string, file: string) {
  return importSchedule({ storePath, file, isPublished: false, ...IGNORE })
}

async function errorsIn(storePath: string, processId: string): Promise<string[]> {
  const errors: string[] = []
  await verifySchedules(
    { kind: 'store', path: storePath },
    {
      processes: [processId],
      onFinding: async (_, { severity, code, slot }) => {
        if (severity === 'error') errors.push(`${code} ${slot}`)
      },
      onSlot: () => undefined,
    },
  )
  return errors
}

/** Everything in a store: values by their path, links as where they lead. */
async function contentOf(path: string): Promise<Map<string, string>> {
  const store = await openExistingStore(path)
  const content = new Map<string, string>()
  await collect(store, '', content)
  await store.close()
  return content
}

async function collect(store: Store, group: string, content: Map<string, string>): Promise<void> {
  for (const name of await store.list(group, { limit: 1_000_000 })) {
    const below = group === '' ? name : `${group}/${name}`
    const target = await store.resolve(below)
    if (target !== below) content.set(below, `-> ${target}`)
    else if ((await store.kindOf(below)) === 'group') await collect(store, below, content)
    else content.set(below, Buffer.from((await store.get(below)) ?? []).toString('base64'))
  }
}

/** Every golden message, signed by the client in both codecs where they can hold it. */
async function goldenMessages(): Promise<Message[]> {
  const messages: Message[] = []
  for (const { vector } of readMessageVectors()) {
    const content = parseTyped(vector.msg) as Message
    for (const device of ['ans104@1.0', 'httpsig@1.0'] as const) {
      for (const bundle of [false, true]) {
        try {
          messages.push(await commitMessage(content, clientWallet, { device, bundle }))
        } catch (error) {
          if (!isAoError(error)) throw error
        }
      }
    }
  }
  return messages.filter((message) => !message.has('path') && !message.has('target'))
}

for (const kind of ['ans104@1.0', 'httpsig@1.0'] as const) {
  test(`export and import of JSON lines give the same store, byte for byte, ${kind}`, async (t) => {
    const from = await scheduled(t, kind, await goldenMessages())
    assert.ok(from.slots > 250, `${from.slots} slots`)
    assert.deepEqual(await errorsIn(from.storePath, from.processId), [])
    const file = await exportFrom(from, 'jsonl')
    const copy = join(from.folder, 'copy')
    const { written, current } = await importInto(copy, file)
    assert.deepEqual([written, current], [from.slots, from.slots - 1])
    const [original, restored] = [await contentOf(from.storePath), await contentOf(copy)]
    for (const [path, value] of original) {
      if (path.startsWith('~scheduler@1.0/')) assert.equal(restored.get(path), value, path)
    }
    for (const [path, value] of restored) assert.equal(value, original.get(path), path)
    assert.deepEqual(await errorsIn(copy, from.processId), [])
  })
}

test('export and import of an ANS-104 bundle give the same schedule', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const file = await exportFrom(from, 'ans104')
  const entries = decodeBundle(await readFile(file))
  assert.equal(entries.length, 2 * from.slots)
  const copy = join(from.folder, 'copy')
  assert.equal((await importInto(copy, file)).written, from.slots)
  assert.deepEqual(await contentOf(copy), await contentOf(from.storePath))
})

test('export goes on where one before was broken off', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const whole = await readFile(await exportFrom(from, 'jsonl'))
  const { storePath, processId, folder } = from
  const output = join(folder, 'resumed')
  const slots: number[] = []
  const exportAgain = async (part: Uint8Array): Promise<readonly number[]> => {
    slots.length = 0
    await writeFile(`${output}.part`, part)
    await exportSchedule(
      { kind: 'store', path: storePath },
      { processId, format: 'jsonl', output, write: noChunk, onSlot: (slot) => slots.push(slot) },
    )
    assert.deepEqual(await readFile(output), whole)
    return slots
  }
  assert.deepEqual(await exportAgain(whole.subarray(0, whole.length - 100)), [3])
  assert.deepEqual(await exportAgain(whole), [])
  const header = whole.indexOf('\n')
  const others = [whole.subarray(0, header + 20), Buffer.from('nonsense\n{}\n'), Buffer.from('')]
  const gap = Buffer.concat([
    whole.subarray(0, header + 1),
    whole.subarray(whole.lastIndexOf('\n', -2) + 1),
  ])
  for (const other of [...others, gap]) assert.deepEqual(await exportAgain(other), [0, 1, 2, 3])
})

test('export that fails keeps the lines that it wrote', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const store = await openExistingStore(from.storePath)
  const path = `~scheduler@1.0/assignments/${from.processId}/${'2'.padStart(16, '0')}`
  const target = await store.resolve(path)
  await store.commit([{ kind: 'delete', path }])
  await store.close()
  await assert.rejects(exportFrom(from, 'jsonl'), (error) => isAoError(error, 'not-found'))
  const again = await openExistingStore(from.storePath)
  await again.commit([{ kind: 'link', path, target }])
  await again.close()
  const part = await readFile(join(from.folder, '0.jsonl.part'), 'utf8')
  assert.equal(part.split('\n').length, 4)
  const file = await exportFrom(from, 'jsonl')
  assert.equal((await importInto(join(from.folder, 'copy'), file)).written, 4)
})

test('export as a bundle refuses what is no data item and leaves no file', async (t) => {
  const message = await commitMessage(new Message([['a', 'b']]), clientWallet, {
    device: 'httpsig@1.0',
  })
  const from = await scheduled(t, 'ans104@1.0', [message])
  await assert.rejects(
    exportFrom(from, 'ans104'),
    (error) => isAoError(error, 'unencodable') && /slot 4 .* jsonl/.test(error.message),
  )
  await assert.rejects(readFile(join(from.folder, '0.ans104')))
  await assert.rejects(readFile(join(from.folder, '0.ans104.part')))
  const httpsig = await scheduled(t, 'httpsig@1.0')
  await assert.rejects(
    exportFrom(httpsig, 'ans104'),
    (error) => isAoError(error, 'unencodable') && /assignment of slot 0/.test(error.message),
  )
})

test('import goes on after the last slot that is there, and refuses a gap', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const first = await exportFrom(from, 'jsonl', { to: 1 })
  const all = await exportFrom({ ...from, folder: await temporaryFolder(t) }, 'jsonl')
  const tail = await exportFrom(from, 'jsonl', { from: 3 })
  const copy = join(from.folder, 'copy')
  assert.deepEqual(await importInto(copy, first), {
    ...{ written: 2, present: 0, current: 1, published: 0 },
    ...{ processId: from.processId, range: { first: 0, last: 1 } },
  })
  await assert.rejects(importInto(copy, tail), (error) => isAoError(error, 'not-found'))
  const { written, present, current } = await importInto(copy, all)
  assert.deepEqual([written, present, current], [2, 2, 3])
  assert.deepEqual(await contentOf(copy), await contentOf(from.storePath))
  assert.equal((await importInto(copy, tail)).present, 1)
})

test('import marks as published only what follows on slots that are', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const first = await exportFrom(from, 'jsonl', { to: 1 })
  const later = await exportFrom(from, 'jsonl', { from: 2 })
  const storePath = join(from.folder, 'copy')
  await importInto(storePath, first)
  const importPublished = async (file: string) =>
    (await importSchedule({ storePath, file, isPublished: true, ...IGNORE })).published
  assert.equal(await importPublished(later), 0)
  assert.equal(await importPublished(first), 2)
  assert.equal(await importPublished(later), 4)
  assert.equal(await importPublished(first), 4)
})

test('import keeps what is good of a file that was cut off, and says where it ends', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const file = await exportFrom(from, 'jsonl')
  const bytes = await readFile(file)
  await truncate(file, bytes.length - 100)
  const copy = join(from.folder, 'copy')
  await assert.rejects(
    importInto(copy, file),
    (error) => isAoError(error, 'invalid-encoding') && /^Line 5: /.test(error.message),
  )
  await truncate(file, bytes.lastIndexOf('\n', bytes.length - 2) + 1)
  await assert.rejects(importInto(copy, file), /up to slot 3, found its end after slot 2/)
  assert.deepEqual(await errorsIn(copy, from.processId), [])
  await writeFile(file, bytes)
  const { written, present } = await importInto(copy, file)
  assert.deepEqual([written, present], [1, 3])
})

test('import refuses an assignment that is changed, and another history', async (t) => {
  const from = await scheduled(t, 'httpsig@1.0')
  const file = await exportFrom(from, 'jsonl')
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  const copy = join(from.folder, 'copy')
  const changed = lines.map((line) =>
    line.startsWith('{"slot":2') ? line.replace(/("timestamp":\{"t":"int","v":")\d/, '$19') : line,
  )
  await writeFile(file, changed.join('\n'))
  await assert.rejects(
    importInto(copy, file),
    (error) => isAoError(error, 'invalid-message') && /^Slot 2 .* not hold/.test(error.message),
  )
  const before = await contentOf(copy)
  assert.ok([...before.keys()].filter((path) => path.includes('/assignments/')).length === 2)
  const fork = changed.map((line) => line.replace('{"slot":2', '{"slot":1'))
  await writeFile(file, [fork[0], fork[1], fork[3]].join('\n'))
  await assert.rejects(
    importInto(copy, file),
    (error) => isAoError(error, 'store-conflict') && /^Slot 1 has assignment/.test(error.message),
  )
  assert.deepEqual(await contentOf(copy), before)
})

test('import refuses a bundle whose items are not those of its header', async (t) => {
  const from = await scheduled(t, 'ans104@1.0')
  const file = await exportFrom(from, 'ans104')
  const bytes = await readFile(file)
  bytes[40] = (bytes[40] ?? 0) + 1
  const copy = join(from.folder, 'copy')
  for (const content of [bytes, bytes.subarray(0, 500), Buffer.from('nonsense')]) {
    await writeFile(file, content)
    await assert.rejects(importInto(copy, file), (error) => isAoError(error, 'invalid-encoding'))
  }
})

test('import takes items back from a node over HTTP as they were sent', async (t) => {
  const node = await startTestNode(t)
  const processId = await spawn(node)
  const message = await signMessage(processId, { 'Mixed-Case': 'x', data: Buffer.from([0, 255]) })
  await schedule(node.url, message)
  const folder = await temporaryFolder(t)
  const output = join(folder, 'bundle')
  await exportSchedule(
    { kind: 'node', url: node.url },
    { processId, format: 'ans104', output, write: noChunk, onSlot: () => undefined },
  )
  const [, , item] = decodeBundle(await readFile(output))
  assert.deepEqual(item?.item, Buffer.from(encodeAns104(message)))
  assert.equal((await importInto(join(folder, 'copy'), output)).written, 2)
})

test('a node gives a page of an archive, as long as pages may be', async (t) => {
  const node = await startTestNode(t, { pageLimit: 2 })
  const processId = await spawn(node)
  for (let n = 0; n < 4; n++) await schedule(node.url, await signMessage(processId))
  const slotsFrom = async (query: string): Promise<readonly number[]> => {
    const url = `${node.url}/~scheduler@1.0/schedule?target=${processId}&archive=true${query}`
    const reply = await request(url)
    assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/jsonl'])
    const lines = reply.text.split('\n').filter((line) => line !== '')
    return lines.map((line) => (JSON.parse(line) as { slot: number }).slot)
  }
  assert.deepEqual(await slotsFrom(''), [0, 1, 2])
  assert.deepEqual(await slotsFrom('&from=3&to=9'), [3, 4])
  assert.deepEqual(await slotsFrom('&from=1&to=1'), [1])
  assert.deepEqual(await slotsFrom('&from=7'), [])
})
