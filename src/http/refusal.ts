/** A request that the server turns away itself, before anything of the protocol looks at it. */
import type { ErrorCode } from '../base/errors.ts'

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: ErrorCode
  /** Whether the rest of the request is unread, so that the connection cannot be used again. */
  readonly closes: boolean
  /** When the client may try again, if that is known. */
  readonly retryAfterMs: number | undefined

  constructor(
    status: number,
    message: string,
    options: {
      readonly code: ErrorCode
      readonly closes?: boolean
      readonly retryAfterMs?: number
    },
  ) {
    super(message)
    this.status = status
    this.code = options.code
    this.closes = options.closes ?? false
    this.retryAfterMs = options.retryAfterMs
  }
}
