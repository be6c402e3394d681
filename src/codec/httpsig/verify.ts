/** Whether a commitment of httpsig@1.0 holds for a message. */
import { type Binary, equalBinary, toBytes } from '../../base/bytes.ts'
import { decodeBase64 } from '../../crypto/base64url.ts'
import { hmacSha256Text, sha256Text } from '../../crypto/hash.ts'
import { verifySignature } from '../../crypto/verify-signature.ts'
import { formatAoTypes, parseAoTypes } from '../../message/ao-types.ts'
import type { Commitment } from '../../message/commitment.ts'
import { idOfSignature } from '../../message/commitment-map.ts'
import { selectCommitments } from '../../message/committed.ts'
import { TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { joinBinaries } from '../../message/multipart.ts'
import type { SignatureBase } from '../../message/signature-base.ts'
import { isList, type Value } from '../../message/value.ts'
import { agreesWithBase, type BaseLines, splitBase } from './agreement.ts'
import {
  algorithmOfType,
  committerOf,
  HMAC_TYPE,
  publicKeyOf,
  type SignatureAlgorithm,
} from './keyid.ts'
import { createRebuildBase, isBundle } from './rebuilt-base.ts'
import { plainName } from './received.ts'

interface VerifyHttpsigOptions {
  /**
   * Verifies commitments of other devices on nested messages. Without it a signature over a nested
   * message that is known by such a commitment does not hold.
   */
  readonly verifyNested?: (message: Message, commitment: Commitment) => Promise<boolean>
  /** The key of a `secret:` hmac; without it such a commitment cannot be verified. */
  readonly secret?: Binary
}

/**
 * Whether the message has the keys and values that the commitment was made over. A signature that
 * covers nested messages by their ids holds only if their own commitments do. Keys that the
 * commitment does not cover play no part; nothing that a commitment says of itself is believed.
 */
export async function verifyHttpsig(
  message: Message,
  commitment: Commitment,
  options: VerifyHttpsigOptions = {},
): Promise<boolean> {
  if (commitment.device !== 'httpsig@1.0') return false
  const check =
    commitment.type === HMAC_TYPE ? hmacCheck(commitment, options) : signatureCheck(commitment)
  if (check === undefined) return false
  if (await holdsAsReceived(message, commitment, check)) return true
  return holdsRebuilt(message, commitment, { check, options })
}

/** Whether the signature of a commitment is one over these bytes. */
type Check = (base: Binary) => boolean | Promise<boolean>

function hmacCheck(commitment: Commitment, { secret }: VerifyHttpsigOptions): Check | undefined {
  const { keyid, signature, id, committer } = commitment
  if (keyid === undefined || signature !== id) return undefined
  if (committer === undefined) {
    return isOpenKeyid(keyid) ? (base) => hmacSha256Text(keyid, base) === id : undefined
  }
  if (secret === undefined || keyid !== `secret:${sha256Text(secret)}`) return undefined
  return committer === committerOf(keyid, HMAC_TYPE)
    ? (base) => hmacSha256Text(secret, base) === id
    : undefined
}

function isOpenKeyid(keyid: string): boolean {
  return keyid.startsWith('constant:') || !keyid.includes(':')
}

function signatureCheck(commitment: Commitment): Check | undefined {
  const algorithm = algorithmOfType(commitment.type)
  const key = algorithm === undefined ? undefined : tryReadKey(commitment, algorithm)
  if (key === undefined) return undefined
  return (base) => verifySignature({ ...key, data: toBytes(base) })
}

type Key = Omit<Parameters<typeof verifySignature>[0], 'data'>

/** `undefined` also when the commitment claims another id or committer than its key and signature. */
function tryReadKey(commitment: Commitment, { scheme }: SignatureAlgorithm): Key | undefined {
  const { keyid, type } = commitment
  if (keyid === undefined || commitment.signature === undefined) return undefined
  try {
    const publicKey = publicKeyOf(keyid)
    const signature = decodeBase64(commitment.signature)
    if (publicKey === undefined || idOfSignature(signature) !== commitment.id) return undefined
    if (committerOf(keyid, type) !== commitment.committer) return undefined
    return { scheme, publicKey, signature }
  } catch {
    return undefined
  }
}

async function holdsAsReceived(
  message: Message,
  commitment: Commitment,
  check: Check,
): Promise<boolean> {
  const lines = commitment.wire?.kind === 'httpsig' ? splitBase(commitment.wire.base) : undefined
  if (lines === undefined || !agreesWithBase(message, commitment)) return false
  for (const base of possibleBases(lines, commitment.committed)) {
    if (await check(base)) return true
  }
  return false
}

/**
 * The base as it was received; with types of the covered keys only, since HyperBEAM adds typed keys
 * after signing; and each with the names as RFC 9421 writes them.
 */
function* possibleBases(lines: BaseLines, committed: readonly string[]): Generator<Binary> {
  const types = lines.values.get(TYPES_KEY)
  const covered = types === undefined ? undefined : coveredTypes(types, committed)
  const values = [lines.values]
  if (types !== undefined && covered !== undefined && !equalBinary(types, covered)) {
    values.push(new Map([...lines.values, [TYPES_KEY, covered]]))
  }
  const hasDerived = lines.components.some((component) => component.startsWith('@'))
  for (const nameOf of hasDerived ? [plainName, sameName] : [plainName]) {
    for (const headers of values) yield writeBase({ ...lines, values: headers }, nameOf)
  }
}

function sameName(component: string): string {
  return component
}

function coveredTypes(types: Binary, committed: readonly string[]): string {
  const covered: [string, string][] = []
  for (const [key, type] of parseAoTypes(types)) {
    if (committed.includes(key)) covered.push([key, type])
  }
  return formatAoTypes(covered)
}

function writeBase(lines: BaseLines, nameOf: (component: string) => string): Binary {
  const chunks: Binary[] = []
  for (const component of lines.components) {
    const value = lines.values.get(plainName(component)) ?? ''
    chunks.push(`"${nameOf(component)}": `, value, '\n')
  }
  if (chunks.length === 0) chunks.push('\n')
  chunks.push(`"@signature-params": ${lines.params}`)
  return joinBinaries(chunks)
}

interface Rebuilt {
  readonly check: Check
  readonly options: VerifyHttpsigOptions
}

async function holdsRebuilt(
  message: Message,
  commitment: Commitment,
  { check, options }: Rebuilt,
): Promise<boolean> {
  const rebuilt = createRebuildBase(message)(commitment)
  if (rebuilt === undefined || !coversAll(message, commitment, rebuilt)) return false
  if (!(await check(rebuilt.base))) return false
  if (isBundle(commitment)) return true
  for (const key of commitment.committed) {
    if (!(await nestedHolds(message.get(key), options))) return false
  }
  return true
}

/**
 * Whether each key that the commitment names is in the base: a multipart body takes the place of
 * `content-type`, which must not pass for signed then.
 */
function coversAll(message: Message, { committed }: Commitment, rebuilt: SignatureBase): boolean {
  const covered = new Set(rebuilt.committed)
  return committed.every((key) => covered.has(key) || !message.has(key))
}

/** Whether a nested value is what its id says: the id of a committed message is taken from it. */
async function nestedHolds(
  value: Value | undefined,
  options: VerifyHttpsigOptions,
): Promise<boolean> {
  if (isList(value)) return allHold(value, options)
  if (!(value instanceof Message)) return true
  const naming = selectCommitments(value, { committers: 'all' })
  if (naming.length === 0)
    return allHold(
      [...value].map(([, nested]) => nested),
      options,
    )
  const covered = new Set(naming.flatMap(({ committed }) => committed))
  for (const key of value.keys()) if (!covered.has(key)) return false
  for (const commitment of naming) {
    if (!(await verifyNaming(value, commitment, options))) return false
  }
  return true
}

async function allHold(values: readonly Value[], options: VerifyHttpsigOptions): Promise<boolean> {
  for (const value of values) if (!(await nestedHolds(value, options))) return false
  return true
}

async function verifyNaming(
  message: Message,
  commitment: Commitment,
  options: VerifyHttpsigOptions,
): Promise<boolean> {
  if (commitment.device === 'httpsig@1.0') return verifyHttpsig(message, commitment, options)
  return options.verifyNested === undefined ? false : options.verifyNested(message, commitment)
}
