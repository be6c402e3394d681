/**
 * Messages that replies link to. A client that takes no bundle gets `key+link: id` for a nested
 * message and may ask for that id next; it is remembered here, in memory and within a bound, so that
 * reading costs the store nothing. What the store has already, as the message in an assignment, is not
 * kept here besides. Nothing here is trusted: the scheduler never reads it.
 */
import { byteLength } from '../base/bytes.ts'
import { messageId, unsignedId } from '../message/id.ts'
import { withoutForms } from '../message/inline-forms.ts'
import { Message } from '../message/message.ts'
import { isBinary, isList, type Value } from '../message/value.ts'

export interface ReplyMemory {
  /** Remembers every message nested in this one. */
  remember(message: Message): void
  find(id: string): Message | undefined
}

export interface ReplyMemoryOptions {
  /** Messages that are remembered at most, the longest unused is forgotten first. Default 10,000. */
  readonly limit?: number
  /** Bytes of all of them together. Default 64 MiB. */
  readonly limitBytes?: number
}

interface Known {
  readonly message: Message
  /** With all that is nested in it, though that is remembered by itself, too. */
  readonly bytes: number
}

/** What a value of any kind takes beside its own bytes. */
const VALUE_BYTES = 64

export function createReplyMemory(options: ReplyMemoryOptions = {}): ReplyMemory {
  const { limit = 10_000, limitBytes = 67_108_864 } = options
  const known = new Map<string, Known>()
  let usedBytes = 0
  const forget = (id: string): void => {
    usedBytes -= known.get(id)?.bytes ?? 0
    known.delete(id)
  }
  const keep = (id: string, message: Message, bytes: number): void => {
    forget(id)
    if (bytes > limitBytes) return
    known.set(id, { message: withoutForms(message), bytes })
    usedBytes += bytes
    for (const oldest of known.keys()) {
      if (known.size <= limit && usedBytes <= limitBytes) return
      forget(oldest)
    }
  }
  /** Keeps what is nested in a value, and gives the bytes of all. */
  const visit = (value: Value): number => {
    if (isBinary(value)) return VALUE_BYTES + byteLength(value)
    let bytes = VALUE_BYTES
    if (value instanceof Message) {
      for (const [key, nested] of value) bytes += key.length + visit(nested)
      keep(messageId(value, 'all'), value, bytes)
    } else if (isList(value)) {
      for (const nested of value) bytes += visit(nested)
      keep(unsignedId(value), numbered(value), bytes)
    }
    return bytes
  }
  return {
    remember: (message) => {
      for (const [, value] of message) visit(value)
    },
    find: (id) => known.get(id)?.message,
  }
}

function numbered(list: readonly Value[]): Message {
  return new Message<Value>(list.map((value, index) => [String(index + 1), value] as const))
}
