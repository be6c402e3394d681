/**
 * The audit of a whole schedule, from the first slot to the head: what `ao-scheduler verify` runs,
 * and what every test of durability ends with. It reads page by page and remembers nothing of the
 * slots behind it, so that millions of them take no more memory than a few.
 */
import { AoError } from '../base/errors.ts'
import type { AuditState } from './audit-chain.ts'
import { type Finding, finding } from './audit-finding.ts'
import { auditReads } from './audit-reads.ts'
import type { ScheduleSource, SourceHead } from './audit-source.ts'
import { type AuditedSlot, type Auditor, createAuditor } from './auditor.ts'
import { createRecentMessages } from './recent-messages.ts'
import type { SlotAssignment } from './schedule-store.ts'

export interface AuditOptions {
  /** Goes on from where an audit before ended. Default: from the first slot. */
  readonly after?: AuditState
  /** Every how many slots all ways of reading are compared; 0 for none. Default 1: every slot. */
  readonly readEvery?: number
  /** Called for each slot that was audited, in order. */
  readonly onSlot?: (slot: AuditedSlot, head: SourceHead) => void
}

/** Slots that are read and verified together. */
const PAGE_SLOTS = 64

/**
 * Audits the schedule of a process up to the head it has now. Findings come as they are made; a
 * sound schedule gives none but notes.
 * @throws AoError when the source cannot be read at all.
 */
export async function* auditSchedule(
  source: ScheduleSource,
  processId: string,
  options: AuditOptions = {},
): AsyncGenerator<Finding> {
  const head = await source.head(processId)
  if (head === undefined) {
    yield finding('head-wrong', undefined, 'Expected a schedule of this process, found none')
    return
  }
  const process = await readOptional(() => source.process(processId))
  const { after } = options
  const auditor = await createAuditor({
    processId,
    ...(process === undefined ? {} : { process }),
    ...(after === undefined ? {} : { after }),
  })
  const audit = new ScheduleAudit({ source, processId, head, auditor, options })
  yield* audit.slots()
  yield* audit.end()
}

interface AuditParts {
  readonly source: ScheduleSource
  readonly processId: string
  readonly head: SourceHead
  readonly auditor: Auditor
  readonly options: AuditOptions
}

class ScheduleAudit {
  readonly #parts: AuditParts
  readonly #recent = createRecentMessages()
  #isSound = true

  constructor(parts: AuditParts) {
    this.#parts = parts
  }

  async *slots(): AsyncGenerator<Finding> {
    const { head, auditor } = this.#parts
    for (let from = auditor.state.slot + 1; from <= head.slot; from = auditor.state.slot + 1) {
      const page = await this.#page(from)
      const findings = page.length === 0 ? this.#skip(from) : this.#check(page)
      for await (const found of findings) {
        this.#isSound &&= found.severity !== 'error'
        yield found
      }
    }
  }

  /**
   * The head must say what the last assignment does, if that can be told, and nothing may lie
   * behind it.
   */
  async *end(): AsyncGenerator<Finding> {
    const { source, processId, head, auditor } = this.#parts
    const { state } = auditor
    for (const key of ['timestamp', 'hashChain', 'baseHashpath'] as const) {
      if (!this.#isSound || head[key] === undefined || head[key] === state[key]) continue
      const reason = `Expected ${key} ${state[key]} in the head, found ${head[key]}`
      yield finding('head-wrong', head.slot, reason)
    }
    const next = await source.nextSlot(processId, head.slot + 1)
    const now = next === undefined ? undefined : await source.head(processId)
    // A node that is at work has gone on meanwhile.
    if (next === undefined || (now?.slot ?? -1) >= next) return
    yield finding('head-wrong', next, `The head is at slot ${head.slot}, but this slot is there`)
  }

  async *#check(page: readonly SlotAssignment[]): AsyncGenerator<Finding> {
    const { auditor, options, head, source, processId } = this.#parts
    const { readEvery = 1 } = options
    for (const audited of await auditor.check(page)) {
      yield* audited.findings
      if (readEvery > 0 && audited.slot % readEvery === 0) {
        yield* await auditReads(source, processId, audited)
      }
      yield* this.#repeated(audited)
      options.onSlot?.(audited, head)
    }
  }

  /** Without an index, only what is not too far apart. */
  #repeated({ slot, messageId }: AuditedSlot): Finding[] {
    if (this.#parts.source.assignmentOf !== undefined || messageId === undefined) return []
    const before = this.#recent.add(messageId, slot)
    if (before === undefined) return []
    return [finding('message-repeated', slot, `The message is there before at slot ${before}`)]
  }

  /** Slots from one on; where one of them cannot be read, those before it. */
  async #page(from: number): Promise<SlotAssignment[]> {
    const { source, processId, head } = this.#parts
    const limit = Math.min(PAGE_SLOTS, head.slot - from + 1)
    const page = await readOptional(() => source.assignments(processId, { from, limit }))
    return page ?? this.#singly(from, limit)
  }

  async #singly(from: number, limit: number): Promise<SlotAssignment[]> {
    const found: SlotAssignment[] = []
    for (let slot = from; slot < from + limit; slot++) {
      const [one] = (await readOptional(() => this.#one(slot))) ?? []
      if (one === undefined) break
      found.push(one)
    }
    return found
  }

  #one(slot: number): Promise<SlotAssignment[]> {
    const { source, processId } = this.#parts
    return source.assignments(processId, { from: slot, limit: 1 })
  }

  /** Nothing came for a slot: it is missing, with all up to the next one there is, or unreadable. */
  async *#skip(slot: number): AsyncGenerator<Finding> {
    const { source, processId, auditor, head } = this.#parts
    const reason = await whyUnreadable(() => this.#one(slot))
    const next = reason === undefined ? await source.nextSlot(processId, slot) : slot
    if (next === slot) {
      auditor.skipTo(slot + 1)
      yield finding('slot-unreadable', slot, reason ?? 'The slot leads to no assignment')
      return
    }
    const until = Math.min(next ?? head.slot + 1, head.slot + 1)
    auditor.skipTo(until)
    const what = until - 1 > slot ? `slots ${slot} to ${until - 1}` : 'this slot'
    yield finding('slots-missing', slot, `Expected an assignment for ${what}, found none`)
  }
}

/** What a read gives, `undefined` where it fails in a way that others may not. */
async function readOptional<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    assertReadable(error)
    return undefined
  }
}

async function whyUnreadable(read: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await read()
    return undefined
  } catch (error) {
    assertReadable(error)
    return error instanceof Error ? error.message : String(error)
  }
}

/** @throws what says that no read can succeed any more. */
function assertReadable(error: unknown): void {
  if (!(error instanceof AoError)) throw error
  if (error.code === 'store-closed') throw error
  if (error.code === 'remote-failed' && error.context.status === undefined) throw error
}
