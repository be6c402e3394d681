/** A small compute unit on a port of its own: it counts, and answers as those of legacynet do. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface UnitCall {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The body, if it is JSON. */
  readonly json: UnitJson
}

export interface UnitTag {
  readonly name: string
  readonly value: string
}

interface AosMessage {
  readonly Id: string
  readonly Owner: string
  readonly From: string
  readonly Target: string
  readonly Data: string | null
  readonly Tags: readonly UnitTag[]
}

export interface UnitJson extends Partial<AosMessage> {
  readonly edges?: readonly {
    readonly node: { readonly message: AosMessage; readonly assignment: AosMessage }
  }[]
  readonly page_info?: Readonly<Record<string, unknown>>
}

/** Answers in place of the unit; `false` leaves it to the unit. */
export type UnitFault = (call: UnitCall, response: ServerResponse) => boolean

export interface TestUnit {
  readonly url: string
  /** In order. */
  readonly calls: UnitCall[]
  /** Set to make the unit misbehave. */
  fault: UnitFault | undefined
  pathsOf(kind: string): string[]
}

export async function startUnit(t: TestContext): Promise<TestUnit> {
  const calls: UnitCall[] = []
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    readCall(request).then((call) => {
      calls.push(call)
      if (unit.fault?.(call, response)) return
      answer(call, counts, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const unit: TestUnit = {
    ...{ url: `http://127.0.0.1:${port}`, calls, fault: undefined },
    pathsOf: (kind) =>
      calls.filter(({ path }) => path.startsWith(`/${kind}`)).map(({ path }) => path),
  }
  return unit
}

async function readCall(request: IncomingMessage): Promise<UnitCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  const { url: path = '', headers } = request
  try {
    return { path, headers, text, json: JSON.parse(text) as UnitJson }
  } catch {
    return { path, headers, text, json: {} }
  }
}

/** The count of each process is that of its messages with an action; tags say what else to do. */
function answer(call: UnitCall, counts: Map<string, number>, response: ServerResponse): void {
  const url = new URL(call.path, 'http://unit')
  const pid = url.searchParams.get('process-id') ?? ''
  if (url.pathname.startsWith('/result/')) {
    const message = call.json.edges?.[0]?.node.message
    const count = (counts.get(pid) ?? 0) + (tagOf(message, 'Action') === 'Increment' ? 1 : 0)
    counts.set(pid, count)
    reply(response, resultOf(message, count))
  } else if (url.pathname === '/dry-run') {
    const isCounted = tagOf(call.json, 'Action') === 'Increment'
    reply(response, resultOf(call.json, (counts.get(pid) ?? 0) + (isCounted ? 1 : 0)))
  } else {
    response.writeHead(404).end('Not found')
  }
}

export function reply(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

export function tagOf(message: Partial<AosMessage> | undefined, name: string): string | undefined {
  return message?.Tags?.find((tag) => tag.name.toLowerCase() === name.toLowerCase())?.value
}

function resultOf(message: Partial<AosMessage> | undefined, count: number) {
  const to = tagOf(message, 'To')
  const price = tagOf(message, 'Price')
  const Messages = [
    ...(to === undefined ? [] : [sent(to, [{ name: 'Action', value: 'Increment' }])]),
    ...(price === undefined ? [] : [patch(price)]),
  ]
  return { Output: { data: `${count}` }, Messages, Spawns: [], Assignments: [], GasUsed: 0 }
}

function sent(target: string, tags: readonly UnitTag[]) {
  const common = [
    { name: 'Data-Protocol', value: 'ao' },
    { name: 'From-Process', value: 'forged' },
  ]
  return {
    Target: target,
    Data: 'Hello',
    Anchor: '00000000000000000000000000000001',
    Tags: [...common, ...tags],
  }
}

function patch(price: string) {
  return {
    Target: '',
    Data: '',
    Anchor: '2',
    Tags: [
      { name: 'method', value: 'PATCH' },
      { name: 'price', value: price },
    ],
  }
}
