/**
 * A write-ahead journal in two files that are used by turns: one takes records while what is in the
 * other is brought to its place. When that is done the other one is written over from its beginning:
 * a file that has been filled once keeps its size, so that a record costs one flush and no change of
 * the file system.
 *
 * A record is a head and the writes of one or more commits (`journal-record.ts`). The head has a
 * mark, a CRC-32 of the rest of the head, a CRC-32 and the length of the writes, and the number of the
 * record, which grows by one from record to record for as long as the store lives. So what is left of
 * an earlier turn is told from what follows: its numbers are lower. Each CRC begins with the key of the
 * store: a journal of another store has no record at all, and nobody can write a value that looks
 * like a record.
 */
import { close, constants, fdatasync, ftruncate, open, readFile, stat, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { AoError } from '../base/errors.ts'
import { boundOfWrites, decodeWrites, encodeWrites } from './journal-record.ts'
import type { StoreWrite } from './store.ts'
import { directoryFailure, syncDirectory } from './store-directory.ts'

/** What a store knows of its journal. */
export interface JournalState {
  /** Of this store and no other: 32 bits. */
  readonly key: number
  /** Records up to this one are in their place. */
  readonly appliedNumber: number
}

export interface WriteJournalOptions extends JournalState {
  /** Folder of the store. */
  readonly path: string
}

export interface JournalRecord {
  readonly number: number
  readonly writes: readonly StoreWrite[]
}

/** A file takes so many bytes; one record must have room in it. */
export const JOURNAL_FILE_BYTES = 3 * 2 ** 20
const FILES = ['journal-0', 'journal-1'] as const
const MARK = 0x314a4f41
const HEAD_BYTES = 24
const HEAD_CRC_START = 8
/** Linux flushes what it writes to such a file in the same call. Elsewhere that is a call of its own. */
const FLUSHES_ITSELF = process.platform === 'linux'
const FLAGS = constants.O_RDWR | (FLUSHES_ITSELF ? constants.O_DSYNC : 0)

const openFile = promisify(open)
const closeFile = promisify(close)
const flushFile = promisify(fdatasync)
const truncateFile = promisify(ftruncate)
const readWholeFile = promisify(readFile)
const statFile = promisify(stat)

/** One call of `append` runs at a time. */
export class WriteJournal {
  readonly #files: readonly number[]
  #active = 0
  #position = 0
  #lastNumber: number
  /** Room for the largest record so far. */
  #bytes = Buffer.alloc(0)
  readonly #key: number
  #tornBy: unknown

  constructor(files: readonly number[], key: number, lastNumber: number) {
    this.#files = files
    this.#key = key
    this.#lastNumber = lastNumber
  }

  /** Of the last record that is on the disk. */
  get lastNumber(): number {
    return this.#lastNumber
  }

  /** Whether a record of so many bytes goes into the file in use. */
  hasRoomFor(boundBytes: number): boolean {
    return this.#position + HEAD_BYTES + boundBytes <= JOURNAL_FILE_BYTES
  }

  /** Goes on in the other file, where everything must be in its place. */
  turn(): void {
    this.#active = 1 - this.#active
    this.#position = 0
  }

  /**
   * Resolves when the writes are on the disk as one record; rejects when they are not, nor will be.
   * @throws Error of the file system
   */
  async append(writes: readonly StoreWrite[]): Promise<void> {
    this.assertWhole()
    const number = this.#lastNumber + 1
    const record = this.#encode(number, writes)
    try {
      await this.#write(record)
    } catch (error) {
      await this.#takeBack(error)
      throw error
    }
    this.#position += record.length
    this.#lastNumber = number
  }

  /**
   * Where a refused record can be found later nothing may be acknowledged behind it.
   * @throws AoError `store-failed` once a record could neither be written nor be taken back
   */
  assertWhole(): void {
    if (this.#tornBy === undefined) return
    const message =
      'The journal of the store takes no writes after an error of its disk; check the disk and start again'
    throw new AoError('store-failed', message, {}, this.#tornBy)
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => closeFile(file)))
  }

  #encode(number: number, writes: readonly StoreWrite[]): Buffer {
    const bound = HEAD_BYTES + boundOfWrites(writes)
    if (this.#bytes.length < bound) this.#bytes = Buffer.alloc(bound)
    const end = encodeWrites(writes, this.#bytes, HEAD_BYTES)
    const record = this.#bytes.subarray(0, end)
    record.writeUInt32LE(MARK, 0)
    record.writeUInt32LE(crc32(record.subarray(HEAD_BYTES), this.#key), 8)
    record.writeUInt32LE(end - HEAD_BYTES, 12)
    record.writeDoubleLE(number, 16)
    record.writeUInt32LE(crc32(record.subarray(HEAD_CRC_START, HEAD_BYTES), this.#key), 4)
    return record
  }

  async #write(bytes: Buffer): Promise<void> {
    const file = this.#file()
    for (let done = 0; done < bytes.length; ) {
      done += await writeFile(file, bytes.subarray(done), this.#position + done)
    }
    if (!FLUSHES_ITSELF) await flushFile(file)
  }

  /** A record that was refused must not be found later. To cut a file off takes no space. */
  async #takeBack(cause: unknown): Promise<void> {
    try {
      await truncateFile(this.#file(), this.#position)
      await flushFile(this.#file())
    } catch {
      this.#tornBy = cause
    }
  }

  #file(): number {
    return this.#files[this.#active] ?? -1
  }
}

export interface OpenedJournal {
  readonly journal: WriteJournal
  /** What is not in its place yet, and must be before the first record is appended. */
  readonly found: readonly JournalRecord[]
}

/** Makes the files of the journal of a new store; what is there stays. */
export async function makeJournalFiles(path: string): Promise<void> {
  for (const name of FILES) {
    await closeFile(await openFile(join(path, name), FLAGS | constants.O_CREAT, 0o644))
  }
  syncDirectory(path)
}

/**
 * Opens the journal of a store.
 *
 * @throws AoError `store-failed` where files or records are missing or damaged
 */
export async function openWriteJournal(options: WriteJournalOptions): Promise<OpenedJournal> {
  const { path, key, appliedNumber } = options
  const files: number[] = []
  try {
    for (const name of FILES) files.push(await openExisting(join(path, name), path))
    const found: JournalRecord[] = []
    for (const file of files) found.push(...readRecords(await readWholeFile(file), options, path))
    found.sort((left, right) => left.number - right.number)
    assertGapless(found, options)
    const lastNumber = found.at(-1)?.number ?? appliedNumber
    return { journal: new WriteJournal(files, key, lastNumber), found }
  } catch (error) {
    await Promise.all(files.map((file) => closeFile(file)))
    throw error
  }
}

async function openExisting(file: string, path: string): Promise<number> {
  try {
    return await openFile(file, FLAGS)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw damagedJournal(path)
    throw cause
  }
}

/** Bytes of the files of a journal. */
export async function journalBytes(path: string): Promise<number> {
  const sizes = await Promise.all(
    FILES.map(async (name) => (await statFile(join(path, name))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Resolves to how many bytes were written, which can be fewer than asked. */
function writeFile(file: number, bytes: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, position, (error, written) => {
      if (error === null) resolve(written)
      else reject(error)
    })
  })
}

interface Place {
  readonly number: number
  readonly start: number
  readonly end: number
}

/** The records of one file that are not in their place yet. */
function readRecords(bytes: Buffer, start: JournalState, path: string): JournalRecord[] {
  const records: JournalRecord[] = []
  let last: Place | undefined
  let next = placeAt(bytes, 0, start.key)
  while (next !== undefined && (last === undefined || next.number === last.number + 1)) {
    last = next
    if (last.number > start.appliedNumber) {
      const writes = decodeWrites(bytes.subarray(last.start + HEAD_BYTES, last.end))
      records.push({ number: last.number, writes })
    }
    next = placeAt(bytes, last.end, start.key)
  }
  assertEnd(bytes.subarray(last?.end ?? 0), { ...start, last: last?.number ?? 0, path })
  return records
}

/**
 * A record is written when the one before it is on the disk. So one that was cut off by a crash has
 * none behind it, and where one is, something else has damaged what was acknowledged.
 */
function assertEnd(
  rest: Buffer,
  { key, last, appliedNumber, path }: JournalState & { last: number; path: string },
): void {
  const mark = Buffer.alloc(4)
  mark.writeUInt32LE(MARK)
  for (let start = rest.indexOf(mark); start !== -1; start = rest.indexOf(mark, start + 1)) {
    const { number = 0 } = placeAt(rest, start, key) ?? {}
    if (number > Math.max(last, appliedNumber)) throw damagedJournal(path)
  }
}

function placeAt(bytes: Buffer, start: number, key: number): Place | undefined {
  if (bytes.length < start + HEAD_BYTES || bytes.readUInt32LE(start) !== MARK) return undefined
  const contentStart = start + HEAD_BYTES
  // First: what strangers have stored may be full of heads that are none.
  const headCrc = crc32(bytes.subarray(start + HEAD_CRC_START, contentStart), key)
  if (headCrc !== bytes.readUInt32LE(start + 4)) return undefined
  const end = contentStart + bytes.readUInt32LE(start + 12)
  if (end > bytes.length) return undefined
  const crc = crc32(bytes.subarray(contentStart, end), key)
  if (crc !== bytes.readUInt32LE(start + 8)) return undefined
  return { number: bytes.readDoubleLE(start + 16), start, end }
}

function assertGapless(found: readonly JournalRecord[], options: WriteJournalOptions): void {
  found.forEach(({ number }, index) => {
    if (number !== options.appliedNumber + 1 + index) throw damagedJournal(options.path)
  })
}

function damagedJournal(path: string): Error {
  const message = `Expected the files ${FILES.join(' and ')} in ${path} to continue the database beside them; restore all files of the store from one backup`
  return directoryFailure(message, path)
}
