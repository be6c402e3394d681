/** What went wrong with a request, as the client and the log are told. */

import { toBytes } from '../base/bytes.ts'
import { type AoError, type ErrorCode, isAoError } from '../base/errors.ts'
import { singleLine } from './header-text.ts'
import { textPage } from './page.ts'
import { Refusal } from './refusal.ts'
import { statusOfCode } from './status.ts'
import { type WireReply, wireReply } from './wire-reply.ts'

export interface Failure {
  readonly status: number
  readonly code: ErrorCode
  /** For the client: what was expected, what came, what to do. Nothing of the node's inside. */
  readonly reason: string
  readonly requestId: string
  /** Facts beside the reason, on one line. */
  readonly details?: string
  /** Methods that the path does have. */
  readonly allow?: string
  /** When the client may try again, for 429 and 503. Default 1,000. */
  readonly retryAfterMs?: number
}

const RETRY_AFTER_MS = 1_000

export type FailureFormat = 'text' | 'json' | 'page'

/** The failure that an error is. What is not an error of the client stays in the log. */
export function failureOf(error: unknown, requestId: string): Failure {
  if (error instanceof Refusal) {
    const { status, code, message: reason, retryAfterMs = RETRY_AFTER_MS } = error
    return { status, code, reason, requestId, retryAfterMs }
  }
  if (!isAoError(error)) return internal('internal', requestId)
  const status = statusOfCode(error.code)
  if (status === 500) return internal(error.code, requestId)
  const details = factsOf(error)
  const { allow, retryAfterMs } = error.context
  return {
    ...{ status, code: error.code, reason: error.message, requestId },
    ...(details !== '' && { details }),
    ...(typeof allow === 'string' && { allow }),
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
  }
}

/** A failure in the form that its client reads. Needs no codec: these may be what failed. */
export function failureReply(failure: Failure, format: FailureFormat): WireReply {
  if (format === 'json') return jsonReply(failure)
  const headers: [string, string][] = [...plainKeys(failure), ['ao-types', 'status="integer"']]
  if (format === 'page') {
    const title = `${failure.status} ${failure.code}`
    headers.push(['content-type', 'text/html; charset=utf-8'])
    return wireReply(failure.status, { headers, body: textPage(title, failure.reason) })
  }
  headers.push(['ao-result', 'body'], ['content-type', 'text/plain; charset=utf-8'])
  return wireReply(failure.status, { headers, body: failure.reason })
}

function jsonReply(failure: Failure): WireReply {
  const keys = plainKeys(failure)
  const body = { ...Object.fromEntries(keys), status: failure.status, body: failure.reason }
  const headers: [string, string][] = [
    ...keys,
    ['codec-device', 'json@1.0'],
    ['content-type', 'application/json'],
  ]
  return wireReply(failure.status, { headers, body: toBytes(JSON.stringify(body)) })
}

function plainKeys(failure: Failure): [string, string][] {
  const keys: [string, string][] = [
    ['status', String(failure.status)],
    ['error', failure.code],
    ['request-id', failure.requestId],
  ]
  if (failure.details !== undefined) keys.push(['details', failure.details])
  if (failure.allow !== undefined) keys.push(['allow', singleLine(failure.allow)])
  if (failure.status === 503 || failure.status === 429) {
    const { retryAfterMs = RETRY_AFTER_MS } = failure
    keys.push(['retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000)))])
  }
  return keys
}

function internal(code: ErrorCode, requestId: string): Failure {
  const reason = `The node failed to answer; its log has the cause under request id ${requestId}`
  return { status: 500, code, reason, requestId }
}

function factsOf(error: AoError): string {
  const facts = Object.entries(error.context).filter(([, value]) => value !== undefined)
  return singleLine(facts.map(([name, value]) => `${name}=${value}`).join(', ')).slice(0, 512)
}
