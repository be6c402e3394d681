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
): readonly Commitment[] {
  const { committers = 'none', commitmentIds = 'none' } = selection
  const isNamed = typeof committers !== 'string' || typeof commitmentIds !== 'string'
  const chosen = isNamed
    ? namedCommitments(message, { committers, commitmentIds })
    : wholeGroups(message, committers === 'all', commitmentIds === 'all')
  return chosen.length > 0 ? chosen : commitmentsThat(isUnsigned, message)
}

/** Signatures first. */
function wholeGroups(message: Committed, signed: boolean, all: boolean): readonly Commitment[] {
  if (all && !signed) return [...message.commitments.values()]
  const signatures = signed ? commitmentsThat(isSigned, message) : NONE
  return all ? [...signatures, ...commitmentsThat(isNotSigned, message)] : signatures
}

function isNotSigned(commitment: Commitment): boolean {
  return !isSigned(commitment)
}

const NONE: readonly Commitment[] = []

/** Mostly one, for which a literal is made no larger than it need be. */
function commitmentsThat(
  isMeant: (commitment: Commitment) => boolean,
  { commitments }: Committed,
): readonly Commitment[] {
  let meant: Commitment[] | undefined
  for (const commitment of commitments.values()) {
    if (!isMeant(commitment)) continue
    if (meant === undefined) meant = [commitment]
    else meant.push(commitment)
  }
  return meant ?? NONE
}

/** Each once, however many names it has. */
function namedCommitments(
  message: Committed,
  { committers, commitmentIds }: Required<CommitmentSelection>,
): Commitment[] {
  const all = [...message.commitments.values()]
  const whole = wholeGroups(message, committers === 'all', commitmentIds === 'all')
  const chosen = new Set<Commitment>(whole)
  if (typeof committers !== 'string') {
    for (const address of committers) addSignedBy(chosen, all, address)
  }
  if (typeof commitmentIds !== 'string') {
    for (const id of commitmentIds) chosen.add(requireCommitment(message, id))
  }
  return [...chosen]
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
  selection: CommitmentSelection = ALL_COMMITMENTS,
): readonly string[] {
  const selected = selectCommitments(message, selection)
  let keys = selected[0]?.committed ?? []
  for (let i = 1; i < selected.length; i++) keys = keysInBoth(keys, selected[i]?.committed ?? [])
  return keys
}

const ALL_COMMITMENTS: CommitmentSelection = { commitmentIds: 'all' }

function keysInBoth(keys: readonly string[], others: readonly string[]): readonly string[] {
  if (keys.every((key, index) => key === others[index])) return keys
  const there = new Set(others)
  return keys.filter((key) => there.has(key))
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
export function withOnlyKeys<V>(message: Message<V>, keys: readonly string[]): Message<V> {
  const only = surelyHasOnly(message, keys) ? message : withoutOthers(message, keys)
  return keys.includes(TYPES_KEY) ? only : withoutTypes(only)
}

/** Longer lists are made sets of to look for keys in them. */
const SHORT_LIST = 32

/**
 * Whether the keys of a message surely are all in a list. Mostly they follow each other there, which
 * is seen without making a set; of a long list nothing is said.
 */
function surelyHasOnly<V>(message: Message<V>, list: readonly string[]): boolean {
  if (list.length > SHORT_LIST) return false
  let next = 0
  for (const key of message.keys()) {
    const at = list[next] === key ? next : list.indexOf(key)
    if (at < 0) return false
    next = at + 1
  }
  return true
}

function withoutOthers<V>(message: Message<V>, keys: readonly string[]): Message<V> {
  const kept = keys.length > SHORT_LIST ? new Set(keys) : undefined
  const isKept = (key: string): boolean => kept?.has(key) ?? keys.includes(key)
  const others: string[] = []
  for (const key of message.keys()) {
    if (!isKept(key) && !isKept(linkedKey(key) ?? key)) others.push(key)
  }
  return message.without(...others)
}

function withoutTypes<V>(message: Message<V>): Message<V> {
  const texts: [string, V][] = []
  for (const key of message.keys()) {
    const value = message.get(key)
    const isTyped = isInteger(value) || value instanceof Float || value instanceof Atom
    // Whatever message can hold a typed value can hold a text.
    if (isTyped) texts.push([key, encodeScalar(value as Value, key).text as V])
  }
  return texts.length === 0 ? message : message.with(texts)
}
