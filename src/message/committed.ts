/** Which commitments of a message are meant, which keys they cover, and the message cut to these. */
import { AoError } from '../base/errors.ts'
import { type Commitment, type Commitments, isSigned } from './commitment.ts'
import { encodeScalar } from './encode-tabm.ts'
import { linkedKey, TYPES_KEY } from './keys.ts'
import type { Message } from './message.ts'
import { Atom, Float, isInteger, type Value } from './value.ts'

/** HMAC key of the commitment that everybody can make: it stands for the content alone. */
export const UNSIGNED_KEYID = 'constant:ao'

export interface CommitmentSelection {
  /** Addresses of signers, all of them, or none, which is the default. */
  readonly committers?: 'all' | 'none' | readonly string[]
  /** Ids of commitments, all of them, hmacs too, or none, which is the default. */
  readonly commitmentIds?: 'all' | 'none' | readonly string[]
}

interface Committed {
  readonly commitments: Commitments
}

/**
 * The commitments that a selection names. When it names none, those that are no signature: the
 * hmac of httpsig@1.0 with the constant key.
 * @throws AoError `not-found` for an address that is no committer, or an id that is no commitment.
 */
export function selectCommitments(
  message: Committed,
  selection: CommitmentSelection = {},
): Commitment[] {
  const { committers = 'none', commitmentIds = 'none' } = selection
  const all = [...message.commitments.values()]
  const chosen = new Set<Commitment>(committers === 'all' ? all.filter(isSigned) : [])
  if (commitmentIds === 'all') for (const commitment of all) chosen.add(commitment)
  if (typeof committers !== 'string') {
    for (const address of committers) addSignedBy(chosen, all, address)
  }
  if (typeof commitmentIds !== 'string') {
    for (const id of commitmentIds) chosen.add(requireCommitment(message, id))
  }
  return chosen.size > 0 ? [...chosen] : all.filter(isUnsigned)
}

function addSignedBy(chosen: Set<Commitment>, all: readonly Commitment[], address: string): void {
  const own = all.filter((commitment) => commitment.committer === address)
  if (own.length === 0) {
    throw new AoError('not-found', 'Expected the address of a committer of this message', {
      address,
    })
  }
  for (const commitment of own) chosen.add(commitment)
}

function requireCommitment(message: Committed, id: string): Commitment {
  const commitment = message.commitments.get(id)
  if (commitment !== undefined) return commitment
  throw new AoError('not-found', 'Expected the id of a commitment of this message', { id })
}

/**
 * Whether a commitment is the plain hmac over the content. Those with another constant are not:
 * HyperBEAM would add their ids up to an id that nobody else can find.
 */
export function isUnsigned(commitment: Commitment): boolean {
  return (
    commitment.device === 'httpsig@1.0' &&
    commitment.committer === undefined &&
    commitment.keyid === UNSIGNED_KEYID
  )
}

/** The keys that every selected commitment covers, all by default, in the order of the first. */
export function committedKeys(
  message: Committed,
  selection: CommitmentSelection = { commitmentIds: 'all' },
): string[] {
  const [first, ...others] = selectCommitments(message, selection)
  if (first === undefined) return []
  const rest = others.map(({ committed }) => new Set(committed))
  return first.committed.filter((key) => rest.every((keys) => keys.has(key)))
}

/**
 * The message without the keys that not all of its commitments cover. A message without
 * commitments is returned as it is. Not a verification.
 */
export function withOnlyCommitted<V>(message: Message<V>): Message<V> {
  if (message.commitments.size === 0) return message
  return withOnlyKeys(message, committedKeys(message))
}

/**
 * The message with these keys, or links under them, and no others; commitments stay. Types are kept
 * only where `ao-types` is one of the keys: else anybody could give a signed text another type.
 */
export function withOnlyKeys<V>(message: Message<V>, keys: Iterable<string>): Message<V> {
  const kept = new Set(keys)
  const others: string[] = []
  for (const key of message.keys()) {
    if (!kept.has(key) && !kept.has(linkedKey(key) ?? key)) others.push(key)
  }
  const only = others.length === 0 ? message : message.without(...others)
  return kept.has(TYPES_KEY) ? only : withoutTypes(only)
}

function withoutTypes<V>(message: Message<V>): Message<V> {
  const texts: [string, V][] = []
  for (const [key, value] of message) {
    const isTyped = isInteger(value) || value instanceof Float || value instanceof Atom
    // Whatever message can hold a typed value can hold a text.
    if (isTyped) texts.push([key, encodeScalar(value as Value, key).text as V])
  }
  return texts.length === 0 ? message : message.with(texts)
}
