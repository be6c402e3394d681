/**
 * A commitment as the message that it is under the key `commitments`, and back. In memory a message
 * keeps commitments beside its keys; JSON, flat text, multipart bodies and the store hold them as
 * nested messages.
 */
import { type Binary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeBase64, encodeBase64url } from '../crypto/base64url.ts'
import { decodePublicKey } from '../crypto/encoded-public-key.ts'
import { sha256Text } from '../crypto/hash.ts'
import { type Commitment, type Commitments, NO_COMMITMENTS } from './commitment.ts'
import { decodeTabm } from './decode-tabm.ts'
import { encodeTabm } from './encode-tabm.ts'
import { Message } from './message.ts'
import type { Tabm } from './tabm.ts'
import { isBinary, isList, type Value } from './value.ts'

const DEFAULT_DEVICE = 'httpsig@1.0'

/** Keys that are members of `Commitment`; all others are its `fields`. */
const MEMBERS = new Set([
  'commitment-device',
  'type',
  'keyid',
  'committer',
  'signature',
  'committed',
])

/** The commitment as a typed message; what was received (`wire`) is not part of it. */
export function commitmentToMessage(commitment: Commitment): Message {
  const entries = new Map<string, Value>([
    ['commitment-device', commitment.device],
    ['committed', commitment.committed],
  ])
  const { keyid, committer, signature } = commitment
  if (committer !== undefined) entries.set('committer', committer)
  if (keyid !== undefined) entries.set('keyid', keyid)
  if (signature !== undefined) entries.set('signature', signature)
  entries.set('type', commitment.type)
  for (const [key, value] of commitment.fields) if (!MEMBERS.has(key)) entries.set(key, value)
  return new Message(entries)
}

/** The commitment as a TABM with everything inline. */
export function commitmentToTabm(commitment: Commitment): Tabm {
  return encodeTabm(commitmentToMessage(commitment))
}

/**
 * The commitment that a message under `commitments/<id>` describes. The id must be that of the
 * signature, and a committer must be the owner of the key in `keyid`: who speaks for a message is
 * never taken from what a client writes there.
 * @throws AoError `invalid-commitment`
 */
export function commitmentFromMessage(id: string, message: Message): Commitment {
  const fields = new Map<string, Value>()
  for (const [key, value] of message) if (!MEMBERS.has(key)) fields.set(key, value)
  const commitment: Draft = {
    id,
    device: optionalText(message, 'commitment-device') ?? DEFAULT_DEVICE,
    type: requireText(message, 'type'),
    committed: committedList(message.get('committed')),
    fields,
  }
  setText(commitment, 'keyid', message)
  setText(commitment, 'committer', message)
  setText(commitment, 'signature', message)
  assertOwnId(commitment)
  assertOwnCommitter(commitment)
  return commitment
}

type Draft = { -readonly [Member in keyof Commitment]: Commitment[Member] }

function setText(
  commitment: Draft,
  name: 'keyid' | 'committer' | 'signature',
  message: Message,
): void {
  const text = optionalText(message, name)
  if (text !== undefined) commitment[name] = text
}

/**
 * The same of a TABM, or of a message some of whose values are typed already.
 * @throws AoError `invalid-commitment`, and what decoding a TABM throws.
 */
export function commitmentFromTabm(id: string, tabm: Tabm | Message): Commitment {
  const message = decodeTabm(tabm)
  if (isList(message)) throw invalid('a commitment that is a map', id)
  return commitmentFromMessage(id, message)
}

/** The value of the key `commitments`. */
export function commitmentsToMessage(commitments: Commitments): Message {
  const entries = new Map<string, Value>()
  for (const [id, commitment] of commitments) entries.set(id, commitmentToMessage(commitment))
  return new Message(entries)
}

/**
 * Takes the key `commitments` out of the entries of a message: the commitments that its value, typed
 * or TABM, describes. Without that key, or with an empty map, there are none.
 * @throws AoError see `commitmentFromTabm`.
 */
export function takeCommitments(entries: Map<string, Value>): Commitments {
  const value = entries.get('commitments')
  if (value === undefined) return NO_COMMITMENTS
  if (!(value instanceof Message)) throw invalid('a map by id', '')
  entries.delete('commitments')
  const commitments = new Map<string, Commitment>()
  for (const [id, commitment] of value) {
    if (!(commitment instanceof Message)) throw invalid('a map', id)
    commitments.set(id, commitmentFromTabm(id, commitment))
  }
  return commitments
}

/** The id that a signature gives its commitment: 32 bytes are it, of others it is the SHA-256. */
export function idOfSignature(signature: Uint8Array): string {
  return signature.length === 32 ? encodeBase64url(signature) : sha256Text(signature)
}

function optionalText(message: Message, key: string): string | undefined {
  const value = message.get(key)
  if (value === undefined) return undefined
  const text = isBinary(value) ? toText(value) : undefined
  if (text === undefined) throw invalid(`${key} to be a text`, '')
  return text
}

function requireText(message: Message, key: string): string {
  const text = optionalText(message, key)
  if (text === undefined) throw invalid(`the key ${key}`, '')
  return text
}

/** A list, or a map numbered from 1, of keys; without one nothing is committed. */
function committedList(value: Value | undefined): string[] {
  if (value === undefined) return []
  if (isList(value)) return value.map(committedKey)
  if (!(value instanceof Message)) throw invalid('a list of committed keys', '')
  return Array.from({ length: value.size }, (_, index) => committedKey(value.get(`${index + 1}`)))
}

function committedKey(value: Value | undefined): string {
  const text = isBinary(value) ? toText(value as Binary) : undefined
  if (text === undefined) throw invalid('committed keys that are texts', '')
  return text
}

function assertOwnId({ id, signature }: Commitment): void {
  if (signature === undefined) {
    if (id.length !== 43) throw invalid('an id of 43 characters', id)
  } else if (idOfSignature(decode(signature, id)) !== id) {
    throw invalid('the id of the signature as its key', id)
  }
}

/**
 * A committer owns the key in `keyid`: an address of 43 characters is the hash of a public key, or
 * the hash that a `secret:` keyid names. Addresses of other schemes are checked with the signature.
 */
function assertOwnCommitter({ id, keyid = '', committer }: Commitment): void {
  if (committer === undefined) return
  const separator = keyid.indexOf(':')
  const scheme = keyid.slice(0, Math.max(separator, 0))
  const key = keyid.slice(separator + 1)
  if (scheme === 'publickey' && committer.length !== 43) return
  const owner = scheme === 'publickey' ? hashOfKey(key, id) : scheme === 'secret' && key
  if (owner !== committer) throw invalid('the committer to be the owner of the key in keyid', id)
}

function hashOfKey(text: string, id: string): string {
  try {
    return decodePublicKey(text).hash
  } catch {
    throw invalid('base64 text', id)
  }
}

function decode(text: string, id: string): Uint8Array {
  try {
    return decodeBase64(text)
  } catch {
    throw invalid('base64 text', id)
  }
}

function invalid(expected: string, id: string): AoError {
  return new AoError('invalid-commitment', `Expected ${expected} in a commitment`, { id })
}
