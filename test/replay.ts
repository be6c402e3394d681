/** Recorded HTTP exchanges with a real HyperBEAM node, and the same requests sent to one of ours. */
import { once } from 'node:events'
import { type Agent, type IncomingMessage, request as openRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { walletFromJwk } from '../src/crypto/local-wallet.ts'
import { type RunningNode, startNode } from '../src/node/node.ts'
import { readVectorFile } from './vectors.ts'

export interface HttpRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: Uint8Array
}

export interface HttpAnswer {
  readonly status: number
  /** Those of the message and CORS; what is about the connection is left out. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
  /** Whether the reference answered with one of its stock web pages, which was not recorded. */
  readonly isPage: boolean
}

export interface RecordedExchange {
  readonly name: string
  readonly request: HttpRequest
  readonly answer: HttpAnswer
}

interface RecordedBody {
  readonly text?: string
  readonly base64?: string
  readonly html?: true
}

interface RecordedAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: RecordedBody
}

interface RecordedPost {
  readonly name: string
  readonly request: Omit<HttpRequest, 'body'> & { readonly body: RecordedBody }
  readonly response: RecordedAnswer
}

interface RecordedGet {
  readonly name: string
  /** `GET /path -H accept: application/json -X OPTIONS -I` */
  readonly request: string
  readonly response: RecordedAnswer
}

/** The posts, in the order in which a fresh node got them. */
export function readPosts(): RecordedExchange[] {
  const { posts } = readVectorFile('http/posts') as { posts: RecordedPost[] }
  return posts.map(({ name, request, response }) => {
    const body = bytesOf(request.body)
    return { name, request: { ...request, body }, answer: answerOf(response, request.method) }
  })
}

/** What was read of the node after the posts, in order. */
export function readGets(): RecordedExchange[] {
  const gets = readVectorFile('http/gets') as RecordedGet[]
  return gets.map(({ name, request: line, response }) => {
    const request = parseRequest(line)
    return { name, request, answer: answerOf(response, request.method) }
  })
}

/** What the program that asked sent with each request: the hashpath of a reply takes it in. */
const ALWAYS_SENT: readonly (readonly [string, string])[] = [
  ['accept', '*/*'],
  ['host', '127.0.0.1:10200'],
]

function parseRequest(line: string): HttpRequest {
  const [verb = '', path = ''] = line.split(' ')
  const asked = [...line.matchAll(/ -H ([^:]+): (\S+)/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  )
  const method = line.endsWith(' -I') ? 'HEAD' : (/ -X (\w+)/.exec(line)?.[1] ?? verb)
  return { method, path, headers: [...new Map([...ALWAYS_SENT, ...asked])] }
}

function answerOf({ status, headers, body }: RecordedAnswer, method: string): HttpAnswer {
  const isOk = status === 200
  const isPage = body.html === true || (isOk && headers.some(isHtmlType))
  return {
    ...{ status, isPage },
    headers: messageHeaders(headers),
    // Of a HEAD the program that asked recorded its own output.
    body: method === 'HEAD' ? new Uint8Array() : bytesOf(body),
  }
}

function isHtmlType([name, value]: readonly [string, string]): boolean {
  return name === 'content-type' && value.startsWith('text/html')
}

function bytesOf({ text = '', base64 }: RecordedBody): Uint8Array {
  return base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')
}

/** What the connection adds, and a header of ours that keeps browsers from guessing types. */
const TRANSPORT = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
  'x-content-type-options',
])

function messageHeaders(headers: Iterable<readonly [string, string]>): Map<string, string> {
  const lower = [...headers].map(([name, value]) => [name.toLowerCase(), value] as const)
  return new Map(lower.filter(([name]) => !TRANSPORT.has(name)).sort())
}

/**
 * Sends a request over a real connection with exactly its headers: most clients add some of their
 * own, and the hashpath of a reply takes in all of them. Redirects are not followed.
 */
export async function send(url: string, request: HttpRequest, agent: Agent): Promise<HttpAnswer> {
  const { method, path, headers, body } = request
  const { host, hostname, port } = new URL(url)
  const sent = new Map([['host', host], ...headers])
  if (body !== undefined) sent.set('content-length', String(body.length))
  const options = { method, hostname, port, path, agent, setDefaultHeaders: false }
  const outgoing = openRequest({ ...options, headers: [...sent].flatMap(latin1Pair) })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const bytes = await buffer(incoming)
  return {
    status: incoming.statusCode ?? 0,
    headers: messageHeaders(pairs(incoming.rawHeaders)),
    body: bytes,
    isPage: false,
  }
}

function latin1Pair([name, value]: readonly [string, string]): [string, string] {
  return [name, Buffer.from(value).toString('latin1')]
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    found.push([raw[i] ?? '', Buffer.from(raw[i + 1] ?? '', 'latin1').toString()])
  }
  return found
}

/** A node like the recorded one: its wallet, its chain, its codec of assignments, its devices. */
export function startReplayNode(): Promise<RunningNode> {
  return startNode(
    {
      ...{ host: '127.0.0.1', port: 0, storeEngine: 'memory', testDevices: true },
      ...{ assignmentChain: 'hash-chain', assignmentCommitment: 'httpsig@1.0' },
      // There, tasks are for anybody to make.
      ...{ defaultRequest: '/~hyperbuddy@1.0/dashboard', cronAccess: 'open' },
    },
    { wallets: [walletFromJwk(readVectorFile('wallet'))] },
  )
}
