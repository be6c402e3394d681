/** The item that a commitment was received in, as long as the message still says the same. */
import { equalBinary } from '../../base/bytes.ts'
import type { Commitment } from '../../message/commitment.ts'
import { encodeScalar } from '../../message/encode-tabm.ts'
import { messageId } from '../../message/id.ts'
import { Message } from '../../message/message.ts'
import {
  Atom,
  Float,
  isBinary,
  isInteger,
  isList,
  Link,
  type List,
  type Value,
} from '../../message/value.ts'
import { type DataItem, decodeItem } from './data-item.ts'
import { itemToMessage } from './item-to-message.ts'

/**
 * The received item of a commitment, or `undefined` when its bytes are not at hand or the message
 * differs from what they decode to: in a key that the item holds, or in what it says of its signer.
 */
export function receivedItem(message: Message, commitment: Commitment): DataItem | undefined {
  if (commitment.wire?.kind !== 'ans104') return undefined
  const item = decodeItem(commitment.wire.item)
  const decoded = itemToMessage(item)
  const own = decoded.commitments.get(commitment.id)
  const isSame =
    own !== undefined && isSameSigner(own, commitment) && isSameContent(decoded, message)
  return isSame && isSameKeys(own, commitment) ? item : undefined
}

function isSameSigner(own: Commitment, other: Commitment): boolean {
  return own.type === other.type && own.committer === other.committer && own.keyid === other.keyid
}

function isSameKeys(own: Commitment, other: Commitment): boolean {
  const keys = new Set(own.committed)
  return keys.size === other.committed.length && other.committed.every((key) => keys.has(key))
}

/** Whether a message has all keys of the received one, with the same values. */
function isSameContent(received: Message, message: Message): boolean {
  for (const [key, value] of received) {
    const other = message.get(key)
    if (other === undefined || !isSameValue(value, other)) return false
  }
  return true
}

/**
 * @NOTE Messages are compared key by key. Their ids would not do: a message keeps the ids of its
 * commitments whatever becomes of its keys.
 */
function isSameValue(received: Value, other: Value): boolean {
  if (received === other) return true
  if (isBinary(received)) return isBinary(other) && equalBinary(received, other)
  if (received instanceof Message && other instanceof Message) {
    return received.size === other.size && isSameContent(received, other)
  }
  if (isList(received) && isList(other)) return isSameList(received, other)
  const id = linkableId(received)
  if (id !== undefined) return id === linkableId(other)
  return isScalar(other) && isSameScalar(received, other)
}

function isSameList(received: List, other: List): boolean {
  return (
    received.length === other.length &&
    received.every((value, index) => {
      const item = other[index]
      return item !== undefined && isSameValue(value, item)
    })
  )
}

/** The id by which a parent links a value, which may stand for the value itself. */
function linkableId(value: Value): string | undefined {
  if (value instanceof Link) return value.lazy ? undefined : value.id
  return value instanceof Message || isList(value) ? messageId(value) : undefined
}

function isScalar(value: Value): boolean {
  return isInteger(value) || value instanceof Float || value instanceof Atom
}

function isSameScalar(received: Value, other: Value): boolean {
  const [left, right] = [encodeScalar(received), encodeScalar(other)]
  return left.type === right.type && left.text === right.text
}
