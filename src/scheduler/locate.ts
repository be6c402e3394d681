/**
 * Who schedules a process: this node, if the process names one of its addresses, or another node,
 * found by a hint or by its scheduler location.
 */
import { toText } from '../base/bytes.ts'
import { Message } from '../message/message.ts'
import { isBinary, isList, type Value } from '../message/value.ts'
import type { LocationTable } from './location.ts'
import { type ProcessReference, textOf } from './process-id.ts'

export type Located =
  | { readonly kind: 'local'; readonly processId: string; readonly process: Message }
  | { readonly kind: 'remote'; readonly processId: string; readonly redirect: Redirect }
  /** The process is neither stored here nor part of the request. */
  | { readonly kind: 'unknown-process'; readonly processId: string }
  | { readonly kind: 'no-scheduler' }
  /** A scheduler is named, but nobody knows where it is. */
  | { readonly kind: 'unknown-scheduler' }

export interface Redirect {
  readonly url: string
  /** `ao.N.1`, or `ao.TN.1` for a legacynet scheduler unit. */
  readonly variant: string
}

export interface LocateDeps {
  readonly readProcess: (id: string) => Promise<Message | undefined>
  /** Addresses of the node's wallets. */
  readonly identities: ReadonlySet<string>
  readonly locations: LocationTable
  readonly followHints: boolean
}

/** Finds the scheduler of a process. `posted` is the message that is to be scheduled, if any. */
export async function locateScheduler(
  deps: LocateDeps,
  reference: ProcessReference,
  posted?: Message,
): Promise<Located> {
  const { id, hint } = reference
  if (hint !== undefined && deps.followHints) {
    return { kind: 'remote', processId: id, redirect: { url: hint, variant: 'ao.N.1' } }
  }
  const process = reference.message ?? (await deps.readProcess(id))
  if (process === undefined) return { kind: 'unknown-process', processId: id }
  const schedulers = schedulersOf(process, posted)
  if (schedulers.length === 0) return { kind: 'no-scheduler' }
  if (schedulers.some((scheduler) => deps.identities.has(scheduler))) {
    return { kind: 'local', processId: id, process }
  }
  return locateRemote(deps, id, schedulers)
}

/** From the last to the first, as the reference searches. */
async function locateRemote(
  deps: LocateDeps,
  processId: string,
  schedulers: readonly string[],
): Promise<Located> {
  for (const scheduler of schedulers.toReversed()) {
    const [address = '', hint] = scheduler.split('?hint=')
    if (hint !== undefined && deps.followHints) {
      return { kind: 'remote', processId, redirect: { url: hint, variant: 'ao.N.1' } }
    }
    const location = await deps.locations.find(address)
    if (location === undefined) continue
    const url = textOf(location, 'url') ?? textOf(location, 'location') ?? '/'
    const variant = textOf(location, 'variant') ?? 'ao.N.1'
    return { kind: 'remote', processId, redirect: { url, variant } }
  }
  return { kind: 'unknown-scheduler' }
}

/** `scheduler`, else `scheduler-location`, of the process; for a POST also of the message. */
function schedulersOf(process: Message, posted: Message | undefined): string[] {
  const value =
    process.get('scheduler') ??
    process.get('scheduler-location') ??
    posted?.get('scheduler-location')
  return parseSchedulers(value)
}

/** Addresses in a text with commas, quotes left out, or in a list. */
export function parseSchedulers(value: Value | undefined): string[] {
  if (isList(value)) return value.flatMap(parseSchedulers)
  if (value instanceof Message) return [...value].flatMap(([, item]) => parseSchedulers(item))
  const text = isBinary(value) ? (toText(value) ?? '') : ''
  return text
    .split(',')
    .map((part) => part.replaceAll('"', '').trim())
    .filter((part) => part !== '')
}
