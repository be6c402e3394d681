/** The message of an item whose bytes are held anyway, made at most once. */
import type { Message } from '../../message/message.ts'
import { itemToMessage } from './item-to-message.ts'
import type { ItemWire } from './item-wire.ts'

/**
 * The message of the received bytes of a commitment.
 * @throws AoError see `decodeItem` and `itemToMessage`.
 */
export function receivedMessage(wire: ItemWire): Message {
  const known = wire.message
  if (known !== undefined) return known
  const item = wire.decoded()
  const message = itemToMessage(item)
  wire.keep(message, item)
  return message
}
