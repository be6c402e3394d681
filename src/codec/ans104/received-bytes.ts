/**
 * What is known of item bytes that are held anyway: the item and the message they are, and whether
 * their signature holds. A posted item is checked at the door and again before it is scheduled; the
 * second time costs nothing. Bytes never change once they are read, and all follows from them alone,
 * so that the same array always has the same answers; they go when the array goes.
 */
import type { Message } from '../../message/message.ts'
import { type DataItem, decodeItem } from './data-item.ts'
import { itemToMessage } from './item-to-message.ts'

export interface ReceivedItem {
  readonly item: DataItem
  readonly message: Message
}

/** Makes the message when it is asked for. */
class Received implements ReceivedItem {
  readonly item: DataItem
  #message: Message | undefined

  constructor(item: DataItem) {
    this.item = item
  }

  get message(): Message {
    this.#message ??= itemToMessage(this.item)
    return this.#message
  }
}

const items = new WeakMap<Uint8Array, ReceivedItem>()
const verdicts = new WeakMap<Uint8Array, Promise<boolean>>()

/**
 * The item and the message of these bytes, read at most once.
 * @throws AoError see `decodeItem` and `itemToMessage`.
 */
export function readReceived(bytes: Uint8Array): ReceivedItem {
  const received = receivedOf(bytes)
  // An item that is no message is refused here, and not where its message is used.
  void received.message
  return received
}

/**
 * The item of these bytes alone, read at most once.
 * @throws AoError see `decodeItem`.
 */
export function readReceivedItem(bytes: Uint8Array): DataItem {
  return receivedOf(bytes).item
}

function receivedOf(bytes: Uint8Array): ReceivedItem {
  const known = items.get(bytes)
  if (known !== undefined) return known
  const received = new Received(decodeItem(bytes))
  items.set(bytes, received)
  return received
}

/** Whether the signature of these bytes holds, checked at most once. */
export function verdictOfBytes(
  bytes: Uint8Array,
  verify: () => Promise<boolean>,
): Promise<boolean> {
  let verdict = verdicts.get(bytes)
  if (verdict === undefined) {
    verdict = verify()
    verdicts.set(bytes, verdict)
    // A check that could not be made says nothing.
    verdict.catch(() => verdicts.delete(bytes))
  }
  return verdict
}
