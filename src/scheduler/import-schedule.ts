/**
 * Takes the schedule of a process into a store. Everything is audited before it is written, batch
 * by batch, each in one transaction, so that an import that was broken off is simply run again.
 */
import { AoError } from '../base/errors.ts'
import type { MessageCache } from '../cache/cache.ts'
import { prepareMessage } from '../cache/prepare.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import type { Finding } from './audit-finding.ts'
import { type AuditedSlot, type Auditor, createAuditor, isProcess } from './auditor.ts'
import type { AppendEntry, Head, ScheduleStore, SlotAssignment } from './schedule-store.ts'

/** What a file holds. */
export interface ImportedSchedule {
  readonly processId: string
  /** The process message, if the file has it outside of the schedule. */
  readonly process?: Message
  readonly assignments: AsyncIterable<SlotAssignment>
}

export interface ImportDeps {
  readonly store: ScheduleStore
  /** Messages of the same store. */
  readonly cache: MessageCache
}

export interface ImportOptions {
  /** Called for each slot that is durable now, or was before. */
  readonly onSlot?: (slot: number) => void
  /** Warnings and notes; an error ends the import. */
  readonly onFinding?: (finding: Finding) => void
}

export interface ImportResult {
  /** Slots that were written. */
  readonly written: number
  /** Slots that were there before. */
  readonly present: number
  /** The newest slot of the schedule now, -1 for none. */
  readonly current: number
  /** First and last slot of the file; `undefined` for a file without slots. */
  readonly range: SlotRange | undefined
}

export interface SlotRange {
  readonly first: number
  readonly last: number
}

const BATCH_SLOTS = 128

/**
 * @throws AoError `store-conflict` for another assignment than the one that is there at its slot,
 * `invalid-message` for what does not pass the audit, `not-found` for slots that are missing. What
 * was good before that slot is kept.
 */
export async function importSchedule(
  deps: ImportDeps,
  schedule: ImportedSchedule,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const { store } = deps
  const { processId } = schedule
  const head = await store.head(processId)
  const process = await knownProcess(deps, schedule)
  const auditor = await createAuditor({
    processId,
    ...(process === undefined ? {} : { process }),
    ...(head === undefined ? {} : { after: head }),
  })
  const run = new ScheduleImport({ store, processId, auditor, options })
  try {
    for await (const assignment of schedule.assignments) await run.add(assignment)
  } finally {
    // Also when the file is broken: what came before that is good.
    await run.flush()
  }
  const { written, present, range } = run
  return { written, present, range, current: auditor.state.slot }
}

/** The process, kept from the file where the store does not have it. */
async function knownProcess(
  { store, cache }: ImportDeps,
  { processId, process }: ImportedSchedule,
): Promise<Message | undefined> {
  const stored = await store.readCommitted(processId)
  if (stored !== undefined) return store.loadAll(stored)
  if (process === undefined) return undefined
  if (!(await isProcess(process, processId))) {
    const reason = `Expected the file to hold the process ${processId}, found another message`
    throw new AoError('invalid-message', reason)
  }
  await cache.write(process)
  return process
}

interface ImportParts {
  readonly store: ScheduleStore
  readonly processId: string
  readonly auditor: Auditor
  readonly options: ImportOptions
}

class ScheduleImport {
  readonly #parts: ImportParts
  /** The newest slot that was there before. */
  readonly #head: number
  #batch: SlotAssignment[] = []
  present = 0
  written = 0
  range: SlotRange | undefined

  constructor(parts: ImportParts) {
    this.#parts = parts
    this.#head = parts.auditor.state.slot
  }

  async add(assignment: SlotAssignment): Promise<void> {
    const { store, processId, options } = this.#parts
    const { slot } = assignment
    const expected = this.#expected(slot)
    if (slot !== expected) throw missing(expected, slot)
    this.range = { first: this.range?.first ?? slot, last: slot }
    if (slot <= this.#head) {
      await assertSame(store, processId, assignment)
      this.present++
      options.onSlot?.(slot)
      return
    }
    this.#batch.push(assignment)
    if (this.#batch.length === BATCH_SLOTS) await this.flush()
  }

  /** After the one before; a file may begin with any slot that the store has, or with its next one. */
  #expected(slot: number): number {
    if (this.range !== undefined) return this.range.last + 1
    return Math.min(slot, this.#head + 1)
  }

  async flush(): Promise<void> {
    const slots = this.#batch
    this.#batch = []
    if (slots.length > 0) await this.#write(await this.#parts.auditor.check(slots))
  }

  /** Writes up to the first slot with an error. @throws AoError `invalid-message` for that one. */
  async #write(slots: readonly AuditedSlot[]): Promise<void> {
    const { store, processId, options } = this.#parts
    const faulty = slots.findIndex(({ findings }) => findings.some(isError))
    const good = faulty < 0 ? slots : slots.slice(0, faulty)
    for (const { findings } of good) for (const found of findings) options.onFinding?.(found)
    await store.append(processId, good.map(entryOf))
    this.written += good.length
    for (const { slot } of good) options.onSlot?.(slot)
    const error = slots[faulty]?.findings.find(isError)
    if (error === undefined) return
    throw new AoError(
      'invalid-message',
      `Slot ${error.slot} does not pass the audit and was not imported: ${error.message}`,
      { code: error.code },
    )
  }
}

function isError({ severity }: Finding): boolean {
  return severity === 'error'
}

function entryOf({ assignment, messageId: id = '', state }: AuditedSlot): AppendEntry {
  const { slot, timestamp, hashChain, baseHashpath } = state
  const head: Head = { slot, timestamp, hashChain, baseHashpath }
  return { head, assignment: prepareMessage(assignment), messageId: id }
}

async function assertSame(
  store: ScheduleStore,
  processId: string,
  { slot, message }: SlotAssignment,
): Promise<void> {
  const there = await store.assignment(processId, slot)
  const [own, other] = [there, message].map((found) => found && messageId(found, 'all'))
  if (own === other) return
  throw new AoError(
    'store-conflict',
    `Slot ${slot} has assignment ${own} in the store and ${other} in the file; one of them is of ` +
      'another history of the process, and only one can be kept',
  )
}

function missing(expected: number, found: number): AoError {
  const reason = `Expected slot ${expected} next in the file, found slot ${found}`
  return new AoError('not-found', `${reason}; import a file that has the slots between first`)
}
