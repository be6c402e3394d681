/** What a handler of the scheduler answers: a status and a value, in the reference's words. */
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import type { RemoteOutcome } from './context.ts'
import type { Redirect } from './locate.ts'

export interface Reply {
  readonly status: number
  readonly value: Value
}

export function ok(value: Value): Reply {
  return { status: 200, value }
}

export function badRequest(reason: string): Reply {
  return { status: 400, value: reason }
}

/** The atom `not_found` for the bare outcome, else a reason. */
export function notFound(reason: string): Reply {
  return { status: 404, value: reason === 'not_found' ? new Atom(reason) : reason }
}

export function redirectReply({ url, variant }: Redirect): Reply {
  const value = new Message<Value>([
    ['status', 307],
    ['location', url],
    ['variant', variant],
    ['body', `Redirecting to scheduler: ${url}`],
  ])
  return { status: 307, value }
}

/** What another scheduler answered. */
export function remoteReply(outcome: RemoteOutcome): Reply {
  const { message } = outcome
  return outcome.kind === 'answered' ? ok(message) : { status: outcome.status, value: message }
}
