/**
 * Who schedules a process: this node, if the process names one of its addresses, or another node,
 * found by a hint or by its scheduler location.
 */
import { toText } from '../base/bytes.ts'
import { isAoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { isBinary, isList, type Value } from '../message/value.ts'
import type { LocationTable } from './location.ts'
import type { ProcessReference } from './process-id.ts'

export type Located =
  | { readonly kind: 'local'; readonly processId: string; readonly process: Message }
  | {
      readonly kind: 'remote'
      readonly processId: string
      readonly redirect: Redirect
      /** Addresses that may sign for the process; none when the process is not known here. */
      readonly schedulers: readonly string[]
    }
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
  readonly identities: { has(address: string): boolean }
  readonly locations: LocationTable
  readonly followHints: boolean
}

/**
 * Finds the scheduler of a process. `posted` is the message that is to be scheduled, if any. A hint
 * does not count for a process that this node schedules itself: it may have led here.
 * @throws AoError `remote-failed` when the gateway does not say where the scheduler is.
 */
export async function locateScheduler(
  deps: LocateDeps,
  reference: ProcessReference,
  posted?: Message,
): Promise<Located> {
  const { id, hint } = reference
  const process = reference.message ?? (await deps.readProcess(id))
  const schedulers = process === undefined ? [] : schedulersOf(process, posted)
  if (process !== undefined && schedulers.some(({ address }) => deps.identities.has(address))) {
    return { kind: 'local', processId: id, process }
  }
  const redirect =
    hint !== undefined && deps.followHints
      ? { url: hint, variant: 'ao.N.1' }
      : await findRedirect(deps, schedulers)
  if (redirect !== undefined) {
    const addresses = schedulers.map(({ address }) => address)
    return { kind: 'remote', processId: id, redirect, schedulers: addresses }
  }
  if (process === undefined) return { kind: 'unknown-process', processId: id }
  return { kind: schedulers.length === 0 ? 'no-scheduler' : 'unknown-scheduler' }
}

/** A process names one or a few schedulers; each that is not known may cost a request to the gateway. */
const MAX_SCHEDULERS = 16

/**
 * From the last to the first, as the reference searches. A gateway that fails for one does not keep
 * another from being found.
 */
async function findRedirect(
  deps: LocateDeps,
  schedulers: readonly NamedScheduler[],
): Promise<Redirect | undefined> {
  let failure: unknown
  for (const { address, hint } of schedulers.slice(-MAX_SCHEDULERS).toReversed()) {
    if (hint !== undefined && deps.followHints) return { url: hint, variant: 'ao.N.1' }
    try {
      const location = await deps.locations.find(address)
      if (location !== undefined) return redirectTo(location)
    } catch (error) {
      if (!isAoError(error, 'remote-failed')) throw error
      failure = error
    }
  }
  if (failure !== undefined) throw failure
  return undefined
}

function redirectTo(location: Message): Redirect {
  return {
    url: textOf(location, 'url') ?? textOf(location, 'location') ?? '/',
    variant: textOf(location, 'variant') ?? 'ao.N.1',
  }
}

/** `scheduler`, else `scheduler-location`, of the process; for a POST also of the message. */
function schedulersOf(process: Message, posted: Message | undefined): NamedScheduler[] {
  const value =
    process.get('scheduler') ??
    process.get('scheduler-location') ??
    posted?.get('scheduler-location')
  return parseSchedulers(value)
}

/** A scheduler as a process names it: its address, and maybe where it is, `ADDRESS?hint=URL`. */
export interface NamedScheduler {
  readonly address: string
  readonly hint?: string
}

/** How nearly every process names its scheduler. */
const BARE_ADDRESS = /^[A-Za-z0-9_-]+$/

/** Schedulers in a text with commas, quotes left out, or in a list. */
export function parseSchedulers(value: Value | undefined): NamedScheduler[] {
  if (isList(value)) return value.flatMap(parseSchedulers)
  if (value instanceof Message) return [...value].flatMap(([, item]) => parseSchedulers(item))
  const text = isBinary(value) ? (toText(value) ?? '') : ''
  if (BARE_ADDRESS.test(text)) return [{ address: text }]
  return text
    .split(',')
    .map((part) => part.replaceAll('"', '').trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [address = '', hint] = part.split('?hint=')
      return hint === undefined ? { address } : { address, hint }
    })
}
