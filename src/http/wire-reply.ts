/** A reply as it goes to Node: a status, headers as latin1 text, and a body of bytes. */
import type { Binary } from '../base/bytes.ts'
import { toBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { encodeHeaderName, encodeHeaderValue } from './header-text.ts'

export interface WireReply {
  readonly status: number
  /** Names and values by turns. */
  readonly headers: readonly string[]
  readonly body?: Uint8Array
  /** Instead of a body, one that is sent while it is made. */
  readonly stream?: AsyncIterable<Uint8Array>
}

export interface Encoded {
  readonly headers: Iterable<readonly [string, Binary]>
  readonly body?: Binary
  readonly stream?: AsyncIterable<Uint8Array>
}

/**
 * Headers that are about the connection, or that tell a browser something about the whole origin.
 * Keys of a message, which anybody may have written, are never sent under these names.
 */
const NOT_FROM_MESSAGES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'alt-svc',
  'clear-site-data',
  'refresh',
  'service-worker-allowed',
  'set-cookie',
  'strict-transport-security',
  'x-content-type-options',
])

const CORS: readonly (readonly [string, string])[] = [
  ['access-control-allow-origin', '*'],
  ['access-control-allow-methods', 'GET, POST, PUT, DELETE, OPTIONS'],
  ['access-control-expose-headers', '*'],
]

const CORS_PREFIX = 'access-control-'

/**
 * An encoded message as a reply that any page may read, unless the message says otherwise.
 * @throws AoError `unencodable` for a key or value that no header can carry.
 */
export function wireReply(status: number, encoded: Encoded): WireReply {
  const headers: string[] = []
  const ownCors = new Set<string>()
  for (const [key, value] of encoded.headers) {
    const name = encodeHeaderName(key)
    const text = encodeHeaderValue(value)
    if (name === undefined || text === undefined) throw notSendable(key)
    if (NOT_FROM_MESSAGES.has(name)) continue
    if (name.startsWith(CORS_PREFIX)) ownCors.add(name)
    headers.push(name, text)
  }
  for (const [name, text] of CORS) if (!ownCors.has(name)) headers.push(name, text)
  // A body without a content type must not be taken for a page because it looks like one.
  headers.push('x-content-type-options', 'nosniff')
  const { body, stream } = encoded
  if (stream !== undefined) return { status, headers, stream }
  return body === undefined ? { status, headers } : { status, headers, body: toBytes(body) }
}

function notSendable(key: string): AoError {
  const reason =
    'Expected keys and values that fit into headers, without line breaks; ask with accept: application/json'
  return new AoError('unencodable', reason, { key: key.slice(0, 64) })
}
