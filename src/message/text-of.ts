import { toText } from '../base/bytes.ts'
import type { Message } from './message.ts'
import { isBinary } from './value.ts'

/** The text under a key, if a text is there: no atom, no number, no bytes that are no UTF-8. */
export function textOf(message: Message, key: string): string | undefined {
  const value = message.get(key)
  return isBinary(value) ? toText(value) : undefined
}
