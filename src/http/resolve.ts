/** The seam to the resolver: what the HTTP interface hands it and gets back. */
import type { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'

/** What came of a request: the same that devices answer. */
export type Outcome = (
  | { readonly kind: 'ok' | 'skip' | 'pass'; readonly value: Value }
  | { readonly kind: 'error'; readonly status: number; readonly value: Value }
) & {
  /** Whether a device of the node put the value together, and not a client. */
  readonly isOwn?: boolean
}

export interface ResolveContext {
  /** For logs, and for what is done on behalf of the request elsewhere. */
  readonly requestId: string
  /** Aborted when nobody waits for the reply any more: the client went away or time is up. */
  readonly signal: AbortSignal
}

/**
 * Resolves a request message: its `path` from its base to the result. Expected refusals are
 * outcomes or thrown as an `AoError`; anything else that is thrown becomes a 500.
 */
export type Resolve = (request: Message, context: ResolveContext) => Promise<Outcome>
