/**
 * Commitments by hmac. The one with the constant key can be made by everybody and names the
 * content: it is the unsigned id, and every message that passes through a store carries it.
 */
import type { Binary } from '../base/bytes.ts'
import { hmacSha256Text, sha256Text } from '../crypto/hash.ts'
import type { Commitment } from './commitment.ts'
import { UNSIGNED_KEYID } from './committed.ts'
import { linkedTabm } from './id.ts'
import { Message } from './message.ts'
import { baseOfForm, type PlainForm } from './plain-form.ts'
import { type SignatureBase, signatureBase } from './signature-base.ts'
import type { Tabm } from './tabm.ts'
import { publicKeys } from './tabm-id.ts'
import { isList, type List, type Value } from './value.ts'

/** The key of an hmac, and how the commitment names it. */
export interface HmacKey {
  readonly keyid: string
  readonly key: Binary
  /** Only a secret key makes a committer: the hash of the secret. */
  readonly committer?: string
}

export const UNSIGNED_HMAC_KEY: HmacKey = { keyid: UNSIGNED_KEYID, key: UNSIGNED_KEYID }

/** The key for an hmac that only those can make or check who know the secret. */
export function secretHmacKey(secret: Binary): HmacKey {
  const committer = sha256Text(secret)
  return { keyid: `secret:${committer}`, key: secret, committer }
}

export interface HmacOptions {
  readonly keys?: readonly string[]
  readonly hmacKey?: HmacKey
  readonly bundle?: boolean
}

/** The hmac over keys of a TABM in the mode of the commitment, all public ones by default. */
export function hmacCommitment(tabm: Tabm, options: HmacOptions = {}): Commitment {
  const { keys = publicKeys(tabm), hmacKey = UNSIGNED_HMAC_KEY, bundle = false } = options
  const { keyid } = hmacKey
  const fields = bundle ? BUNDLE_FIELDS : NO_FIELDS
  const covered = signatureBase(tabm, keys, { type: HMAC_TYPE, keyid, fields })
  return commitmentOf(covered, hmacKey, fields)
}

/** The same over all of a message, of which this is the form. */
export function hmacOfForm(form: PlainForm, hmacKey: HmacKey = UNSIGNED_HMAC_KEY): Commitment {
  const params = { type: HMAC_TYPE, keyid: hmacKey.keyid, fields: NO_FIELDS }
  return commitmentOf(baseOfForm(form, params), hmacKey, NO_FIELDS)
}

const HMAC_TYPE = 'hmac-sha256'

function commitmentOf(
  { base, committed }: SignatureBase,
  { key, keyid, committer }: HmacKey,
  fields: Commitment['fields'],
): Commitment {
  const signature = hmacSha256Text(key, base)
  const open: Commitment = {
    id: signature,
    device: 'httpsig@1.0',
    type: HMAC_TYPE,
    committed,
    keyid,
    signature,
    fields,
  }
  return committer === undefined ? open : { ...open, committer }
}

const NO_FIELDS: Commitment['fields'] = new Map()
const BUNDLE_FIELDS: Commitment['fields'] = new Map([['bundle', 'true']])

/**
 * The message as it comes out of a store: each message in it, itself too, that is not empty has a
 * commitment without committer. Commitments that are there stay; they are not checked.
 * Source: HyperBEAM, `hb_message:normalize_commitments`.
 */
export function normalizeCommitments(message: Message): Message {
  const normal = normalizeChildren(message)
  if (normal.size === 0 || hasUnsigned(normal)) return normal
  const hmac = hmacCommitment(linkedTabm(normal))
  return normal.withCommitments(new Map([...normal.commitments, [hmac.id, hmac]]))
}

/** The same for the messages in a message, but not for itself. */
export function normalizeChildren(message: Message): Message {
  const changed: [string, Value][] = []
  for (const [key, value] of message) {
    const normal = normalizeValue(value)
    if (normal !== value) changed.push([key, normal])
  }
  return changed.length === 0 ? message : message.with(changed)
}

function normalizeValue(value: Value): Value {
  if (value instanceof Message) return normalizeCommitments(value)
  return isList(value) ? normalizeItems(value) : value
}

function normalizeItems(list: List): List {
  const items = list.map(normalizeValue)
  return items.some((item, index) => item !== list[index]) ? items : list
}

function hasUnsigned(message: Message): boolean {
  for (const { committer } of message.commitments.values()) {
    if (committer === undefined) return true
  }
  return false
}
