/** A real server on a free port with codecs as simple as can be, for tests of the server itself. */
import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { connect, type Socket } from 'node:net'
import type { Binary } from '../base/bytes.ts'
import { type RequestFailed, silentEvents } from '../base/events.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import type { HttpLimits } from './limits.ts'
import type { PlainRoute } from './plain-route.ts'
import type { ReplyEncoder, ReplyEncoders } from './reply.ts'
import type { RequestDecoders } from './request-message.ts'
import type { Resolve } from './resolve.ts'
import { createHttpServer, type HttpServer } from './server.ts'

const decoders: RequestDecoders = new Map([
  ['httpsig@1.0', ({ primitive, body }) => new Message<Value>([...primitive, ['body', body]])],
])
const plainEncoders: ReplyEncoders = new Map<string, ReplyEncoder>([
  ['httpsig@1.0', (message: Message) => ({ headers: headersOf(message), body: bodyOf(message) })],
  [
    'json@1.0',
    (message: Message) => ({
      headers: [['content-type', 'application/json']] as const,
      body: JSON.stringify(Object.fromEntries(message)),
    }),
  ],
])

function headersOf(message: Message): [string, Binary][] {
  return [...message]
    .filter(([key]) => key !== 'body')
    .map(([key, value]) => [key, isBinary(value) ? value : String(value)])
}

function bodyOf(message: Message): Binary {
  const body = message.get('body')
  return isBinary(body) ? body : String(body ?? '')
}

export interface Setup {
  readonly resolve?: Resolve
  readonly routes?: readonly PlainRoute[]
  /** Default: headers and body as they are, or JSON. */
  readonly encoders?: ReplyEncoders
  readonly limits?: Partial<HttpLimits>
  readonly rateLimitExempt?: readonly string[]
  readonly trustedProxies?: readonly string[]
  readonly onFailed?: (event: RequestFailed) => void
}

const echo: Resolve = async (message) => ({ kind: 'ok', value: message.without('content-length') })

export async function start(
  setup: Setup = {},
): Promise<{ server: HttpServer; port: number; url: string }> {
  const server = createHttpServer(
    {
      resolve: setup.resolve ?? echo,
      decoders,
      encoders: setup.encoders ?? plainEncoders,
      routes: setup.routes ?? [],
      storeMessage: async () => undefined,
      loadLinks: async (message) => message,
      events: { ...silentEvents, requestFailed: setup.onFailed ?? (() => undefined) },
    },
    {
      ...{ host: '127.0.0.1', port: 0, defaultRequest: '/~meta@1.0/info' },
      limits: setup.limits ?? {},
      rateLimitExempt: setup.rateLimitExempt ?? [],
      trustedProxies: setup.trustedProxies ?? [],
    },
  )
  const { port } = await server.listen()
  return { server, port, url: `http://127.0.0.1:${port}` }
}

export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Sends bytes as they are; gives all that comes back until the server ends the connection. */
export async function raw(port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  for (const chunk of chunks) {
    socket.write(chunk)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return readAll(socket)
}

export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.resume()
  await closed
  return Buffer.concat(chunks).toString('latin1')
}

export interface Http2Reply {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
}

export async function http2Request(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<Http2Reply> {
  const stream = session.request(headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [reply] = (await once(stream, 'response')) as [Record<string, unknown>]
  await once(stream, 'end')
  return {
    status: Number(reply[':status']),
    headers: reply,
    body: Buffer.concat(chunks).toString(),
  }
}
