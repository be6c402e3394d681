/** A proxy before a node that keeps every request, byte for byte, as a client sent it. */
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SentRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** As received: names in their case, in order. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** Status of the reply; 0 while there is none. */
  status: number
}

export interface Recorder {
  readonly url: string
  readonly sent: readonly SentRequest[]
  stop(): Promise<void>
}

export async function startRecorder(nodeUrl: string): Promise<Recorder> {
  const sent: SentRequest[] = []
  const server = createServer({ maxHeaderSize: 1_048_576 }, async (incoming, outgoing) => {
    const record = await recordOf(incoming)
    sent.push(record)
    const reply = await forward(nodeUrl, record, incoming.rawHeaders)
    record.status = reply.statusCode ?? 0
    outgoing.writeHead(record.status, reply.rawHeaders)
    reply.pipe(outgoing)
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    sent,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function recordOf(incoming: IncomingMessage): Promise<SentRequest> {
  const headers: [string, string][] = []
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.push([incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? ''])
  }
  const { method = 'GET', url: target = '/' } = incoming
  return { method, target, headers, body: await buffer(incoming), status: 0 }
}

function forward(
  nodeUrl: string,
  { method, target, body }: SentRequest,
  headers: string[],
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(nodeUrl)
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path: target, headers, maxHeaderSize: 1_048_576 }
    request(options, resolve).on('error', reject).end(body)
  })
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
