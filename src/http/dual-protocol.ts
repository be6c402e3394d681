/**
 * One port for HTTP/1.1 and for HTTP/2 without TLS. The first bytes of a connection tell which of
 * the two the client speaks; the connection is then given, bytes and all, to Node's server for it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { limitConnections, limitUnfinishedHeaders } from './connection-guard.ts'
import type { HttpLimits } from './limits.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

/** An HTTP/1.1 server that also answers HTTP/2 on its connections. */
export interface DualServer extends Server {
  /** Asks clients of HTTP/2 to finish, and soon drops connections that have not said anything. */
  closeHttp2Sessions(): void
  /**
   * Takes the connections that the system holds already, which it would cut without an answer as
   * soon as nobody listens. Resolves when there are no more, or too many.
   */
  acceptWaiting(): Promise<void>
  /** Cuts every connection, whatever it is doing. */
  destroyConnections(): void
}

/**
 * Node's HTTP/2 ends the whole connection when the headers of a request take more than nine frames,
 * 144 KiB as they are sent. Clients are told of less, and of more only that request is reset.
 */
const MAX_HTTP2_HEADER_BYTES = 131_072

/** In a few of these a connection is taken if one waits: Node takes one in each of its turns. */
const ACCEPT_PAUSE_MS = 5
const QUIET_PAUSES = 4
const MAX_ACCEPT_MS = 3_000
/** What a client sent right before the end may take so long to be read. */
const LAST_WORDS_MS = 250

/** How an HTTP/2 connection begins (RFC 9113, 3.4); no method of HTTP/1.1 starts like it. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** Each may hold headers that are not complete, which are counted for HTTP/1.1 only. */
const MAX_HTTP2_SESSIONS = 1_000
/** `PRI` against `PRO`(`PFIND`), `POST`, `PUT`, `PATCH`. */
const TELLING_BYTES = 3

export function createDualServer(listener: RequestListener, limits: HttpLimits): DualServer {
  const http1 = createHttp1(listener, limits)
  const http2 = createHttp2(listener, limits)
  const sessions = new Set<ServerHttp2Session>()
  const undecided = new Set<Socket>()
  const http2Sockets = new Set<Socket>()
  let accepted = 0
  http2.on('session', (session) => {
    if (sessions.size >= MAX_HTTP2_SESSIONS) {
      session.destroy()
      return
    }
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(limits.connectionTimeoutMs, () => session.close())
    // The socket is open on our side until it is ended: who sends no more gets his replies, no more.
    session.socket.once('end', () => session.close())
  })
  const serveHttp1 = http1.listeners('connection')
  http1.removeAllListeners('connection')
  http1.on('connection', (socket: Socket) => {
    accepted++
    undecided.add(socket)
    socket.once('close', () => undecided.delete(socket))
    sniff(socket, limits.headersTimeoutMs, (isHttp2) => {
      undecided.delete(socket)
      if (isHttp2) {
        http2Sockets.add(socket)
        socket.once('close', () => http2Sockets.delete(socket))
        http2.emit('connection', socket)
      } else for (const serve of serveHttp1) serve.call(http1, socket)
    })
  })
  limitConnections(http1, limits)
  const closeHttp2Sessions = (): void => {
    void setTimeout(LAST_WORDS_MS, undefined, { ref: false }).then(() => {
      for (const socket of undecided) socket.destroy()
    })
    for (const session of sessions) session.close()
  }
  const acceptWaiting = async (): Promise<void> => {
    const endMs = performance.now() + MAX_ACCEPT_MS
    for (let quiet = 0; quiet < QUIET_PAUSES && performance.now() < endMs; ) {
      const before = accepted
      await setTimeout(ACCEPT_PAUSE_MS)
      quiet = accepted === before ? quiet + 1 : 0
    }
  }
  const destroyConnections = (): void => {
    for (const socket of undecided) socket.destroy()
    for (const session of sessions) session.destroy()
    // A session that was closed before waits until its client ends the connection.
    for (const socket of http2Sockets) socket.destroy()
    http1.closeAllConnections()
  }
  return Object.assign(http1, { closeHttp2Sessions, acceptWaiting, destroyConnections })
}

function createHttp1(listener: RequestListener, limits: HttpLimits): Server {
  const { headersTimeoutMs, requestTimeoutMs } = limits
  // Node takes no longer time for the headers than for the whole request.
  const headersTimeout = Math.min(headersTimeoutMs, requestTimeoutMs || headersTimeoutMs)
  const server = createServer(
    {
      headersTimeout,
      maxHeaderSize: limits.headerLimitBytes,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeout, 5_000),
    },
    listener,
  )
  // Node drops the headers beyond its count without a word; the request is refused instead.
  server.maxHeadersCount = 0
  limitUnfinishedHeaders(server, limits.bufferLimitBytes)
  server.timeout = limits.connectionTimeoutMs
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared <= limits.bodyLimitBytes) response.writeContinue()
    listener(request, response)
  })
  return server
}

function createHttp2(listener: RequestListener, limits: HttpLimits): Http2Server {
  const options = {
    maxHeaderListPairs: limits.headerCountLimit + 8,
    maxSendHeaderBlockLength: 16 * limits.headerLimitBytes,
    settings: {
      enablePush: false,
      maxConcurrentStreams: 128,
      maxHeaderListSize: Math.min(limits.headerLimitBytes, MAX_HTTP2_HEADER_BYTES),
    },
  }
  // The request and response of HTTP/2 are Node's stand-ins for those of HTTP/1.1.
  return createHttp2Server(options, listener as unknown as Http2Listener)
}

type Http2Listener = NonNullable<Parameters<typeof createHttp2Server>[1]>

/** Calls `decided` once enough bytes have come, with those bytes back in the socket. */
function sniff(socket: Socket, timeoutMs: number, decided: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const drop = (): void => void socket.destroy()
  const timer = globalThis.setTimeout(drop, timeoutMs)
  const onReadable = (): void => {
    const chunk: unknown = socket.read()
    if (!Buffer.isBuffer(chunk)) return
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    if (isUndecided(seen)) return
    stop()
    socket.unshift(seen)
    decided(startsLike(seen, TELLING_BYTES))
  }
  const stop = (): void => {
    clearTimeout(timer)
    socket.off('readable', onReadable)
    socket.off('end', drop)
    socket.off('error', drop)
    socket.off('close', stop)
  }
  socket.on('readable', onReadable)
  socket.on('end', drop)
  socket.on('error', drop)
  socket.on('close', stop)
}

function isUndecided(seen: Buffer): boolean {
  return seen.length < TELLING_BYTES && startsLike(seen, seen.length)
}

function startsLike(seen: Buffer, length: number): boolean {
  return seen.subarray(0, length).equals(PREFACE.subarray(0, length))
}
