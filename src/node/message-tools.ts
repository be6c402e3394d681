/**
 * The message system for people and scripts: ids, conversions, checks and paths, from plain JSON to
 * plain JSON. Messages are in the typed notation. The commands of `cli/` call these and nothing
 * else of the protocol.
 */
import { type Binary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeAns104, encodeAns104 } from '../codec/ans104/ans104.ts'
import { encodeFlat } from '../codec/flat.ts'
import { signedForm, toWire } from '../codec/httpsig/encode.ts'
import { decodeHttpsig, type HttpsigWire } from '../codec/httpsig/httpsig.ts'
import { encodeJson } from '../codec/json.ts'
import { verifyCommitment, verifyMessage } from '../codec/verify.ts'
import { decodeBase64, encodeBase64, encodeBase64url } from '../crypto/base64url.ts'
import { selectCommitments } from '../message/committed.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { toTabm } from '../message/structured.ts'
import { formatTyped, parseTyped } from '../message/typed-notation.ts'
import { formatPath } from '../resolver/format-path.ts'
import { parsePath } from '../resolver/path.ts'

/** Before the base64 of bytes that are no UTF-8, where JSON has room for text only. */
const BYTES_PREFIX = 'b64:'

export type ConvertTarget = 'tabm' | 'flat' | 'json' | 'httpsig' | 'ans104'

export interface ConvertOptions {
  readonly to: ConvertTarget
  /** Nested messages inline instead of linked by id. Flat text always links. */
  readonly bundle: boolean
}

/** What `verify` reads: a message, `{headers, body_b64}`, or an item in base64url. */
export type VerifySource = 'typed' | 'httpsig' | 'ans104'

/**
 * The id of a message in the typed notation: of its signers, or without any.
 * @throws AoError `invalid-encoding` and what the message system throws.
 */
export function idOf(json: unknown, committers: 'all' | 'none'): string {
  return messageId(readMessage(json), committers)
}

/**
 * A message in another encoding: typed notation for `tabm` and `flat`, text for `json`,
 * `{headers, body_b64}` for `httpsig`, base64url of the item for `ans104`.
 * @throws AoError `unencodable` and what the codec throws.
 */
export function convert(json: unknown, { to, bundle }: ConvertOptions): unknown {
  const message = readMessage(json)
  switch (to) {
    case 'tabm':
      return formatTyped(toTabm(message, bundle ? 'bundle' : 'link'))
    case 'flat':
      return formatTyped(new Message(encodeFlat(message)))
    case 'json':
      return encodeJson(message, { bundle })
    case 'httpsig':
      // The form that is signed, also where HTTP could not carry a header of it.
      return writeHttpsig(toWire(signedForm(message, { bundle })))
    case 'ans104':
      return encodeBase64url(encodeAns104(message, { bundle }))
  }
}

/**
 * Whether every signature on a message holds; of a message without any, whether its hmacs do. A
 * message without commitments has none that could fail.
 * @throws AoError for input that cannot be read.
 */
export async function verify(json: unknown, from: VerifySource): Promise<boolean> {
  const message = readSource(json, from)
  const { valid, signers } = await verifyMessage(message)
  if (!valid || signers.length > 0) return valid
  for (const hmac of selectCommitments(message, { committers: 'all' })) {
    if (!(await verifyCommitment(message, hmac))) return false
  }
  return true
}

/**
 * The steps that the node reads in a path, as for a GET request without other keys.
 * @throws AoError `invalid-path`
 */
export function readPath(json: unknown): unknown {
  const path = requireText(json, 'a path')
  return formatPath(
    parsePath(
      new Message([
        ['path', path],
        ['method', 'GET'],
      ]),
    ),
  )
}

function readSource(json: unknown, from: VerifySource): Message {
  if (from === 'typed') return readMessage(json)
  if (from === 'httpsig') return decodeHttpsig(readHttpsig(json))
  return decodeAns104(decodeBase64(requireText(json, 'a data item in base64url')))
}

function readMessage(json: unknown): Message {
  const value = parseTyped(json)
  if (value instanceof Message) return value
  throw new AoError('invalid-message', 'Expected a message, {"t": "map", "v": {...}}')
}

function writeHttpsig({ headers, body }: HttpsigWire) {
  return {
    headers: Object.fromEntries(headers.map(([name, value]) => [name, writeBinary(value)])),
    body_b64: body === undefined ? null : encodeBase64(body),
  }
}

function readHttpsig(json: unknown): HttpsigWire {
  if (!isRecord(json) || typeof json.headers !== 'object' || json.headers === null) {
    throw new AoError('invalid-encoding', 'Expected {"headers": ..., "body_b64": ...}')
  }
  const pairs: unknown[] = Array.isArray(json.headers) ? json.headers : Object.entries(json.headers)
  const headers = pairs.map(readHeader)
  const body = json.body_b64 ?? undefined
  return body === undefined
    ? { headers }
    : { headers, body: decodeBase64(requireText(body, 'body_b64 in base64')) }
}

function readHeader(pair: unknown): readonly [string, Binary] {
  const [name, value] = Array.isArray(pair) ? pair : []
  return [requireText(name, 'the name of a header'), readBinary(requireText(value, 'a header'))]
}

function writeBinary(binary: Binary): string {
  const text = toText(binary)
  if (text !== undefined && !text.startsWith(BYTES_PREFIX)) return text
  return BYTES_PREFIX + encodeBase64(Buffer.from(binary))
}

function readBinary(text: string): Binary {
  return text.startsWith(BYTES_PREFIX) ? decodeBase64(text.slice(BYTES_PREFIX.length)) : text
}

function requireText(json: unknown, what: string): string {
  if (typeof json === 'string') return json
  throw new AoError('invalid-encoding', `Expected ${what} as text`)
}

function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
