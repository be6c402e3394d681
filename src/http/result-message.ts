/**
 * The outcome of a request as the message that is sent: literals wrapped, `status` always there.
 * Source: HyperBEAM, `hb_ao:force_message` and `dev_meta:embed_status`.
 */
import { committedKeys } from '../message/committed.ts'
import { Message } from '../message/message.ts'
import { Atom, isList, type Value } from '../message/value.ts'
import type { Outcome } from './resolve.ts'
import { isStatus, statusOfWord } from './status.ts'

export interface ResultMessage {
  readonly message: Message
  readonly status: number
}

/** The message of an outcome, with `status` set unless a commitment of it covers that already. */
export function resultMessage(outcome: Outcome): ResultMessage {
  const message = asMessage(outcome)
  const status = statusOf(message, outcome)
  // What a message of a client says of its commitments is not checked, but the key must be there:
  // a signed reply is told from everything else that the node signs by its status.
  const isCommitted = message.has('status') && committedKeys(message).includes('status')
  if (isCommitted || message.get('status') === status) return { message, status }
  return { message: message.with([['status', status]]), status }
}

function asMessage(outcome: Outcome): Message {
  const { value } = outcome
  if (isList(value)) return new Message(value.map((item, i) => [String(i + 1), item] as const))
  if (!(value instanceof Message)) return literal(value)
  return isLiteralWithStatus(value, outcome) ? value.with([['ao-result', 'body']]) : value
}

/** Readers of `ao-result` unwrap the key that it names. */
function literal(value: Value): Message {
  return new Message<Value>([
    ['ao-result', 'body'],
    ['body', value],
  ])
}

/** A body under the status word of its own outcome says no more than the body alone. */
function isLiteralWithStatus(message: Message, outcome: Outcome): boolean {
  const word = message.get('status')
  if (message.size !== 2 || !message.has('body') || !(word instanceof Atom)) return false
  if (outcome.kind !== 'error') return word.name === 'ok'
  return statusOfWord(word.name) === outcome.status
}

/** `status` of the message, else the word in its body, else what the outcome says. */
function statusOf(message: Message, outcome: Outcome): number {
  const own = statusFrom(message.get('status'))
  if (own !== undefined) return own
  const body = message.get('body')
  const word = body instanceof Atom ? statusOfWord(body.name) : undefined
  if (word !== undefined) return word
  if (outcome.kind !== 'error') return 200
  return isStatus(outcome.status) ? outcome.status : 500
}

function statusFrom(value: Value | undefined): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return valid(Number(value))
  if (value instanceof Atom) return statusOfWord(value.name)
  if (typeof value !== 'string') return undefined
  return /^\d{3}$/.test(value) ? valid(Number(value)) : statusOfWord(value)
}

function valid(status: number): number | undefined {
  return isStatus(status) ? status : undefined
}
