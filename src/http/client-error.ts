/** What a connection gets whose bytes are no request: there is nothing to answer but the socket. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

const STATUS_OF_PARSER: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
])

const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'Expected a request of HTTP/1.1 or HTTP/2'],
  [408, 'Expected the whole request sooner'],
  [413, 'Expected shorter chunk extensions'],
  [431, 'Expected smaller headers; send keys in the body, or ask the operator for more'],
])

/** Refuses a request that Node could not read, and ends its connection. */
export function refuseConnection(error: Error & { readonly code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = STATUS_OF_PARSER.get(error.code ?? '') ?? 400
  const reason = REASONS.get(status) ?? ''
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(reason)}`,
    'access-control-allow-origin: *',
    'connection: close',
    '',
    reason,
  ]
  socket.end(lines.join('\r\n'), () => socket.destroy())
}
