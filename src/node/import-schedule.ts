/** Reads the file of an exported schedule, in either format, into a store that no node holds. */
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { AoError, isAoError } from '../base/errors.ts'
import { splitLines } from '../base/lines.ts'
import { createMessageCache } from '../cache/cache.ts'
import { type BundleFile, readBundle } from '../scheduler/archive-bundle.ts'
import { parseHeaderLine, parseSlotLine } from '../scheduler/archive-line.ts'
import type { Finding } from '../scheduler/audit-finding.ts'
import {
  type ImportedSchedule,
  type ImportResult,
  importSchedule as importInto,
  type SlotRange,
} from '../scheduler/import-schedule.ts'
import {
  createScheduleStore,
  type ScheduleStore,
  type SlotAssignment,
} from '../scheduler/schedule-store.ts'
import { openOrCreateStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'

export interface ImportCommand {
  /** Folder of the store; made, as an LMDB store, if it is not there. */
  readonly storePath: string
  readonly file: string
  /** Whether a bundler has what is in the file, so that no node need upload it. */
  readonly isPublished: boolean
  readonly onFinding: (finding: Finding) => void
  readonly onSlot: (slot: number) => void
}

export interface ImportSummary extends ImportResult {
  readonly processId: string
  /** How many slots from the first on a bundler has, as far as the store knows. */
  readonly published: number
}

/** @throws AoError `invalid-encoding` for a file that is no archive, and see `importSchedule`. */
export async function importSchedule(command: ImportCommand): Promise<ImportSummary> {
  const file = await openFile(command.file)
  try {
    const schedule = await readArchive(command.file, file)
    const store = await openOrCreateStore(command.storePath)
    try {
      return await importChecked(store, schedule, command)
    } finally {
      await store.close()
    }
  } finally {
    await file.close()
  }
}

async function importChecked(
  store: Store,
  schedule: ImportedSchedule,
  command: ImportCommand,
): Promise<ImportSummary> {
  const { processId } = schedule
  const schedules = createScheduleStore(store)
  const deps = { store: schedules, cache: createMessageCache(store) }
  const result = await importInto(deps, schedule, command)
  if (command.isPublished) await markPublished(schedules, processId, result.range)
  return { ...result, processId, published: await schedules.publishedSlots(processId) }
}

/** Only what follows on slots that are published: nobody knows of others before the file. */
async function markPublished(
  schedules: ScheduleStore,
  processId: string,
  range: SlotRange | undefined,
): Promise<void> {
  const published = await schedules.publishedSlots(processId)
  if (range === undefined || range.first > published || range.last < published) return
  await schedules.setPublishedSlots(processId, range.last + 1)
}

/** A plain file: a bundle is read at two places at once. */
async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new AoError('not-found', 'Expected a file that can be read', { path }, cause)
  })
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new AoError('not-found', 'Expected a file, found a folder or a stream', { path })
}

const BRACE = 0x7b

/** JSON lines begin with a brace; a bundle begins with a number, which none does. */
async function readArchive(path: string, file: FileHandle): Promise<ImportedSchedule> {
  const [first] = await readAt(file, 0, 1)
  const { size } = await file.stat()
  if (first === BRACE) return readLines(path)
  try {
    const read = (position: number, length: number) => readAt(file, position, length)
    return await readItems({ sizeBytes: size, read })
  } catch (cause) {
    if (!isAoError(cause, 'invalid-encoding')) throw cause
    const reason = 'Expected a schedule as export writes it, as JSON lines or as an ANS-104 bundle'
    const details = `read as a bundle: ${cause.message}`
    throw new AoError('invalid-encoding', `${reason}; ${details}`, { path }, cause)
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length)
  const { bytesRead } = await file.read(bytes, 0, length, position)
  return bytes.subarray(0, bytesRead)
}

async function readItems(file: BundleFile): Promise<ImportedSchedule> {
  const items = readBundle(file)
  const first = await items.next()
  const process = first.done === true ? undefined : first.value.message.get('process')
  if (first.done === true || typeof process !== 'string') {
    throw new AoError('invalid-encoding', 'Expected a bundle with the schedule of a process')
  }
  return { processId: process, assignments: startingWith(first.value, items) }
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first
  yield* rest
}

async function readLines(path: string): Promise<ImportedSchedule> {
  const lines = numberedLines(path)
  const first = await lines.next()
  const text = first.done === true ? '' : first.value.text
  const header = onLine(1, () => parseHeaderLine(text))
  const { processId, process, to } = header
  const known = process === undefined ? {} : { process }
  return { processId, ...known, assignments: slotsIn(lines, to) }
}

/** @throws AoError `invalid-encoding` also for a file that ends before the slot it should end with. */
async function* slotsIn(
  lines: AsyncIterable<NumberedLine>,
  to: number,
): AsyncGenerator<SlotAssignment> {
  let last = -1
  for await (const { number, text } of lines) {
    const assignment = onLine(number, () => parseSlotLine(text))
    last = assignment.slot
    yield assignment
  }
  if (last >= to) return
  const reason = `Expected a file up to slot ${to}, found its end after slot ${last}`
  throw new AoError('invalid-encoding', `${reason}; what is in it was imported`)
}

interface NumberedLine {
  readonly number: number
  readonly text: string
}

async function* numberedLines(path: string): AsyncGenerator<NumberedLine> {
  let number = 0
  for await (const text of splitLines(createReadStream(path, { highWaterMark: 2 ** 20 }))) {
    number++
    if (text !== '') yield { number, text }
  }
}

function onLine<T>(number: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isAoError(error)) throw error
    throw new AoError(error.code, `Line ${number}: ${error.message}`, error.context, error)
  }
}
