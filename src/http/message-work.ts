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
  return async (received) => {
    const { message, primitive, codec } = await readRequestMessage(
      received.head,
      received.body,
      decoders,
    )
    // Before anything happens, so that no message is scheduled whose reply cannot be sent.
    const readsAcceptCodec = codec === 'ans104@1.0'
    const negotiation = negotiate({ message, primitive, readsAcceptCodec }, encoders)
    if (negotiation.codec === 'json@1.0') received.failAs('json')
    const outcome = await resolve(message, received)
    return await reply(outcome, negotiation)
  }
}
