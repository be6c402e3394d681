/** GET `schedule` and `slot`, and `status`: what readers ask of a schedule. */

import { setImmediate } from 'node:timers/promises'
import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { isBinary, isInteger, Link, type Value } from '../message/value.ts'
import { ARCHIVE_SLOTS, formatArchive } from './archive-page.ts'
import type { PageForms } from './assignment-forms.ts'
import { defaultAddress, type SchedulerContext, type SlotRange } from './context.ts'
import { formatAos2Edge, formatAos2Page, formatPage, parsePage } from './formats.ts'
import { handOn } from './hand-on.ts'
import { type Located, locateScheduler, parseSchedulers } from './locate.ts'
import { locateDeps } from './post-schedule.ts'
import { findProcess } from './process-id.ts'
import { ok, type Reply } from './reply.ts'
import type { SlotLink } from './schedule-store.ts'

/** Processes that one `status` lists; more are paged with `from`. */
const STATUS_LIMIT = 10_000
/** Slots whose form is made without a pause. */
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
      const page = parsePage(outcome.message)
      const edges = page.assignments.map(({ slot, message }) => formatAos2Edge(slot, message))
      return { ...outcome, message: formatAos2Page(page, edges) }
    })
  }
  if (textOf(request, 'archive') === 'true') {
    return ok(await archivePage(context, located.processId, range))
  }
  const { page, slots, forms } = await readPage(context, located.processId, range)
  if (isAos2) return ok(formatAos2Page(page, await edgesOf(slots, forms)))
  const links = slots.map(({ slot, id }) => [String(slot), new Link(id)] as const)
  return ok(formatPage(page, new Message<Value>(links).withPrivate({ inlineForms: forms })))
}

async function archivePage(
  { store, options }: SchedulerContext,
  processId: string,
  { from, to = from + ARCHIVE_SLOTS }: SlotRange,
): Promise<Message> {
  const limit = Math.min(Math.max(to - from + 1, 0), options.pageLimit + 1, ARCHIVE_SLOTS)
  const range = { from, limit, limitBytes: options.pageLimitBytes }
  return formatArchive(await store.assignments(processId, range))
}

/** Made a few at a time, so that others are served meanwhile. */
async function edgesOf(slots: readonly SlotLink[], forms: PageForms): Promise<Uint8Array[]> {
  const edges: Uint8Array[] = []
  while (edges.length < slots.length) {
    if (edges.length > 0) await setImmediate()
    edges.push(...(await forms.edges(slots.slice(edges.length, edges.length + PART_SLOTS))))
  }
  return edges
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
  const current = currentSlot(context, processId)
  const slot = typeof current === 'number' ? current : await current
  const block = context.blockClock.current()
  return ok(
    new Message<Value>([
      ['process', processId],
      ['current', slot],
      ['timestamp', block.timestamp],
      ['block-height', block.height],
      ['block-hash', block.hash],
      ['cache-control', 'no-store'],
      ['addresses', signingAddresses(context, process)],
    ]),
  )
}

/** The newest durable slot of a process, -1 before the first. */
export function currentSlot(
  context: SchedulerContext,
  processId: string,
): number | Promise<number> {
  const open = context.registry.find(processId)
  return open ? open.current() : context.store.head(processId).then((head) => head?.slot ?? -1)
}

/** Addresses of this node that sign a process's schedule, in the order the process names them. */
export function signingAddresses(context: SchedulerContext, process: Message): string[] {
  const named = parseSchedulers(process.get('scheduler') ?? process.get('scheduler-location'))
  const addresses = new Set(named.map(({ address }) => address))
  return [...addresses].filter((address) => context.wallets.has(address))
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

function locate(context: SchedulerContext, base: Message, request: Message): Promise<Located> {
  return findProcess(context.store, base, request).then((reference) =>
    locateScheduler(locateDeps(context), reference),
  )
}

async function readPage(context: SchedulerContext, processId: string, range: SlotRange) {
  const { store, options, assignmentForms } = context
  const current = await currentSlot(context, processId)
  const wanted = Math.min(range.to ?? current, current)
  const to = Math.min(wanted, range.from + options.pageLimit)
  const limit = Math.max(to - range.from + 1, 0)
  const links = await store.slots(processId, { from: range.from, limit })
  // A page of huge messages ends early, and `continues` says so.
  const { slots, forms } = await assignmentForms.page(links, options.pageLimitBytes)
  const last = slots.at(-1)?.slot
  const continues = last !== undefined && last < wanted
  return { page: { processId, continues, block: context.blockClock.current() }, slots, forms }
}

/** `from` and `to` of a request, typed or as text. A negative `from` means the first slot. */
function rangeOf(request: Message): SlotRange {
  const from = slotOf(request, 'from') ?? 0
  const to = slotOf(request, 'to')
  return { from: Math.max(from, 0), ...(to === undefined ? {} : { to }) }
}

/**
 * The slot under a key. What no slot can be is as good as the largest number that is safe.
 * @throws AoError `invalid-request` for anything but an integer.
 */
export function slotOf(message: Message, key: string): number | undefined {
  const value = message.get(key)
  if (value === undefined) return undefined
  if (isInteger(value)) return safeNumber(value)
  const text = isBinary(value) ? toText(value) : undefined
  if (text !== undefined && /^-?\d{1,32}$/.test(text)) return safeNumber(text)
  throw new AoError('invalid-request', `Expected a whole number as ${key}`, { key })
}

function safeNumber(integer: number | bigint | string): number {
  const { MAX_SAFE_INTEGER } = Number
  return Math.min(Math.max(Number(integer), -MAX_SAFE_INTEGER), MAX_SAFE_INTEGER)
}
