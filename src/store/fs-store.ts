/**
 * A store of plain folders, files and symbolic links, to look at with the tools of the system:
 * groups are folders below `data/`, values files, links symbolic links, named as in `fs-name.ts`.
 * Slower than LMDB, and each value takes an inode.
 *
 * A commit is one record of the journal, flushed, and then the files, which need no flush of their
 * own: after a crash, opening the store carries out the journal again. From time to time (and when
 * it is closed) all that was changed is flushed and the journal begins anew. When the files cannot
 * be changed, for want of space, say, what was changed is taken back and so is the record.
 */
import { constants, type FileHandle, lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AoError } from '../base/errors.ts'
import { createEngineStore } from './engine-store.ts'
import { type FsJournal, openFsJournal } from './fs-journal.ts'
import { FsTree } from './fs-tree.ts'
import { OverlayView } from './overlay-view.ts'
import { planBatch } from './plan-batch.ts'
import type { Store, StorePath, StoreWrite } from './store.ts'
import { claimDirectory, directoryFailure, type StoreDirectory } from './store-directory.ts'
import type {
  Batch,
  BatchOutcome,
  NamedEntry,
  NameRange,
  StoredEntry,
  StoreEngine,
} from './store-engine.ts'

export interface FsStoreOptions {
  /** Folder of the store; made if it is not there. */
  readonly path: string
  /** Size of the journal at which files are flushed and it begins anew. Default 2 MiB. */
  readonly journalLimitBytes?: number
}

const DEFAULT_JOURNAL_LIMIT_BYTES = 2 * 2 ** 20
const PARALLEL_FLUSHES = 8

/**
 * @throws AoError `store-failed` when the folder cannot be used, another process holds it, or it
 * has the store of another engine
 */
export async function openFsStore(options: FsStoreOptions): Promise<Store> {
  const directory = claimDirectory(options.path, { engine: 'fs', format: 1 })
  let journal: FsJournal | undefined
  try {
    journal = await openFsJournal(join(directory.path, 'journal'))
    const engine = new FsEngine(journal, directory, options)
    await engine.recover()
    directory.markReady()
    return createEngineStore(engine)
  } catch (cause) {
    await journal?.close()
    directory.release()
    if (cause instanceof AoError) throw cause
    const message = `Expected a store of files that can be read and written in ${directory.path}`
    throw directoryFailure(message, directory.path, cause)
  }
}

class FsEngine implements StoreEngine {
  readonly name: string
  readonly isDurable = true
  readonly #journal: FsJournal
  readonly #directory: StoreDirectory
  readonly #tree: FsTree
  readonly #journalLimitBytes: number
  /** Why nothing can be written any more until the store is opened again. */
  #brokenBy: unknown

  constructor(journal: FsJournal, directory: StoreDirectory, options: FsStoreOptions) {
    this.name = `fs(${options.path})`
    this.#journal = journal
    this.#directory = directory
    this.#tree = new FsTree(directory.path)
    this.#journalLimitBytes = options.journalLimitBytes ?? DEFAULT_JOURNAL_LIMIT_BYTES
  }

  /** Carries out what was decided before a crash. */
  async recover(): Promise<void> {
    await this.#tree.emptyTrash()
    for (const writes of await this.#journal.read()) this.#tree.apply(writes)
    await this.#flush()
  }

  entryAt(path: StorePath): StoredEntry | undefined {
    return this.#tree.entryAt(path)
  }

  names(group: StorePath, range: NameRange): string[] {
    return this.#tree.names(group, range)
  }

  entries(group: StorePath, range: NameRange): NamedEntry[] {
    return this.#tree.entries(group, range)
  }

  async write(batches: readonly Batch[]): Promise<readonly BatchOutcome[]> {
    this.#assertUsable()
    const view = new OverlayView(this.#tree)
    const plans = batches.map((batch) => {
      const plan = planBatch(view, batch)
      for (const write of plan.writes) view.apply(write)
      return plan
    })
    const writes = plans.flatMap((plan) => plan.writes)
    if (writes.length > 0) await this.#commit(writes)
    return plans.map(({ refusal }) => refusal)
  }

  async sizeBytes(): Promise<number> {
    let size = 0
    for (const entry of await readdir(this.#directory.path, {
      recursive: true,
      withFileTypes: true,
    })) {
      if (entry.isFile()) size += await fileSize(join(entry.parentPath, entry.name))
    }
    return size
  }

  async close(): Promise<void> {
    try {
      if (this.#brokenBy === undefined) await this.#flush()
    } finally {
      await this.#journal.close()
      this.#directory.release()
    }
  }

  async #commit(writes: readonly StoreWrite[]): Promise<void> {
    const start = this.#journal.sizeBytes
    try {
      await this.#journal.append(writes)
      this.#tree.apply(writes)
    } catch (error) {
      await this.#takeBack(start, error)
      throw error
    }
    if (this.#journal.sizeBytes > this.#journalLimitBytes) await this.#flushOrBreak()
    else if (writes.some(({ kind }) => kind === 'delete')) await this.#tree.emptyTrash()
  }

  /** When files are half changed the record stays: it is carried out when the store is opened. */
  async #takeBack(start: number, error: unknown): Promise<void> {
    try {
      if (this.#journal.sizeBytes > start && !this.#tree.isTorn) await this.#journal.truncate(start)
    } finally {
      if (this.#journal.isTorn || this.#tree.isTorn) this.#brokenBy = error
    }
  }

  /** The commit that led here stands: its record is in the journal. The next one is refused. */
  async #flushOrBreak(): Promise<void> {
    try {
      await this.#flush()
    } catch (error) {
      this.#brokenBy = error
    }
  }

  async #flush(): Promise<void> {
    const touched = this.#tree.takeTouched()[Symbol.iterator]()
    const worker = async (): Promise<void> => {
      for (const path of touched) await flushPath(path)
    }
    await Promise.all(Array.from({ length: PARALLEL_FLUSHES }, worker))
    await this.#journal.truncate(0)
    await this.#tree.emptyTrash()
  }

  #assertUsable(): void {
    if (this.#brokenBy === undefined) return
    const message = `The store ${this.name} takes no writes after an error of its disk; check the disk and start again`
    throw new AoError('store-failed', message, { store: this.name }, this.#brokenBy)
  }
}

/** Flushes a file or folder; what is no longer there, or has become a link, needs it no more. */
async function flushPath(path: string): Promise<void> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    await file.sync()
  } catch (error) {
    if (!isNoMatter(error)) throw error
  } finally {
    await file?.close()
  }
}

/** Windows cannot flush a folder, and says so with `EPERM` or `EISDIR`. */
function isNoMatter(error: unknown): boolean {
  const codes = ['ENOENT', 'ENOTDIR', 'ELOOP']
  if (process.platform === 'win32') codes.push('EPERM', 'EISDIR')
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await lstat(path)).size
  } catch {
    return 0
  }
}
