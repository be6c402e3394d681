/** Routes beside the protocol: health, metrics, older APIs. They answer without any message. */
import { AoError } from '../base/errors.ts'
import type { Work } from './exchange.ts'
import { headerText } from './request-head.ts'
import { type WireReply, wireReply } from './wire-reply.ts'

export interface PlainRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  /** What the path held in place of `:name`, or of `*`. */
  readonly params: Readonly<Record<string, string>>
  /** Text of a header by its lower-case name. */
  header(name: string): string | undefined
  /** Empty for a request without a body. */
  readonly body: Uint8Array
  readonly signal: AbortSignal
}

export interface PlainReply {
  readonly status: number
  /** Lower-case names, `content-type` among them. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface PlainRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'
  /** `/health`, with parameters `/schedule/:process`, or with a rest `/page/*`. */
  readonly path: string
  /** Whether it is answered however busy the node is: health, metrics. */
  readonly isExempt?: boolean
  /** Refusals are replies, or thrown as an `AoError`. */
  readonly handle: (request: PlainRequest) => Promise<PlainReply>
}

export function createPlainWork(route: PlainRoute, params: Readonly<Record<string, string>>): Work {
  return async ({ head, body, signal }) => {
    const { method, target } = head
    const header = (name: string): string | undefined => headerText(head, name)
    return plainReply(await route.handle({ method, target, params, header, body, signal }))
  }
}

function plainReply({ status, headers = {}, body }: PlainReply): WireReply {
  const encoded = { headers: Object.entries(headers) }
  return wireReply(status, body === undefined ? encoded : { ...encoded, body })
}

/** The reply to `OPTIONS`: any page may send anything. */
export const OPTIONS_REPLY: WireReply = {
  status: 204,
  headers: [
    'access-control-allow-origin',
    '*',
    'access-control-allow-headers',
    '*',
    'access-control-allow-methods',
    'GET, POST, PUT, DELETE, OPTIONS, PATCH',
  ],
}

/** The reply to a bare `/`. */
export function redirectReply(location: string): WireReply {
  return wireReply(302, { headers: [['location', location]] })
}

/** What a method that is none of the protocol gets. */
export function refuseMethod(method: string): never {
  const allow = 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS'
  const reason = 'Expected a method of those in allow'
  throw new AoError('method-not-allowed', reason, { allow, method: method.slice(0, 32) })
}
