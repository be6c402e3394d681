/**
 * From an HTTP request to the message that the resolver gets. Which codec reads it, what of it
 * survives a signature, and which keys the transport adds. Source: HyperBEAM, `hb_http`
 * (`req_to_tabm_singleton`); what fails there with an empty 500 is a 400 with a reason here.
 */
import { type Binary, byteLength } from '../base/bytes.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { committedKeys } from '../message/committed.ts'
import { Message } from '../message/message.ts'
import { Atom, isBinary, type Value } from '../message/value.ts'
import { codecOfMediaType, DEFAULT_CODEC } from './codec-name.ts'
import { queryKeys } from './query-keys.ts'
import { headerText, type RequestHead } from './request-head.ts'
import { statusOfCode } from './status.ts'

/** A request as a codec reads it. */
export interface RequestWire {
  /** Headers and query keys by name; the query wins. */
  readonly primitive: ReadonlyMap<string, Binary>
  /** Empty for a request without a body. */
  readonly body: Uint8Array
  readonly method: string
  readonly target: string
}

/** Reads a request; throws an `AoError` for one that it cannot read or must not accept. */
export type RequestDecoder = (wire: RequestWire) => Message | Promise<Message>

/** The codecs of requests, by device name. */
export type RequestDecoders = ReadonlyMap<string, RequestDecoder>

export interface RequestMessage {
  /** Has always `path`, `method`, `accept` and `accept-bundle`. */
  readonly message: Message
  readonly primitive: ReadonlyMap<string, Binary>
  readonly codec: string
}

/**
 * Reads a request as a message.
 * @throws AoError of a code that is a 400: `unsupported-codec`, `invalid-encoding`, ...
 */
export async function readRequestMessage(
  head: RequestHead,
  body: Uint8Array,
  decoders: RequestDecoders,
): Promise<RequestMessage> {
  const query = queryKeys(head.target)
  const primitive = query.size === 0 ? head.headers : new Map([...head.headers, ...query])
  const codec = codecOf(primitive, body, decoders)
  const decode = decoders.get(codec)
  if (decode === undefined) {
    const known = [...decoders.keys()].join(', ')
    throw new AoError('unsupported-codec', `Expected a codec that requests can have: ${known}`, {
      codec: codec.slice(0, 64),
    })
  }
  const wire = { primitive, body, method: head.method, target: head.target }
  try {
    const reading = decode(wire)
    const decoded = reading instanceof Promise ? await reading : reading
    return { message: withTransport(decoded, primitive, head), primitive, codec }
  } catch (error) {
    throw asBadRequest(error, codec)
  }
}

/** A codec that only `content-type` names needs a body: sloppy clients set it on a GET. */
function codecOf(
  primitive: ReadonlyMap<string, Binary>,
  body: Uint8Array,
  decoders: RequestDecoders,
): string {
  const named = primitive.get('codec-device')
  if (typeof named === 'string') return named
  const type = primitive.get('content-type')
  if (typeof type !== 'string' || body.length === 0) return DEFAULT_CODEC
  return codecOfMediaType(type, decoders)
}

/** Adds what the transport knows, and removes what only the transport needed. */
function withTransport(
  decoded: Message,
  primitive: ReadonlyMap<string, Binary>,
  head: RequestHead,
): Message {
  const keys = new Map<string, Value>()
  for (const key of decoded.keys()) keys.set(key, decoded.get(key) ?? '')
  const committed = decoded.commitments.size === 0 ? [] : committedKeys(decoded)
  const drop = (key: string): void => {
    if (keys.has(key) && !committed.includes(key)) keys.delete(key)
  }
  const body = keys.get('body')
  if (isBinary(body) && byteLength(body) === 0) drop('body')
  drop('content-length')
  setPeer(keys, drop, head)
  if (!committed.includes('method')) keys.set('method', head.method)
  if (!isBinary(keys.get('path'))) keys.set('path', head.headers.get('path') ?? head.target)
  if (!keys.has('accept')) keys.set('accept', primitive.get('accept') ?? '*/*')
  if (!keys.has('accept-bundle')) {
    keys.set('accept-bundle', primitive.get('accept-bundle') ?? Atom.false)
  }
  return Message.owning(keys, decoded.commitments, decoded.priv)
}

/** A peer tells its own port; the address is where it came from. */
function setPeer(keys: Map<string, Value>, drop: (key: string) => void, head: RequestHead): void {
  const port = keys.get('ao-peer-port')
  if (port === undefined) return
  drop('ao-peer-port')
  const address = headerText(head, 'x-real-ip') ?? head.peerAddress.replace(/^::ffff:/, '')
  const host = address.includes(':') ? `[${address}]` : address
  if (isBinary(port) || typeof port === 'number') keys.set('ao-peer', `${host}:${port}`)
}

/** Whatever a decoder stumbles over, the request is what has to change. */
function asBadRequest(error: unknown, codec: string): AoError {
  if (!isAoError(error)) {
    const reason = `Expected a request that can be read as ${codec}`
    return new AoError('invalid-encoding', reason, { codec }, error)
  }
  const status = statusOfCode(error.code)
  if (status === 400 || status === 413) return error
  return new AoError('invalid-message', error.message, error.context, error)
}
