/** Writes a schedule out, as JSON lines or as an ANS-104 bundle, holding one page at a time. */
import { AoError } from '../base/errors.ts'
import {
  BUNDLE_HEADER_BYTES,
  encodeBundleHeader,
  encodeBundleNumber,
} from '../codec/ans104/bundle.ts'
import { ITEMS_PER_SLOT, itemsOfSlot } from './archive-bundle.ts'
import { formatHeaderLine, formatSlotLine } from './archive-line.ts'
import type { ScheduleSource } from './audit-source.ts'
import { isProcess } from './auditor.ts'
import type { SlotAssignment } from './schedule-store.ts'

export interface ExportOptions {
  readonly processId: string
  /** First slot, inclusive. Default 0. */
  readonly from?: number
  /** Last slot, inclusive. Default: the newest. */
  readonly to?: number
  /** JSON lines go on after this slot: header and slots up to it were written before. */
  readonly after?: number
  /** Takes what comes next of the file; resolves when more may come. */
  readonly write: (chunk: string | Uint8Array) => Promise<void>
  /** Called for each slot that was written. */
  readonly onSlot?: (slot: number, last: number) => void
}

interface Range {
  readonly from: number
  readonly to: number
}

const PAGE_SLOTS = 64

/**
 * A header line and a line for each slot; gives the number of slots.
 * @throws AoError `not-found` for a process without a schedule and for a missing slot.
 */
export async function exportLines(source: ScheduleSource, options: ExportOptions): Promise<number> {
  const { processId, write, onSlot, after } = options
  const range = await rangeOf(source, options)
  if (after === undefined) {
    const process = await source.process(processId)
    // A node may send too little of it to prove it; it is in slot 0 all the same.
    const isProved = process !== undefined && (await isProcess(process, processId))
    const known = isProved ? { process } : {}
    await write(`${await formatHeaderLine({ processId, ...range, ...known })}\n`)
  }
  const from = after === undefined ? range.from : after + 1
  for await (const assignment of walk(source, processId, { ...range, from })) {
    await write(`${await formatSlotLine(assignment)}\n`)
    onSlot?.(assignment.slot, range.to)
  }
  return range.to - range.from + 1
}

/**
 * A bundle; gives the number of slots. The schedule is read twice: a bundle begins with the lengths
 * and ids of all its items.
 * @throws AoError `unencodable` when a message or assignment is no data item, `not-found`.
 */
export async function exportBundle(
  source: ScheduleSource,
  options: ExportOptions,
): Promise<number> {
  const { processId, write, onSlot } = options
  const range = await rangeOf(source, options)
  const slots = range.to - range.from + 1
  await write(encodeBundleNumber(slots * ITEMS_PER_SLOT))
  for await (const assignment of walk(source, processId, range)) {
    const headers = (await itemsOfSlot(assignment)).map(encodeBundleHeader)
    await write(Buffer.concat(headers, ITEMS_PER_SLOT * BUNDLE_HEADER_BYTES))
  }
  for await (const assignment of walk(source, processId, range)) {
    for (const { item } of await itemsOfSlot(assignment)) await write(item)
    onSlot?.(assignment.slot, range.to)
  }
  return slots
}

async function rangeOf(
  source: ScheduleSource,
  { processId, from = 0, to }: ExportOptions,
): Promise<Range> {
  const head = await source.head(processId)
  if (head === undefined) {
    throw new AoError('not-found', `Expected a schedule of process ${processId}, found none`)
  }
  const last = Math.min(to ?? head.slot, head.slot)
  if (from <= last) return { from, to: last }
  const reason = `Expected slots up to ${head.slot}, the newest, asked for ${from} to ${to ?? 'it'}`
  throw new AoError('not-found', reason)
}

async function* walk(
  source: ScheduleSource,
  processId: string,
  { from, to }: Range,
): AsyncGenerator<SlotAssignment> {
  for (let next = from; next <= to; ) {
    const limit = Math.min(PAGE_SLOTS, to - next + 1)
    const page = await source.assignments(processId, { from: next, limit })
    if (page.length === 0) {
      const reason = `Slot ${next} of process ${processId} is missing; verify tells more`
      throw new AoError('not-found', reason)
    }
    yield* page
    next += page.length
  }
}
