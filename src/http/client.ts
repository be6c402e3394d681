/** The node's HTTP client: sends a message to a peer and decodes its reply. */
import { Agent, request as send } from 'undici'
import { type Binary, toBinary, toBytes } from '../base/bytes.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { decodeHttpsig } from '../codec/httpsig/decode.ts'
import { encodeHttpsig } from '../codec/httpsig/encode.ts'
import { decodeJson } from '../codec/json.ts'
import type { Message } from '../message/message.ts'
import type { PeerGuard } from './peer-guard.ts'

export interface PeerRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly message?: Message
  /** The nodes that handed the request on, for the header `via` (RFC 9110, 7.6.3). */
  readonly via?: string
}

export interface PeerReply {
  readonly status: number
  /** The reply's message without what only its transport needed. */
  readonly message: Message
}

export interface PeerClientOptions {
  /** Whole request, headers and body. Default 30,000. */
  readonly timeoutMs?: number
  /** A longer reply is refused. Default 64 MiB. */
  readonly maxReplyBytes?: number
  /** Hears of the bytes of replies as they come, and may refuse them. */
  readonly hold?: (bytes: number) => void
  /** Which addresses may be reached. Default: all. */
  readonly guard?: PeerGuard
}

export interface PeerClient {
  /** @throws AoError `remote-failed` when the peer does not answer, or not with a message. */
  request(request: PeerRequest): Promise<PeerReply>
  /** Gives up all requests under way. */
  close(): Promise<void>
}

const TRANSPORT_HEADERS = new Set([
  'server',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
])

export function createPeerClient(options: PeerClientOptions = {}): PeerClient {
  const { timeoutMs = 30_000, maxReplyBytes = 64 * 1_024 * 1_024, hold = () => undefined } = options
  const { guard } = options
  const agent = new Agent({
    maxHeaderSize: 1_048_576,
    ...(guard === undefined ? {} : { connect: { lookup: guard.lookup } }),
  })
  return {
    request: async (request) => {
      try {
        guard?.assertAddress(request.url)
        const response = await send(request.url, {
          ...encodeRequest(request),
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        })
        const body = await readBody(response, { maxBytes: maxReplyBytes, hold })
        return { status: response.statusCode, message: decodeReply(response.headers, body) }
      } catch (cause) {
        if (isAoError(cause, 'remote-failed', 'overloaded')) throw cause
        const reason = 'The remote scheduler did not answer with a message; try again later'
        throw new AoError('remote-failed', reason, { peer: request.url.host }, cause)
      }
    },
    close: () => agent.destroy(),
  }
}

function encodeRequest({ method, message, via }: PeerRequest) {
  const headers: string[] = ['accept-bundle', 'true']
  if (via !== undefined) headers.push('via', via)
  if (message === undefined) return { method, headers }
  const wire = encodeHttpsig(message, { bundle: true })
  for (const [name, value] of wire.headers) {
    headers.push(name, Buffer.from(toBytes(value)).toString('latin1'))
  }
  return { method, headers, body: wire.body ?? null }
}

interface BodyLimits {
  readonly maxBytes: number
  readonly hold: (bytes: number) => void
}

async function readBody(
  { headers, body }: PeerResponse,
  { maxBytes, hold }: BodyLimits,
): Promise<Uint8Array> {
  const announced = Number(headers['content-length'] ?? 0)
  const chunks: Uint8Array[] = []
  let length = 0
  // Leaving the loop early destroys the stream, and with it the connection.
  for await (const chunk of body) {
    length += chunk.length
    hold(chunk.length)
    if (Math.max(length, announced) > maxBytes) {
      throw new AoError('remote-failed', 'The remote scheduler answered with too many bytes', {
        limit: maxBytes,
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

interface PeerResponse {
  readonly headers: ReplyHeaders
  readonly body: AsyncIterable<Uint8Array>
}

type ReplyHeaders = Readonly<Record<string, string | string[] | undefined>>

function decodeReply(received: ReplyHeaders, body: Uint8Array): Message {
  const headers: [string, Binary][] = []
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || TRANSPORT_HEADERS.has(name)) continue
    const text = Array.isArray(value) ? value.join(', ') : value
    headers.push([name, toBinary(Buffer.from(text, 'latin1'))])
  }
  // Not by the content type alone: bodies that devices made are JSON too, and no messages.
  const isJson = received['content-type'] === 'application/json'
  if (isJson && received['codec-device'] === 'json@1.0') return decodeJson(body)
  return decodeHttpsig({ headers, ...(body.length === 0 ? {} : { body }) })
}
