/** The work of the protocol: the request becomes a message, the message is resolved, and replied. */
import type { Work } from './exchange.ts'
import { negotiate } from './negotiate.ts'
import type { Reply, ReplyEncoders } from './reply.ts'
import { type RequestDecoders, readRequestMessage } from './request-message.ts'
import type { Resolve } from './resolve.ts'

export interface MessageWorkDeps {
  readonly resolve: Resolve
  readonly decoders: RequestDecoders
  readonly encoders: ReplyEncoders
  readonly reply: Reply
}

export function createMessageWork(deps: MessageWorkDeps): Work {
  const { resolve, decoders, encoders, reply } = deps
  return async ({ head, body, requestId, signal, failAs }) => {
    const request = await readRequestMessage(head, body, decoders)
    // Before anything happens, so that no message is scheduled whose reply cannot be sent.
    const negotiation = negotiate(
      { ...request, readsAcceptCodec: request.codec === 'ans104@1.0' },
      encoders,
    )
    if (negotiation.codec === 'json@1.0') failAs('json')
    return reply(await resolve(request.message, { requestId, signal }), negotiation)
  }
}
