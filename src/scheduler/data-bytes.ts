/** How much of a page or of a look ahead a message takes. */
import { byteLength } from '../base/bytes.ts'
import { Message } from '../message/message.ts'
import { isBinary } from '../message/value.ts'

/** Bytes of the values of a message, and of the messages right below it. */
export function dataBytes(message: Message): number {
  let bytes = 0
  for (const [, value] of message) {
    if (isBinary(value)) bytes += byteLength(value)
    else if (value instanceof Message) bytes += dataBytes(value)
  }
  return bytes
}
