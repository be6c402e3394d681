/**
 * Messages that replies link to. A client that takes no bundle gets `key+link: id` for a nested
 * message and may ask for that id next; it is remembered here, in memory and within a bound, so that
 * reading costs the store nothing. Nothing here is trusted: the scheduler never reads it.
 */
import { messageId, unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'

export interface ReplyMemory {
  /** Remembers every message nested in this one. */
  remember(message: Message): void
  find(id: string): Message | undefined
}

export interface ReplyMemoryOptions {
  /** Messages that are remembered at most, the longest unused is forgotten first. Default 10,000. */
  readonly limit?: number
}

export function createReplyMemory({ limit = 10_000 }: ReplyMemoryOptions = {}): ReplyMemory {
  const known = new Map<string, Message>()
  const keep = (id: string, message: Message): void => {
    known.delete(id)
    known.set(id, message)
    const [oldest] = known.keys()
    if (known.size > limit && oldest !== undefined) known.delete(oldest)
  }
  const visit = (value: Value): void => {
    if (value instanceof Message) {
      for (const [, nested] of value) visit(nested)
      keep(messageId(value, 'all'), value)
    } else if (isList(value)) {
      for (const nested of value) visit(nested)
      keep(unsignedId(value), numbered(value))
    }
  }
  return {
    remember: (message) => {
      for (const [, value] of message) visit(value)
    },
    find: (id) => known.get(id),
  }
}

function numbered(list: readonly Value[]): Message {
  return new Message<Value>(list.map((value, index) => [String(index + 1), value] as const))
}
