/** A reply as it goes to Node: a status, headers as latin1 text, and a body of bytes. */
import type { Binary } from '../base/bytes.ts'
import { toBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import type { PlainWire } from '../codec/httpsig/httpsig.ts'
import { encodeHeaderName, encodeHeaderValue } from './header-text.ts'
import type { ReplyStream } from './write-stream.ts'

export interface WireReply {
  readonly status: number
  /** Names and values by turns. */
  readonly headers: readonly string[]
  readonly body?: Uint8Array
  /** Instead of a body, one that is sent while it is made. */
  readonly stream?: ReplyStream
}

export interface Encoded {
  readonly headers: Iterable<readonly [string, Binary]>
  readonly body?: Binary
  readonly stream?: ReplyStream
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
export function wireReply(status: number, encoded: Encoded | PlainWire): WireReply {
  if ('names' in encoded) return plainReply(status, encoded)
  const headers: string[] = []
  const ownCors: string[] = []
  for (const [key, value] of encoded.headers) {
    const text = encodeHeaderValue(value)
    if (text === undefined) throw notSendable(key)
    const name = sentName(key)
    if (name === undefined) continue
    if (name.startsWith(CORS_PREFIX)) ownCors.push(name)
    headers.push(name, text)
  }
  headers.push(...addedHeaders(ownCors))
  const { body, stream } = encoded
  if (stream !== undefined) return { status, headers, stream }
  return body === undefined ? { status, headers } : { status, headers, body: toBytes(body) }
}

/** `undefined` for a name that is left out. @throws AoError `unencodable` */
function sentName(key: string): string | undefined {
  const name = encodeHeaderName(key)
  if (name === undefined) throw notSendable(key)
  return NOT_FROM_MESSAGES.has(name) ? undefined : name
}

/** Names and values that stand behind those of the message. */
function addedHeaders(ownCors: readonly (string | undefined)[]): string[] {
  const added: string[] = []
  for (const [name, text] of CORS) if (!ownCors.includes(name)) added.push(name, text)
  // A body without a content type must not be taken for a page because it looks like one.
  added.push('x-content-type-options', 'nosniff')
  return added
}

function plainReply(status: number, { names, values, body }: PlainWire): WireReply {
  const { sent, added } = sentNamesOf(names)
  const headers: string[] = []
  for (let i = 0; i < sent.length; i++) {
    const name = sent[i]
    if (name !== undefined) headers.push(name, values[i] ?? '')
  }
  for (const text of added) headers.push(text)
  return body === undefined ? { status, headers } : { status, headers, body: toBytes(body) }
}

/** What follows from the names alone, which many replies have in common. */
interface SentNames {
  /** Each as it is sent; `undefined` for one that is left out. */
  readonly sent: readonly (string | undefined)[]
  readonly added: readonly string[]
}

const knownNames = new WeakMap<readonly string[], SentNames>()

function sentNamesOf(names: readonly string[]): SentNames {
  const known = knownNames.get(names)
  if (known !== undefined) return known
  const sent = names.map(sentName)
  const made = { sent, added: addedHeaders(sent) }
  knownNames.set(names, made)
  return made
}

function notSendable(key: string): AoError {
  const reason =
    'Expected keys and values that fit into headers, without line breaks; ask with accept: application/json'
  return new AoError('unencodable', reason, { key: key.slice(0, 64) })
}
