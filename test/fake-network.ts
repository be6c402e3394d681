/** What a node meets beyond itself, played on this machine: gateway, bundler, peers that misbehave. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { type Binary, toBinary, toBytes } from '../src/base/bytes.ts'
import { decodeHttpsig, encodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import type { Message } from '../src/message/message.ts'

export interface FakeServer {
  readonly url: string
  /** Every request so far, in order. */
  readonly received: readonly ReceivedRequest[]
  /** Resolves when so many requests have come. */
  reached(count: number): Promise<void>
}

export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Writes a reply, or leaves the request without one. */
export type Answer = (request: ReceivedRequest, response: ServerResponse) => unknown

/** A server that ends with its test, whatever is under way. */
export async function startFake(t: TestContext, answer: Answer): Promise<FakeServer> {
  const received: ReceivedRequest[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const server = createServer({ maxHeaderSize: 1_048_576 }, async (incoming, response) => {
    const { method = 'GET', url: target = '/', headers } = incoming
    const request = { method, target, headers, body: await buffer(incoming) }
    received.push(request)
    for (const { count, resolve } of waiting) if (received.length >= count) resolve()
    await answer(request, response)
  })
  const port = await listen(server)
  t.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    reached: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** Answers with a message as a node would. */
export function sendMessage(response: ServerResponse, message: Message, status = 200): void {
  const wire = encodeHttpsig(message, { bundle: true })
  for (const [name, value] of wire.headers) {
    response.setHeader(name, Buffer.from(toBytes(value)).toString('latin1'))
  }
  response.writeHead(status)
  response.end(wire.body)
}

/** Hands a request on and its reply back. */
export async function sendOn(
  url: string,
  { method, headers, body }: ReceivedRequest,
  response: ServerResponse,
): Promise<void> {
  const { host: _, connection: __, ...sent } = headers
  const init = { method, headers: sent as Record<string, string> }
  const reply = await fetch(url, body.length === 0 ? init : { ...init, body })
  for (const [name, value] of reply.headers) response.setHeader(name, value)
  response.writeHead(reply.status)
  response.end(Buffer.from(await reply.arrayBuffer()))
}

/** The httpsig message of a request. */
export function readReceived({ headers, body, method, target }: ReceivedRequest): Message {
  const read: [string, Binary][] = []
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') read.push([name, toBinary(Buffer.from(value, 'latin1'))])
  }
  return decodeHttpsig({ headers: read, method, target, ...(body.length > 0 && { body }) })
}

export function sendJson(response: ServerResponse, json: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(json))
}

export interface FakeBlock {
  readonly height: number
  readonly indep_hash: string
  readonly timestamp: number
}

export interface FakeGatewayState {
  /** What `/block/current` answers; a 500 without it. */
  block?: FakeBlock
  /** Tags of the newest `Scheduler-Location` of each address; a 500 for `broken` ones. */
  locations: Record<string, Readonly<Record<string, string>> | 'broken'>
}

/** A gateway that knows the newest block and scheduler locations. */
export function startFakeGateway(t: TestContext, state: FakeGatewayState): Promise<FakeServer> {
  return startFake(t, (request, response) => {
    if (request.method === 'GET' && request.target === '/block/current') {
      if (state.block === undefined) sendJson(response, {}, 500)
      else sendJson(response, state.block)
    } else if (request.method === 'POST' && request.target === '/graphql') {
      answerQuery(request, response, state)
    } else {
      sendJson(response, { error: 'Nobody asks a gateway for this' }, 404)
    }
  })
}

interface LocationQuery {
  readonly query: string
  readonly variables: { readonly owners: readonly string[] }
}

function answerQuery(
  { body }: ReceivedRequest,
  response: ServerResponse,
  { locations }: FakeGatewayState,
): void {
  const { query, variables } = JSON.parse(body.toString()) as LocationQuery
  const [address = ''] = variables.owners
  const tags = locations[address]
  if (!query.includes('Scheduler-Location') || tags === 'broken') {
    sendJson(response, { errors: [{ message: 'The index is down' }] }, 500)
    return
  }
  const node = {
    tags: Object.entries(tags ?? {}).map(([name, value]) => ({ name, value })),
  }
  sendJson(response, { data: { transactions: { edges: tags === undefined ? [] : [{ node }] } } })
}
