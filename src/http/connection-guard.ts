/**
 * Connections before they have said what they want. Node counts how many there are; here is who may
 * have one more, who makes room, and how much of unfinished headers is kept for all together.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpLimits } from './limits.ts'
import { addressBlock } from './networks.ts'

const WATCH_MS = 500

/** Limits how many connections there are, of whatever protocol. */
export function limitConnections(server: Server, limits: HttpLimits): void {
  server.maxConnections = limits.maxConnections
  if (limits.maxConnectionsPerAddress > 0) limitPerAddress(server, limits.maxConnectionsPerAddress)
  makeRoom(server)
}

function limitPerAddress(server: Server, limit: number): void {
  const counts = new Map<string, number>()
  server.prependListener('connection', (socket: Socket) => {
    const block = addressBlock(socket.remoteAddress ?? '')
    const count = (counts.get(block) ?? 0) + 1
    counts.set(block, count)
    socket.once('close', () => {
      const left = (counts.get(block) ?? 1) - 1
      if (left > 0) counts.set(block, left)
      else counts.delete(block)
    })
    if (count > limit) socket.destroy()
  })
}

/** When the server is full, connections that are only kept for a next request are closed. */
function makeRoom(server: Server): void {
  let madeAtMs = 0
  server.on('drop', () => {
    const nowMs = performance.now()
    if (nowMs - madeAtMs < WATCH_MS) return
    madeAtMs = nowMs
    server.closeIdleConnections()
  })
}

interface Incoming {
  /** `bytesRead` of the socket after the last request on it. */
  startedAt: number
  requests: number
}

/**
 * Limits the bytes of headers that are not complete, for HTTP/1.1: they are in no request yet, so
 * that nothing else counts them.
 */
export function limitUnfinishedHeaders(server: Server, limitBytes: number): void {
  const sockets = new Map<Socket, Incoming>()
  server.on('connection', (socket: Socket) => {
    sockets.set(socket, { startedAt: 0, requests: 0 })
    socket.once('close', () => sockets.delete(socket))
  })
  // One function for the replies of all: they know their requests, and these their sockets.
  function onReplied(this: ServerResponse): void {
    const { socket } = this.req
    const incoming = sockets.get(socket)
    if (incoming === undefined) return
    incoming.requests -= 1
    incoming.startedAt = socket.bytesRead
  }
  const onRequest = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const incoming = sockets.get(socket)
    if (incoming === undefined) return
    incoming.requests += 1
    response.on('close', onReplied)
  }
  server.on('request', onRequest).on('checkContinue', onRequest)
  const timer = setInterval(() => cutLargest(sockets, limitBytes), WATCH_MS)
  timer.unref()
  server.once('close', () => clearInterval(timer))
}

function cutLargest(sockets: ReadonlyMap<Socket, Incoming>, limitBytes: number): void {
  const unfinished: { readonly socket: Socket; readonly bytes: number }[] = []
  let total = 0
  for (const [socket, { startedAt, requests }] of sockets) {
    const bytes = requests > 0 ? 0 : socket.bytesRead - startedAt
    if (bytes > 0) unfinished.push({ socket, bytes })
    total += bytes
  }
  if (total <= limitBytes) return
  unfinished.sort((left, right) => right.bytes - left.bytes)
  for (const { socket, bytes } of unfinished) {
    if (total <= limitBytes) return
    total -= bytes
    socket.destroy()
  }
}
