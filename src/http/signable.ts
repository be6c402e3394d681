/**
 * Which replies get the signature of the node: those that it put together itself, and bare values.
 * A signature by its wallet makes a message a scheduler location, an assignment or a message of its
 * owner wherever somebody takes it for one. Clients must not get one on keys that they choose, by
 * `/~message@1.0/set?url=...` or by reading back what they stored.
 */
import { equalBinary } from '../base/bytes.ts'
import type { Message } from '../message/message.ts'
import { isBinary, isInteger, type Value } from '../message/value.ts'
import type { Outcome } from './resolve.ts'
import type { ResultMessage } from './result-message.ts'

/** Whether the node may sign what came of a request. */
export function isSignable({ isOwn = false }: Outcome, { message }: ResultMessage): boolean {
  // The types that the node's own answers have; what has another one is signed where it is made.
  const type = message.get('type')
  if (type !== undefined && !isText(type, 'schedule') && !isState(message, type)) return false
  return isOwn || (message.commitments.size === 0 && isBareValue(message.keys()))
}

/** The state of a process has its keys, but is none: it says so by its slot. */
function isState(message: Message, type: Value): boolean {
  return isText(type, 'Process') && isInteger(message.get('at-slot')) && message.has('process')
}

/** A literal or list as `resultMessage` wraps it: keys that say nothing of what the value is. */
function isBareValue(keys: Iterable<string>): boolean {
  for (const key of keys) if (!BARE_KEYS.has(key) && !/^\d+$/.test(key)) return false
  return true
}

const BARE_KEYS: ReadonlySet<string> = new Set(['ao-result', 'body', 'status'])

function isText(value: Value, text: string): boolean {
  return isBinary(value) && equalBinary(value, text)
}
