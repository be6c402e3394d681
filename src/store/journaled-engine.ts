/**
 * An engine whose commits are decided in a journal and brought to their place later, many in one
 * transaction. A commit then costs one write at the end of a file and one flush, where a database
 * of pages takes two flushes and all the pages that it changed; and a page that several commits
 * change is written once.
 *
 * What is in the journal is visible at once: readers look at what is pending before they look at
 * its place. Whether a batch can be carried out is worked out before it goes into the journal, so
 * that nothing which was acknowledged can be refused later. After a crash the journal is carried out
 * again. Batches that are large, or delete a group, go to their place at once, behind all before.
 */
import { AoError } from '../base/errors.ts'
import { BatchPlanner } from './batch-planner.ts'
import { boundOfWrites } from './journal-record.ts'
import { PendingView } from './pending-view.ts'
import { PendingWrites } from './pending-writes.ts'
import type { StorePath } from './store.ts'
import type {
  Batch,
  BatchOutcome,
  NamedEntry,
  NameRange,
  StoredEntry,
  StoreEngine,
} from './store-engine.ts'
import type { OpenedJournal, WriteJournal } from './write-journal.ts'

/** Where writes find their place. */
export interface PlacingEngine extends StoreEngine {
  /**
   * Writes all batches or none of them, and in the same transaction that the records of the journal
   * up to this one are in their place. Rejects when nothing took effect.
   */
  place(batches: readonly Batch[], recordNumber: number): Promise<void>
}

/** Batches that are larger together go to their place at once. */
const MAX_RECORD_BYTES = 2 ** 20
/** So many writes do not wait for more: some milliseconds of work for the main thread. */
const ENOUGH_WRITES = 1_024
/** The longer, the fewer pages are written twice, and the seldomer the disk is busy with both files. */
const MAX_WAIT_MS = 250
const RETRY_MS = 1_000

/**
 * Brings to its place what the journal has, and goes on from there.
 * @throws AoError `store-failed` where that cannot be done now; nothing is lost then
 */
export async function openJournaledEngine(
  base: PlacingEngine,
  { journal, found }: OpenedJournal,
): Promise<StoreEngine> {
  const last = found.at(-1)
  try {
    if (last !== undefined) {
      await base.place(
        found.map(({ writes }) => writes),
        last.number,
      )
    }
  } catch (cause) {
    const message = `Expected to bring ${found.length} records of the journal into ${base.name}: ${messageOf(cause)}; nothing is lost: look whether the disk is full, and start again`
    throw new AoError('store-failed', message, { store: base.name }, cause)
  }
  return new JournaledEngine(base, journal)
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

class JournaledEngine implements StoreEngine {
  readonly isDurable = true
  readonly #base: PlacingEngine
  readonly #journal: WriteJournal
  /** In the file of the journal that is in use. */
  #pending = new PendingWrites()
  /** In the other file, on the way to their place. */
  #placing: Placing | undefined
  /** Both, the latest first. */
  #layers: readonly PendingWrites[] = [this.#pending]
  readonly #view: PendingView
  readonly #planner: BatchPlanner
  #isAppending = false
  /** It was time to place what is pending when that could not be. */
  #isDue = false
  #attempt: Promise<void> | undefined
  /** Why the last attempt to place writes failed. They are safe in the journal, and visible. */
  #failure: { readonly error: unknown } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(base: PlacingEngine, journal: WriteJournal) {
    this.#base = base
    this.#journal = journal
    this.#view = new PendingView(base, () => this.#layers)
    this.#planner = new BatchPlanner(this.#view)
  }

  get name(): string {
    return this.#base.name
  }

  entryAt(path: StorePath): StoredEntry | undefined {
    return this.#view.entryAt(path)
  }

  names(group: StorePath, range: NameRange): string[] {
    return this.#view.names(group, range)
  }

  entries(group: StorePath, range: NameRange): NamedEntry[] {
    return this.#view.entries(group, range)
  }

  async write(batches: readonly Batch[]): Promise<readonly BatchOutcome[]> {
    this.#journal.assertWhole()
    const plans = this.#planner.plan(batches)
    const planned = plans.map(({ writes }) => writes).filter((writes) => writes.length > 0)
    const writes = planned.flat()
    const bytes = boundOfWrites(writes)
    if (bytes > MAX_RECORD_BYTES || this.#planner.deletesGroup(writes)) {
      return this.#writeToPlace(batches)
    }
    if (writes.length > 0) await this.#append(planned, { writes, bytes })
    return plans.map(({ refusal }) => refusal)
  }

  sizeBytes(): Promise<number> {
    return this.#base.sizeBytes()
  }

  /** What cannot be placed now stays in the journal, and is placed when the store is opened. */
  async close(): Promise<void> {
    await this.#placeAll().catch(() => undefined)
    clearTimeout(this.#timer)
    try {
      await this.#journal.close()
    } finally {
      await this.#base.close()
    }
  }

  async #append(planned: readonly Batch[], { writes, bytes }: Record): Promise<void> {
    await this.#makeRoom(bytes)
    this.#isAppending = true
    try {
      await this.#journal.append(writes)
      for (const batch of planned) this.#pending.add(batch)
    } finally {
      this.#isAppending = false
      this.#placeInTime()
    }
  }

  /** To be called when something may be pending for which there is no time yet. */
  #placeInTime(): void {
    if (this.#pending.isEmpty) return
    if (this.#isDue || this.#pending.size >= ENOUGH_WRITES) this.#place()
    else this.#placeAfter(MAX_WAIT_MS)
  }

  /** @throws why writes cannot be placed, when the journal is full of them */
  async #makeRoom(bytes: number): Promise<void> {
    while (!this.#journal.hasRoomFor(bytes)) {
      const mustWait = this.#placing !== undefined
      this.#place()
      if (mustWait) await this.#attempted()
    }
  }

  async #writeToPlace(batches: readonly Batch[]): Promise<readonly BatchOutcome[]> {
    await this.#placeAll()
    this.#planner.forget()
    return this.#base.write(batches)
  }

  async #placeAll(): Promise<void> {
    while (this.#placing !== undefined || !this.#pending.isEmpty) {
      this.#place()
      await this.#attempted()
    }
  }

  /** @throws why the attempt under way fails */
  async #attempted(): Promise<void> {
    await this.#attempt
    if (this.#placing !== undefined && this.#failure !== undefined) throw this.#failure.error
  }

  #placeAfter(waitMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#place()
    }, waitMs).unref()
  }

  /**
   * Begins to place what is pending, unless that is under way. The file of the journal must not
   * change while a record is being written.
   */
  #place(): void {
    this.#isDue = this.#attempt !== undefined || this.#isAppending
    if (this.#isDue) return
    if (this.#placing === undefined) {
      if (this.#pending.isEmpty) return
      this.#placing = { writes: this.#pending, recordNumber: this.#journal.lastNumber }
      this.#pending = new PendingWrites()
      this.#layers = [this.#pending, this.#placing.writes]
      this.#journal.turn()
    }
    this.#attempt = this.#attemptToPlace(this.#placing)
  }

  async #attemptToPlace({ writes, recordNumber }: Placing): Promise<void> {
    try {
      await this.#base.place(writes.batches, recordNumber)
      this.#placing = undefined
      this.#layers = [this.#pending]
      this.#failure = undefined
    } catch (error) {
      this.#failure = { error }
      this.#placeAfter(RETRY_MS)
    }
    this.#attempt = undefined
    if (this.#failure === undefined) this.#placeInTime()
  }
}

interface Record {
  readonly writes: Batch
  readonly bytes: number
}

interface Placing {
  readonly writes: PendingWrites
  readonly recordNumber: number
}
