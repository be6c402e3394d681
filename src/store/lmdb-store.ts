/**
 * The default engine: LMDB, embedded, one file, one writer and any number of readers.
 *
 * What `commit` promises, and why (package `lmdb` 3.5, `write.js`, `src/writer.cpp`, its `mdb.c`):
 * - `overlappingSync` is off. With it, which is the default, a commit resolves when readers see it
 *   and the flush comes later; when that flush fails, `flushed` never settles and the data stays
 *   visible. Without it `mdb_txn_commit` writes the pages, calls `fdatasync`, then writes the meta
 *   page through a descriptor with `O_DSYNC`, all before readers see anything and before the
 *   promise resolves. A crash at any point leaves the last commit that resolved, or a later one.
 * - All batches that wait go into one transaction, so that they share these two flushes. They run
 *   in a child transaction, since an error in a plain callback does not undo the puts before it.
 * - When pages cannot be written (full disk), LMDB aborts: nothing changed, the store works on.
 *   When the meta page cannot be written, LMDB refuses everything until it is opened again; the
 *   write thread of `lmdb` would then wait for ever on its own lock. `#probe` finds this out first.
 *
 * What a transaction costs follows the pages that it changes: `lmdb-entry.ts` says how entries lie in
 * them. Commits are therefore decided in a journal beside the database, and brought into it many at a
 * time (`journaled-engine.ts`); with them it keeps which record of the journal was the last.
 *
 * Values are copied out of the map by `getBinary`: the page under them may be reused at any commit.
 * `noMemInit` stays off: it would let unrelated memory of the process, keys too, reach the disk.
 */
import { randomBytes } from 'node:crypto'
import { statSync, truncateSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { open } from 'lmdb'
import { AoError } from '../base/errors.ts'
import { createEngineStore } from './engine-store.ts'
import { openJournaledEngine, type PlacingEngine } from './journaled-engine.ts'
import { KnownGroups } from './known-groups.ts'
import { decodeEntry } from './lmdb-entry.ts'
import { EntryWriter, type LmdbDatabase, NeedsPlan } from './lmdb-entry-writer.ts'
import {
  FORMAT_KEY,
  JOURNAL_KEY,
  keyEncoder,
  keysOfNames,
  type LmdbKey,
  nameOf,
} from './lmdb-key.ts'
import { DATA_FILE, precheckDatabase } from './lmdb-precheck.ts'
import { isPlainBatch, planBatch } from './plan-batch.ts'
import type { Store, StorePath } from './store.ts'
import { claimDirectory, directoryFailure, type StoreDirectory } from './store-directory.ts'
import type { Batch, BatchOutcome, NamedEntry, NameRange, StoredEntry } from './store-engine.ts'
import {
  type JournalState,
  journalBytes,
  makeJournalFiles,
  openWriteJournal,
  type WriteJournal,
} from './write-journal.ts'

export interface LmdbStoreOptions {
  /** Folder of the store; made if it is not there. */
  readonly path: string
  /**
   * Address space to reserve, in bytes: not memory and not disk. The store grows past it by
   * itself, at the cost of mapping the file anew. Default 64 GiB.
   */
  readonly mapSizeBytes?: number
}

/**
 * Format 1 has all values under their paths, format 2 has no journal: both are read as they are, and
 * written on as format 3.
 */
const KIND = { engine: 'lmdb', format: 3 } as const
/** `EIO`, which LMDB also gives for a page that was written in part: what a full disk does. */
const IO_ERROR = 5
/**
 * What is placed lets others run after so many writes, an eighth of a millisecond of work. Whoever reads
 * in between sees writes that are decided, and may see them.
 */
const WRITES_AT_ONCE = 16

/**
 * @throws AoError `store-failed` when the folder cannot be used, another process holds it, or what
 * is there is no store of this engine
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const directory = claimDirectory(options.path, KIND)
  let database: LmdbDatabase | undefined
  let journal: WriteJournal | undefined
  try {
    precheckDatabase(directory)
    database = openDatabase(directory, options)
    await prepareDatabase(database, directory)
    const state = readJournalState(database)
    const opened = await openWriteJournal({ path: directory.path, ...state })
    journal = opened.journal
    const engine = new LmdbEngine(database, directory, { name: options.path, key: state.key })
    return createEngineStore(await openJournaledEngine(engine, opened))
  } catch (cause) {
    await journal?.close()
    await database?.close()
    directory.release()
    if (cause instanceof AoError) throw cause
    const message = `Expected an LMDB store in ${directory.path}, found something else or a damaged one; restore it or use another folder`
    throw directoryFailure(message, directory.path, cause)
  }
}

class LmdbEngine implements PlacingEngine {
  readonly name: string
  readonly isDurable = true
  readonly #database: LmdbDatabase
  readonly #directory: StoreDirectory
  readonly #entries: EntryWriter
  readonly #journalKey: number
  /** For what is planned in a transaction. */
  readonly #groups = new KnownGroups(this)
  readonly #isKnownGroup = (path: StorePath): boolean => this.#groups.has(path)
  /** Why nothing can be written any more until the store is opened again. */
  #brokenBy: unknown

  constructor(
    database: LmdbDatabase,
    directory: StoreDirectory,
    { name, key }: { readonly name: string; readonly key: number },
  ) {
    this.#database = database
    this.#directory = directory
    this.#entries = new EntryWriter(database)
    this.name = `lmdb(${name})`
    this.#journalKey = key
  }

  /**
   * Also asks the database when the answer is known: a listing, which comes next, would take an
   * error of the whole database for the end of the names, where a look-up throws it.
   */
  entryAt(path: StorePath): StoredEntry | undefined {
    const bytes = this.#database.getBinary(path === '' ? FORMAT_KEY : path)
    if (path === '') return { kind: 'group' }
    return bytes && this.#decode(bytes)
  }

  names(group: StorePath, range: NameRange): string[] {
    const { limit, reverse } = range
    if (limit === 0) return []
    const keys = this.#database.getKeys({ ...keysOfNames(group, range), limit, reverse })
    return Array.from(keys, nameOf)
  }

  entries(group: StorePath, range: NameRange): NamedEntry[] {
    const { limit, reverse } = range
    if (limit === 0) return []
    const entries = this.#database.getRange({ ...keysOfNames(group, range), limit, reverse })
    return Array.from(entries, ({ key, value }) => ({
      name: nameOf(key),
      entry: this.#decode(value),
    }))
  }

  write(batches: readonly Batch[]): Promise<readonly BatchOutcome[]> {
    return this.#write((put) => batches.map(put))
  }

  async place(batches: readonly Batch[], recordNumber: number): Promise<void> {
    const state = encodeJournalState({ key: this.#journalKey, appliedNumber: recordNumber })
    await this.#write(async (put) => {
      let writes = 0
      for (const batch of batches) {
        const refusal = put(batch)
        if (refusal !== undefined) throw refusal
        writes += batch.length
        if (writes < WRITES_AT_ONCE) continue
        writes = 0
        await setImmediate()
      }
      this.#database.putSync(JOURNAL_KEY, state)
    })
  }

  async sizeBytes(): Promise<number> {
    const { path } = this.#directory
    return (await stat(join(path, DATA_FILE))).size + (await journalBytes(path))
  }

  async close(): Promise<void> {
    try {
      await this.#database.close()
    } finally {
      this.#directory.release()
    }
  }

  /** What `run` puts is one transaction; an error of it undoes all. It may run a second time. */
  async #write<T>(run: (put: (batch: Batch) => BatchOutcome) => T | Promise<T>): Promise<T> {
    this.#assertUsable()
    try {
      return await this.#transaction(() => run((batch) => this.#put(batch)))
    } catch (error) {
      if (!(error instanceof NeedsPlan)) throw error
      return this.#transaction(() => run((batch) => this.#putPlanned(batch)))
    }
  }

  async #transaction<T>(run: () => T | Promise<T>): Promise<T> {
    try {
      return await this.#database.childTransaction(run)
    } catch (error) {
      this.#forget()
      if (error instanceof NeedsPlan) throw error
      const cause = await causeOf(error)
      await this.#probe()
      throw cause
    }
  }

  /** In a transaction: reads see what the batches before have put. */
  #put(batch: Batch): BatchOutcome {
    if (!isPlainBatch(batch, this.#isKnownGroup)) return this.#putPlanned(batch)
    for (const write of batch) this.#entries.put(write)
    return undefined
  }

  #putPlanned(batch: Batch): BatchOutcome {
    const { writes, refusal } = planBatch(this.#groups, batch)
    for (const write of writes) {
      if (write.kind === 'delete') {
        this.#forget()
        this.#entries.delete(write.path)
      } else this.#entries.put(write)
    }
    return refusal
  }

  #forget(): void {
    this.#groups.forget()
    this.#entries.forget()
  }

  #decode(entry: Uint8Array): StoredEntry {
    return decodeEntry(entry, (number) => this.#database.getBinary(number))
  }

  #assertUsable(): void {
    if (this.#brokenBy === undefined) return
    const message = `The store ${this.name} takes no writes after an error of its disk; check the disk and start again`
    throw new AoError('store-failed', message, { store: this.name }, this.#brokenBy)
  }

  /** Whether a transaction can still begin, asked on this thread, where a refusal is an error. */
  async #probe(): Promise<void> {
    // The write thread lets go of its lock after the callback that brought us here.
    await setImmediate()
    try {
      this.#database.transactionSync(() => undefined)
    } catch (error) {
      this.#brokenBy = error
    }
  }
}

function openDatabase({ path }: StoreDirectory, options: LmdbStoreOptions): LmdbDatabase {
  return open<Uint8Array, LmdbKey>({
    path,
    noSubdir: false,
    encoding: 'binary',
    keyEncoder,
    mapSize: options.mapSizeBytes ?? 64 * 2 ** 30,
    overlappingSync: false,
    // With it, each turn has a promise of its own that nobody can handle when a commit fails.
    eventTurnBatching: false,
  })
}

async function prepareDatabase(database: LmdbDatabase, directory: StoreDirectory): Promise<void> {
  padFile(database, directory)
  const format = readFormat(database)
  const write = () =>
    database.transaction(() => {
      database.putSync(FORMAT_KEY, Uint8Array.of(KIND.format))
      if (database.getBinary(JOURNAL_KEY) !== undefined) return
      const key = randomBytes(4).readUInt32LE()
      database.putSync(JOURNAL_KEY, encodeJournalState({ key, appliedNumber: 0 }))
    })
  if (database.getBinary(JOURNAL_KEY) === undefined) await makeJournalFiles(directory.path)
  if (format === undefined) await write()
  // Where an earlier release looks first: it must refuse the store before it has anything new.
  directory.markReady()
  if (format !== undefined && format < KIND.format) await write()
}

/** @throws Error for a database that is no store, or one of a later format */
function readFormat(database: LmdbDatabase): number | undefined {
  const format = database.getBinary(FORMAT_KEY)
  if (format === undefined) {
    const [first] = database.getKeys({ start: Buffer.of(0), limit: 1 })
    if (first === undefined) return undefined
    throw new Error('No format')
  }
  const [number = 0] = format
  if (format.length === 1 && number >= 1 && number <= KIND.format) return number
  throw new Error(`Unknown format ${format.join()}`)
}

function encodeJournalState({ key, appliedNumber }: JournalState): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes.writeDoubleLE(appliedNumber, bytes.writeUInt32LE(key))
  return bytes
}

/** @throws Error for a database that does not say which journal is its own */
function readJournalState(database: LmdbDatabase): JournalState {
  const state = database.getBinary(JOURNAL_KEY)
  if (state?.length !== 12) throw new Error('No journal that belongs to it')
  const bytes = Buffer.from(state)
  return { key: bytes.readUInt32LE(0), appliedNumber: bytes.readDoubleLE(4) }
}

/**
 * Makes the data file as long as its pages say. Pages at its end that were given back before they
 * were written may rightly be missing; in a file that was cut off, others are missing too, and to
 * touch these through the map would kill the process, where zeros are an error.
 */
function padFile(database: LmdbDatabase, { path }: StoreDirectory): void {
  const { lastPageNumber, pageSize } = database.getStats() as DatabaseStats
  const file = join(path, DATA_FILE)
  const length = (lastPageNumber + 1) * pageSize
  if (statSync(file).size < length) truncateSync(file, length)
}

interface DatabaseStats {
  readonly lastPageNumber: number
  readonly pageSize: number
}

/** A failed commit of `lmdb` carries its reason as a promise that rejects. */
async function causeOf(error: unknown): Promise<unknown> {
  try {
    await (error as { readonly commitError?: Promise<never> }).commitError
  } catch (cause) {
    const isIoError = (cause as { readonly code?: unknown }).code === IO_ERROR
    return isIoError ? new Error('Full disk, or an error of the disk', { cause }) : cause
  }
  return error
}
