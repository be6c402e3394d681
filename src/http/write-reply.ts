/** Writes a reply to its connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isGone } from './is-gone.ts'
import { isBodyless } from './status.ts'
import type { WireReply } from './wire-reply.ts'
import { writeStream } from './write-stream.ts'

/** How long an unread rest of a request is swallowed, so that the client can read its refusal. */
const LINGER_MS = 1_000
/** Up to here to copy a body costs less than a write of its own. */
const ONE_WRITE_BYTES = 16_384

export interface WriteOptions {
  readonly reply: WireReply
  /** Whether the connection ends with this reply. */
  readonly closes: boolean
  /** See `writeStream`. Default: nothing. */
  readonly onSlow?: () => void
}

/**
 * Writes a reply, which says nothing of what the client has read. Of one that is sent while it is
 * made, resolves when all is written.
 */
export function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { reply, closes, onSlow = () => undefined }: WriteOptions,
): Promise<void> | undefined {
  if (isGone(response)) return undefined
  const { status, body, stream } = reply
  const headers = [...reply.headers]
  if (!isBodyless(status) && stream === undefined)
    headers.push('content-length', String(body?.length ?? 0))
  const isHttp1 = request.httpVersionMajor === 1
  const isLast = closes && isHttp1
  if (isLast) headers.push('connection', 'close')
  response.writeHead(status, headers)
  if (stream !== undefined && request.method !== 'HEAD') {
    return writeStream(response, stream, onSlow)
  }
  const sent = isBodyless(status) || request.method === 'HEAD' ? undefined : body
  if (isLast && !request.complete) endLater(request, response, sent)
  else if (sent === undefined || sent.length > ONE_WRITE_BYTES || !isHttp1) response.end(sent)
  else response.end(asLatin1(sent), 'latin1')
  return undefined
}

/** One character for each byte: Node puts headers and a text of this kind into one write. */
function asLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/**
 * The reply is complete for the client, by its content length. To close while it still sends would
 * reset the connection, and the reply could be lost on the way.
 */
function endLater(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array | undefined,
): void {
  if (body === undefined) response.flushHeaders()
  else response.write(body)
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, LINGER_MS)
  request.once('end', end).once('close', end)
  request.resume()
}
