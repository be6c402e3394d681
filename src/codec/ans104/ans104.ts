/**
 * ans104@1.0: a message as one signed ANS-104 data item. The layers, from the bytes up: `tags.ts`
 * and `bundle.ts`, `data-item.ts` with `item-signature.ts`, then `item-to-message.ts` and
 * `message-to-item.ts`, then `commit.ts` and `verify.ts`. Received bytes stay with the commitment:
 * they are what was signed, and what is sent on. Uploads and http use this folder; nothing here
 * stores or loads.
 */
import type { Message } from '../../message/message.ts'
import { encodeItem } from './data-item.ts'
import { readItem } from './item-links.ts'
import { type ItemToMessageOptions, itemToMessage } from './item-to-message.ts'
import { type MessageToItemOptions, messageToItem } from './message-to-item.ts'

/**
 * The bytes of a message as a data item.
 * @throws AoError see `messageToItem`.
 */
export function encodeAns104(message: Message, options: MessageToItemOptions = {}): Uint8Array {
  return encodeItem(messageToItem(message, options))
}

/**
 * The message of a data item in bytes, signature unchecked.
 * @throws AoError see `decodeItem` and `itemToMessage`.
 */
export function decodeAns104(bytes: Uint8Array, options: ItemToMessageOptions = {}): Message {
  return itemToMessage(readItem(bytes), options)
}
