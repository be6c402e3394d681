/** A client of one node over real HTTP that reads replies as messages, for tests. */
import { Agent } from 'node:http'
import { toBytes } from '../src/base/bytes.ts'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { encodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import type { Message } from '../src/message/message.ts'
import { decodeReply } from './comparable-reply.ts'
import { type HttpAnswer, send } from './replay.ts'

export interface ClientReply extends HttpAnswer {
  readonly text: string
  /** The reply read in its codec. */
  readonly message: () => Message
}

export interface NodeClient {
  /** Everything inline, unless the headers say otherwise. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<ClientReply>
  /** A message in the codec of its signatures; one without any as httpsig@1.0. */
  post(path: string, message: Message): Promise<ClientReply>
  request(method: string, path: string, options?: ClientRequest): Promise<ClientReply>
  close(): void
}

export interface ClientRequest {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export function createNodeClient(url: string): NodeClient {
  const agent = new Agent({ keepAlive: true })
  const request: NodeClient['request'] = async (method, path, { headers = {}, body } = {}) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const sent = { method, path, headers: Object.entries(headers) }
    const answer = await send(url, bytes === undefined ? sent : { ...sent, body: bytes }, agent)
    const text = Buffer.from(answer.body).toString()
    return { ...answer, text, message: () => decodeReply(answer) }
  }
  return {
    request,
    get: (path, headers) => {
      return request('GET', path, { headers: { 'accept-bundle': 'true', ...headers } })
    },
    post: (path, message) => request('POST', path, encodedRequest(message)),
    close: () => agent.destroy(),
  }
}

function encodedRequest(message: Message): ClientRequest {
  const accept = { 'accept-bundle': 'true' }
  const devices = [...message.commitments.values()].map(({ device }) => device)
  if (devices.includes('ans104@1.0')) {
    const headers = { 'content-type': 'application/ans104', ...accept }
    return { headers, body: encodeAns104(message) }
  }
  const { headers, body } = encodeHttpsig(message, { bundle: true })
  const named = headers.map(([name, value]) => [name, Buffer.from(toBytes(value)).toString()])
  const all = { ...Object.fromEntries(named), ...accept }
  return body === undefined ? { headers: all } : { headers: all, body }
}
