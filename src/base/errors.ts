/**
 * The one error class of the project. Every failure that a caller can act on is an `AoError` with
 * a code that never changes meaning; the only table from code to HTTP status is in `http/`.
 */

export type ErrorCode =
  // Values, keys and ids of a message.
  | 'invalid-value'
  | 'invalid-key'
  | 'invalid-id'
  | 'invalid-message'
  | 'invalid-hashpath'
  // Bytes or text that are not what their format says.
  | 'invalid-encoding'
  | 'invalid-path'
  | 'unencodable'
  | 'unsupported-codec'
  // Commitments.
  | 'invalid-commitment'
  | 'invalid-signature'
  | 'unsupported-algorithm'
  | 'invalid-wallet'
  // Look-ups.
  | 'not-found'
  | 'link-not-found'
  // Devices and resolution.
  | 'unsupported-device'
  | 'invalid-request'
  | 'method-not-allowed'
  | 'infinite-recursion'
  // Storage.
  | 'store-failed'
  | 'store-closed'
  | 'store-denied'
  | 'store-conflict'
  // The node.
  | 'invalid-config'
  | 'unauthorized'
  | 'limit-exceeded'
  | 'overloaded'
  | 'rate-limited'
  | 'timeout'
  | 'unavailable'
  | 'remote-failed'
  | 'internal'

export type ErrorContext = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * A failure with a stable code.
 *
 * @example
 * throw new AoError('invalid-id', 'Expected an id of 43 base64url characters', { length: 5 })
 */
export class AoError extends Error {
  override readonly name = 'AoError'
  readonly code: ErrorCode
  /** Facts for the caller and the log; never a key, never a whole body. */
  readonly context: ErrorContext

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.context = context
  }
}

/** Whether `error` is an `AoError`, and, when codes are given, one of these. */
export function isAoError(error: unknown, ...codes: readonly ErrorCode[]): error is AoError {
  return error instanceof AoError && (codes.length === 0 || codes.includes(error.code))
}
