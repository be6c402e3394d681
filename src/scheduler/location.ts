/**
 * Scheduler locations: signed records that say at which URL a scheduler address can be reached. One
 * table serves `~scheduler@1.0/location` and `~location@1.0`. Only verified records are kept, the
 * newest nonce of each signer wins, and a record past its time to live is looked up again.
 */
import type { Clock } from '../base/clock.ts'
import type { MessageReader } from '../cache/cache.ts'
import { prepareMessage } from '../cache/prepare.ts'
import { verifyMessage } from '../codec/verify.ts'
import { signersOf } from '../message/commitment.ts'
import type { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { isBinary, isInteger } from '../message/value.ts'
import type { Store } from '../store/store.ts'

const LOCATIONS = '~location@1.0'
/** Of a record that does not say how long it is valid. */
const DEFAULT_TTL_MS = 604_800_000

export interface LocationTable {
  /** The newest record of an address: stored, or else asked of the gateway. */
  find(address: string): Promise<Message | undefined>
  /** The newest stored record of an address, within its time to live. */
  fresh(address: string): Promise<Message | undefined>
  /** The newest stored record of an address, even past its time to live. */
  stored(address: string): Promise<Message | undefined>
  /** Keeps a record for each of its signers whose known nonce is lower. */
  put(record: Message): Promise<PutResult>
  /** Addresses with a stored record, ordered. */
  addresses(options?: { readonly from?: string; readonly limit?: number }): Promise<string[]>
}

export type PutResult =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly reason: string; readonly existingNonce?: number }

export interface LocationDeps {
  readonly store: Store
  readonly reader: MessageReader
  readonly clock: Clock
  /** Asks the gateway for the newest record of an address. */
  readonly lookUp?: (address: string) => Promise<Message | undefined>
}

export function createLocationTable(deps: LocationDeps): LocationTable {
  const { store, reader, clock } = deps
  const entryOf = async (address: string): Promise<StoredLocation | undefined> => {
    const entry = isAddress(address) ? await store.get(`${LOCATIONS}/${address}`) : undefined
    return entry && (JSON.parse(Buffer.from(entry).toString('utf8')) as StoredLocation)
  }
  const stored = async (address: string): Promise<Message | undefined> => {
    const entry = await entryOf(address)
    return entry && reader.readCommitted(entry.id)
  }
  const fresh = async (address: string): Promise<Message | undefined> => {
    const entry = await entryOf(address)
    const record = entry && (await reader.readCommitted(entry.id))
    if (record === undefined || entry === undefined) return undefined
    const ttlMs = integerOf(record, 'time-to-live') ?? DEFAULT_TTL_MS
    return clock.now() < entry.storedAt + ttlMs ? record : undefined
  }
  const put = async (record: Message): Promise<PutResult> => {
    const refusal = await refusalOf(record)
    if (refusal !== undefined) return { kind: 'refused', reason: refusal }
    const nonce = integerOf(record, 'nonce') ?? 0
    const known = await Promise.all(signersOf(record).map(stored))
    const nonces = known.map((location) => (location && integerOf(location, 'nonce')) ?? -1)
    const signers = signersOf(record).filter((_, index) => nonce > (nonces[index] ?? -1))
    if (signers.length === 0) {
      const reason = 'Known nonce(s) higher than requested nonce.'
      return { kind: 'refused', reason, existingNonce: Math.max(...nonces) }
    }
    await store.commit(putWrites(record, signers, clock.now()))
    return { kind: 'stored' }
  }
  return {
    stored,
    fresh,
    put,
    find: async (address) =>
      (await fresh(address)) ?? (isAddress(address) ? deps.lookUp?.(address) : undefined),
    addresses: (options) => store.list(LOCATIONS, options),
  }
}

function isAddress(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text)
}

interface StoredLocation {
  readonly id: string
  /** Milliseconds since the Unix epoch. */
  readonly storedAt: number
}

function putWrites(record: Message, signers: readonly string[], storedAt: number) {
  const prepared = prepareMessage(record)
  const entry: StoredLocation = { id: prepared.id, storedAt }
  const value = Buffer.from(JSON.stringify(entry))
  const entries = signers.map(
    (signer) => ({ kind: 'value', path: `${LOCATIONS}/${signer}`, value }) as const,
  )
  return [...prepared.writes, ...entries]
}

/** Why a record may not be kept. A record without a type is taken as one of a scheduler. */
async function refusalOf(record: Message): Promise<string | undefined> {
  const type = textOf(record, 'type')?.toLowerCase()
  if (signersOf(record).length === 0 || !(await verifyMessage(record)).valid) {
    return 'Invalid location record signature.'
  }
  // A reply of a node has a status: clients choose much of what is in it, and it is no record.
  const isReply = record.has('status')
  if (isReply || (type !== undefined && type !== 'scheduler-location' && type !== 'location')) {
    return 'Invalid location record type.'
  }
  if (textOf(record, 'url') === undefined) return 'Missing location record URL.'
  if (integerOf(record, 'nonce') === undefined) return 'Missing location record nonce.'
  return undefined
}

/** The integer under a key, also where it is written as text. */
export function integerOf(message: Message, key: string): number | undefined {
  const value = message.get(key)
  if (isInteger(value)) return Number(value)
  const text = isBinary(value) ? textOf(message, key) : undefined
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}
