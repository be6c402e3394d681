/** Requests over HTTP/2, each on a session that still works. */
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import type { HttpAnswer, HttpRequest } from '../replay.ts'

export interface Http2Client {
  /** Nothing when the request cannot be sent, or its stream is refused. */
  send(request: HttpRequest): Promise<HttpAnswer | undefined>
  close(): void
}

export function createHttp2Client(url: string): Http2Client {
  let session: ClientHttp2Session | undefined
  const usable = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(url)
      session.on('error', () => undefined)
    }
    return session
  }
  return {
    send: async (request) => {
      try {
        return await sendOn(usable(), request)
      } catch (error) {
        if (isRefusal(error)) return undefined
        throw error
      }
    },
    close: () => session?.destroy(),
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /HTTP2|ERR_INVALID/.test(String(error.code))
}

async function sendOn(session: ClientHttp2Session, request: HttpRequest): Promise<HttpAnswer> {
  const { method, path, headers, body } = request
  const named = new Map<string, string[]>()
  for (const [name, value] of headers) {
    named.set(name.toLowerCase(), [...(named.get(name.toLowerCase()) ?? []), value])
  }
  const own = { ':method': method, ':path': path }
  const stream = session.request({ ...Object.fromEntries(named), ...own }, { endStream: false })
  stream.end(body)
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  const bytes = await buffer(stream)
  const pairs = Object.entries(answered).flatMap(([name, value]): [string, string][] =>
    name.startsWith(':') ? [] : [[name, Buffer.from(String(value), 'latin1').toString()]],
  )
  const status = Number(answered[':status'])
  return { status, headers: new Map(pairs), body: bytes, isPage: false }
}
