import assert from 'node:assert/strict'
import { openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import type { StoreWrite } from './store.ts'
import { group, link, remove, value } from './suite-kit.ts'
import {
  JOURNAL_FILE_BYTES,
  makeJournalFiles,
  openWriteJournal,
  WriteJournal,
} from './write-journal.ts'

const root = await mkdtemp(join(tmpdir(), 'write-journal-'))
after(() => rm(root, { recursive: true }))

const KEY = 0xcafe_f00d
const newFolder = async () => {
  const path = await mkdtemp(join(root, 'j-'))
  await makeJournalFiles(path)
  return path
}
const open = (path: string, appliedNumber = 0, key = KEY) =>
  openWriteJournal({ path, key, appliedNumber })
const damaged = (error: unknown) => isAoError(error, 'store-failed')

/** A journal with one record for each text, closed. */
async function journalOf(...texts: readonly string[]): Promise<string> {
  const path = await newFolder()
  const { journal } = await open(path)
  for (const text of texts) await journal.append([value('v', text)])
  await journal.close()
  return path
}

/** Numbers and texts of the records that are found. */
async function found(path: string, appliedNumber = 0, key = KEY): Promise<string[]> {
  const opened = await open(path, appliedNumber, key)
  await opened.journal.close()
  return opened.found.map(({ number, writes }) => `${number} ${writes.map(textOf).join()}`)
}

function textOf(write: StoreWrite): string {
  return write.kind === 'value' ? Buffer.from(write.value).toString() : write.kind
}

test('write-journal: writes of every kind come back as they were', async () => {
  const path = await newFolder()
  const writes: readonly StoreWrite[] = [
    value('a/ü', new Uint8Array([0, 255, 1])),
    value('a/empty', new Uint8Array()),
    link('l', 'a/ü'),
    { kind: 'link', path: 'n', target: 'a', onlyNew: true },
    group('g'),
    remove('a/empty'),
  ]
  const { journal } = await open(path)
  await journal.append(writes)
  await journal.close()
  const { journal: again, found: records } = await open(path)
  await again.close()
  const plain = (some: readonly StoreWrite[] = []) =>
    some.map((write) => (write.kind === 'value' ? { ...write, value: [...write.value] } : write))
  assert.deepEqual(plain(records[0]?.writes), plain(writes))
})

test('write-journal: what is in its place is found no more', async () => {
  const path = await journalOf('a', 'b', 'c')
  assert.deepEqual(await found(path), ['1 a', '2 b', '3 c'])
  assert.deepEqual(await found(path, 2), ['3 c'])
  assert.deepEqual(await found(path, 3), [])
})

test('write-journal: numbers go on after opening again, in a file that is written over', async () => {
  const path = await journalOf('a', 'b', 'c')
  const { journal } = await open(path, 3)
  await journal.append([value('v', 'd')])
  assert.equal(journal.lastNumber, 4)
  await journal.close()
  assert.deepEqual(await found(path, 3), ['4 d'])
})

test('write-journal: the files take turns, and each keeps nothing of the turn before', async () => {
  const path = await newFolder()
  const { journal } = await open(path)
  for (const text of ['a', 'b', 'c']) await journal.append([value('v', text)])
  journal.turn()
  for (const text of ['d', 'e']) await journal.append([value('v', text)])
  assert.deepEqual(await found(path), ['1 a', '2 b', '3 c', '4 d', '5 e'])
  assert.deepEqual(await found(path, 3), ['4 d', '5 e'])
  journal.turn()
  await journal.append([value('v', 'f')])
  assert.deepEqual(await found(path, 3), ['4 d', '5 e', '6 f'])
  await journal.close()
})

test('write-journal: a record that was cut off or half written at the end is none', async () => {
  const path = await journalOf('a', 'b', 'last')
  const file = join(path, 'journal-0')
  const bytes = await readFile(file)
  const start = bytes.indexOf('last') - 'v'.length - 7 - 24
  for (let cut = start; cut < bytes.length; cut++) {
    await writeFile(file, bytes.subarray(0, cut))
    assert.deepEqual(await found(path), ['1 a', '2 b'], `cut off at ${cut}`)
    const torn = Buffer.from(bytes)
    torn.fill(0xee, cut)
    await writeFile(file, torn)
    assert.deepEqual(await found(path), ['1 a', '2 b'], `torn at ${cut}`)
  }
})

test('write-journal: a damaged record before others is one clear error', async () => {
  const path = await journalOf('a', 'b', 'c')
  const file = join(path, 'journal-0')
  const bytes = await readFile(file)
  const second = bytes.indexOf('AOJ1', 4)
  for (const at of [0, 4, 8, 12, 16, 24, 31, second, second + 29]) {
    const broken = Buffer.from(bytes)
    broken[at] = (broken[at] ?? 0) ^ 1
    await writeFile(file, broken)
    await assert.rejects(open(path), damaged, `byte ${at}`)
  }
})

test('write-journal: a journal that does not continue the database is refused', async () => {
  const path = await newFolder()
  const { journal } = await open(path, 7)
  await journal.append([value('v', 'a')])
  await journal.close()
  assert.deepEqual(await found(path, 7), ['8 a'])
  await assert.rejects(open(path, 3), damaged)
})

test('write-journal: the records of another store are none', async () => {
  const path = await journalOf('a', 'b')
  assert.deepEqual(await found(path, 0, KEY + 1), [])
})

test('write-journal: a record has room in a file, or in the other one', async () => {
  const { journal } = await open(await newFolder())
  const large = new Uint8Array(JOURNAL_FILE_BYTES / 2)
  assert.ok(journal.hasRoomFor(large.length + 100))
  await journal.append([value('v', large)])
  assert.ok(!journal.hasRoomFor(large.length + 100))
  journal.turn()
  assert.ok(journal.hasRoomFor(large.length + 100))
  await journal.close()
})

test('write-journal: when a record can be neither written nor taken back, no other is taken', async () => {
  const path = await journalOf('a')
  const file = openSync(join(path, 'journal-0'), 'r')
  const other = openSync(join(path, 'journal-1'), 'r+')
  const journal = new WriteJournal([file, other], KEY, 1)
  await assert.rejects(journal.append([value('v', 'b')]), /EBADF/)
  journal.turn()
  await assert.rejects(journal.append([value('v', 'b')]), damaged)
  assert.throws(() => journal.assertWhole(), damaged)
  assert.equal(journal.lastNumber, 1)
  await journal.close()
  assert.deepEqual(await found(path), ['1 a'])
})

test('write-journal: a file that is missing is one clear error', async () => {
  const path = await journalOf('a')
  await rm(join(path, 'journal-1'))
  await assert.rejects(open(path), damaged)
})

test('write-journal: values that look like heads of records are passed by', async () => {
  const path = await newFolder()
  const { journal } = await open(path)
  const head = Buffer.alloc(24, 'AOJ1')
  head.writeUInt32LE(1_000_000, 12)
  head.writeDoubleLE(99, 16)
  await journal.append([value('v', Buffer.alloc(240_000, head))])
  journal.turn()
  await journal.append([value('v', 'a')])
  journal.turn()
  await journal.append([value('v', 'b')])
  await journal.close()
  assert.deepEqual(await found(path, 1), ['2 a', '3 b'])
})
