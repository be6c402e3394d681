/** GET `schedule` and `slot`, and `status`: what readers ask of a schedule. */

import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { isBinary, isInteger, type Value } from '../message/value.ts'
import { defaultAddress, type SchedulerContext, type SlotRange } from './context.ts'
import { dataBytes } from './data-bytes.ts'
import { formatAos2Page, formatPage, type PageAssignment, parsePage } from './formats.ts'
import { handOn } from './hand-on.ts'
import { type Located, locateScheduler, parseSchedulers } from './locate.ts'
import { locateDeps } from './post-schedule.ts'
import { findProcess, textOf } from './process-id.ts'
import { ok, type Reply } from './reply.ts'

/** Processes that one `status` lists; more are paged with `from`. */
const STATUS_LIMIT = 10_000
/** Slots that are read from the store at once. */
const PART_SLOTS = 64
export async function getSchedule(
  context: SchedulerContext,
  base: Message,
  request: Message,
): Promise<Reply> {
  const located = await locate(context, base, request)
  const range = rangeOf(request)
  const isAos2 = textOf(request, 'accept') === 'application/aos-2'
  if (located.kind !== 'local') {
    return handOn(context, { located, request }, async (target) => {
      const outcome = await context.remote.schedule(target, range)
      if (!isAos2 || outcome.kind === 'refused') return outcome
      return { ...outcome, message: formatAos2Page(parsePage(outcome.message)) }
    })
  }
  const page = await readPage(context, located.processId, range)
  return ok(isAos2 ? formatAos2Page(page) : formatPage(page))
}

export async function getSlot(
  context: SchedulerContext,
  base: Message,
  request: Message,
): Promise<Reply> {
  const located = await locate(context, base, request)
  if (located.kind !== 'local') {
    return handOn(context, { located, request }, (target) => context.remote.slot(target))
  }
  const { processId, process } = located
  const block = context.blockClock.current()
  return ok(
    new Message<Value>([
      ['process', processId],
      ['current', await currentSlot(context, processId)],
      ['timestamp', block.timestamp],
      ['block-height', block.height],
      ['block-hash', block.hash],
      ['cache-control', 'no-store'],
      ['addresses', signingAddresses(context, process)],
    ]),
  )
}

/** The newest durable slot of a process, -1 before the first. */
export async function currentSlot(context: SchedulerContext, processId: string): Promise<number> {
  const open = context.registry.find(processId)
  return open ? open.current() : ((await context.store.head(processId))?.slot ?? -1)
}

/** Addresses of this node that sign a process's schedule, in the order the process names them. */
export function signingAddresses(context: SchedulerContext, process: Message): string[] {
  const named = parseSchedulers(process.get('scheduler') ?? process.get('scheduler-location'))
  return named.map(({ address }) => address).filter((address) => context.wallets.has(address))
}

export async function getStatus(context: SchedulerContext, request: Message): Promise<Reply> {
  const from = textOf(request, 'from')
  const processes = await context.store.processes({
    limit: STATUS_LIMIT,
    ...(from === undefined ? {} : { from }),
  })
  return ok(
    new Message<Value>([
      ['address', defaultAddress(context)],
      ['processes', processes],
      ['cache-control', 'no-store'],
    ]),
  )
}

async function locate(
  context: SchedulerContext,
  base: Message,
  request: Message,
): Promise<Located> {
  const reference = await findProcess(context.store, base, request)
  return locateScheduler(locateDeps(context), reference)
}

async function readPage(context: SchedulerContext, processId: string, range: SlotRange) {
  const current = await currentSlot(context, processId)
  const wanted = Math.min(range.to ?? current, current)
  const to = Math.min(wanted, range.from + context.options.pageLimit)
  const assignments = await readSlots(context, processId, { from: range.from, to })
  const last = assignments.at(-1)?.slot
  return {
    processId,
    continues: last !== undefined && last < wanted,
    block: context.blockClock.current(),
    assignments,
  }
}

/** Slots of a page, read in parts; a page of huge messages ends early, and `continues` says so. */
async function readSlots(
  { store, options }: SchedulerContext,
  processId: string,
  { from, to }: Required<SlotRange>,
): Promise<PageAssignment[]> {
  const assignments: PageAssignment[] = []
  let left = options.pageLimitBytes
  for (let next = from; next <= to && left > 0; next = from + assignments.length) {
    const limit = Math.min(PART_SLOTS, to - next + 1)
    const part = await store.assignments(processId, { from: next, limit, limitBytes: left })
    assignments.push(...part)
    for (const { message } of part) left -= dataBytes(message)
    if (part.length < limit) break
  }
  return assignments
}

/** `from` and `to` of a request, typed or as text. A negative `from` means the first slot. */
function rangeOf(request: Message): SlotRange {
  const from = slotOf(request, 'from') ?? 0
  const to = slotOf(request, 'to')
  return { from: Math.max(from, 0), ...(to === undefined ? {} : { to }) }
}

/** The slot under a key. @throws AoError `invalid-request` for anything but an integer. */
export function slotOf(message: Message, key: string): number | undefined {
  const value = message.get(key)
  if (value === undefined) return undefined
  if (isInteger(value)) return Number(value)
  const text = isBinary(value) ? toText(value) : undefined
  if (text !== undefined && /^-?\d{1,15}$/.test(text)) return Number(text)
  throw new AoError('invalid-request', `Expected a whole number as ${key}`, { key })
}
