/** Writes a reply to its connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isBodyless } from './status.ts'
import type { WireReply } from './wire-reply.ts'

/** How long an unread rest of a request is swallowed, so that the client can read its refusal. */
const LINGER_MS = 1_000

export interface WriteOptions {
  readonly reply: WireReply
  /** Whether the connection ends with this reply. */
  readonly closes: boolean
}

export function writeReply(
  request: IncomingMessage,
  response: ServerResponse,
  { reply, closes }: WriteOptions,
): void {
  if (response.destroyed) return
  const { status, body } = reply
  const headers = [...reply.headers]
  if (!isBodyless(status)) headers.push('content-length', String(body?.length ?? 0))
  const isHttp1 = request.httpVersionMajor === 1
  if (closes && isHttp1) headers.push('connection', 'close')
  response.writeHead(status, headers)
  const sent = isBodyless(status) || request.method === 'HEAD' ? undefined : body
  if (closes && isHttp1 && !request.complete) endLater(request, response, sent)
  else response.end(sent)
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
