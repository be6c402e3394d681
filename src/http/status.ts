/** Statuses: the only table from an `AoError` to one, and the status words of the protocol. */
import type { ErrorCode } from '../base/errors.ts'

const STATUS_OF_CODE: Readonly<Record<ErrorCode, number>> = {
  'invalid-value': 400,
  'invalid-key': 400,
  'invalid-id': 400,
  'invalid-message': 400,
  'invalid-hashpath': 400,
  'invalid-encoding': 400,
  'invalid-path': 400,
  unencodable: 406,
  'unsupported-codec': 400,
  'invalid-commitment': 400,
  'invalid-signature': 400,
  'unsupported-algorithm': 400,
  'invalid-wallet': 500,
  'not-found': 404,
  'link-not-found': 404,
  'unsupported-device': 404,
  'invalid-request': 400,
  'method-not-allowed': 405,
  'infinite-recursion': 508,
  'store-failed': 500,
  'store-closed': 503,
  'store-denied': 403,
  'store-conflict': 500,
  'invalid-config': 500,
  unauthorized: 401,
  'limit-exceeded': 413,
  overloaded: 503,
  'rate-limited': 429,
  timeout: 504,
  unavailable: 503,
  'remote-failed': 502,
  internal: 500,
}

export function statusOfCode(code: ErrorCode): number {
  return STATUS_OF_CODE[code]
}

/** Source: HyperBEAM, `dev_meta:status_code`. */
const STATUS_OF_WORD: ReadonlyMap<string, number> = new Map([
  ['ok', 200],
  ['created', 201],
  ['error', 400],
  ['unauthorized', 401],
  ['forbidden', 403],
  ['not_found', 404],
  ['failure', 500],
  ['unavailable', 503],
])

/** The status that a word of the protocol stands for; `undefined` for any other word. */
export function statusOfWord(word: string): number | undefined {
  return STATUS_OF_WORD.get(word)
}

/** Whether a number can be the status of a final reply: others would break the connection. */
export function isStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 200 && status <= 599
}

/** Whether a reply of this status has no body by the rules of HTTP (RFC 9110, 6.4.1). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}
