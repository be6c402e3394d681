/** Writes a reply to its connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isBodyless } from './status.ts'
import type { WireReply } from './wire-reply.ts'

/** How long an unread rest of a request is swallowed, so that the client can read its refusal. */
const LINGER_MS = 1_000
/** Up to here to copy a body costs less than a write of its own. */
const ONE_WRITE_BYTES = 16_384

export interface WriteOptions {
  readonly reply: WireReply
  /** Whether the connection ends with this reply. */
  readonly closes: boolean
}

/**
 * Writes a reply, which says nothing of what the client has read. Of one that is sent while it is
 * made, resolves when all is written.
 */
export function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { reply, closes }: WriteOptions,
): Promise<void> | undefined {
  if (response.destroyed) return undefined
  const { status, body, stream } = reply
  const headers = [...reply.headers]
  if (!isBodyless(status) && stream === undefined)
    headers.push('content-length', String(body?.length ?? 0))
  const isHttp1 = request.httpVersionMajor === 1
  const isLast = closes && isHttp1
  if (isLast) headers.push('connection', 'close')
  response.writeHead(status, headers)
  if (stream !== undefined && request.method !== 'HEAD') return writeStream(response, stream)
  const sent = isBodyless(status) || request.method === 'HEAD' ? undefined : body
  if (isLast && !request.complete) endLater(request, response, sent)
  else if (sent === undefined || sent.length > ONE_WRITE_BYTES || !isHttp1) response.end(sent)
  else response.end(asLatin1(sent), 'latin1')
  return undefined
}

/**
 * Chunks are written as they are made, whether or not the client keeps up: to wait for it would hold
 * what they are made of, which is more than the rest of the reply.
 */
async function writeStream(
  response: ServerResponse,
  stream: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    for await (const chunk of stream) {
      if (response.destroyed) return
      response.write(chunk)
    }
  } catch (error) {
    // Nothing but the missing end tells the client.
    response.destroy()
    throw error
  }
  response.end()
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
