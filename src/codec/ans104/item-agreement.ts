/** Whether an item says what a message says: what makes its signature count for the message. */
import { equalBinary } from '../../base/bytes.ts'
import type { Commitment } from '../../message/commitment.ts'
import { encodeScalar } from '../../message/encode-tabm.ts'
import { messageId } from '../../message/id.ts'
import { Message } from '../../message/message.ts'
import { isBinary, isList, Link, type List, type Value } from '../../message/value.ts'
import type { DataItem } from './data-item.ts'
import { itemToMessage } from './item-to-message.ts'
import { itemWireOf } from './item-wire.ts'
import { receivedMessage } from './received-item.ts'

export interface ItemAgreement {
  /**
   * Nested messages of which the item has only the id. An id is taken from a message's commitments,
   * so it proves nothing until these are verified.
   */
  readonly linked: readonly (Message | List)[]
}

/**
 * The received item of a commitment, or `undefined` when its bytes are not at hand or the message
 * has become another since.
 * @throws AoError for bytes that are no item, or not that of a message.
 */
export function receivedItem(message: Message, commitment: Commitment): DataItem | undefined {
  const wire = itemWireOf(commitment.wire)
  if (wire === undefined) return undefined
  return compareMessages(receivedMessage(wire), message, commitment) && wire.decoded()
}

/**
 * `undefined` when the message differs from the item's: in a key that the item holds, or in what the
 * commitment says of the signer and the keys. Signatures are not checked.
 * @throws AoError for an item that is not that of a message.
 */
export function compareItem(
  item: DataItem,
  message: Message,
  commitment: Commitment,
): ItemAgreement | undefined {
  return compareMessages(itemToMessage(item), message, commitment)
}

/** The same, given the message of the item. */
export function compareMessages(
  read: Message,
  message: Message,
  commitment: Commitment,
): ItemAgreement | undefined {
  const own = read.commitments.get(commitment.id)
  if (own === undefined || !isSameCommitment(own, commitment)) return undefined
  if (read === message) return NOTHING_LINKED
  const comparison = new Comparison()
  return comparison.isSameContent(read, message) ? comparison : undefined
}

const NOTHING_LINKED: ItemAgreement = { linked: [] }

function isSameCommitment(own: Commitment, other: Commitment): boolean {
  if (own === other) return true
  // By httpsig@1.0, a key that came as a link and as a part is listed twice.
  const [keys, others] = [new Set(own.committed), new Set(other.committed)]
  return (
    own.type === other.type &&
    own.committer === other.committer &&
    keys.size === others.size &&
    other.committed.every((key) => keys.has(key))
  )
}

/**
 * Compares what was received with what a message says now.
 * @NOTE Messages are compared key by key. Their ids would not do: a message keeps the ids of its
 * commitments whatever becomes of its keys.
 */
class Comparison implements ItemAgreement {
  readonly linked: (Message | List)[] = []

  /** Whether a message has all keys of the received one, with the same values. */
  isSameContent(received: Message, message: Message): boolean {
    for (const [key, value] of received) {
      const other = message.get(key)
      if (other === undefined || !this.#isSameValue(value, other)) return false
    }
    return true
  }

  #isSameValue(received: Value, other: Value): boolean {
    if (received === other) return true
    if (isBinary(received)) return isBinary(other) && equalBinary(received, other)
    if (received instanceof Link || other instanceof Link) return this.#isSameId(received, other)
    if (received instanceof Message) {
      const isSameSize = other instanceof Message && received.size === other.size
      return isSameSize && this.isSameContent(received, other)
    }
    if (isList(received)) return isList(other) && this.#isSameList(received, other)
    return !isBinary(other) && !isNested(other) && isSameScalar(received, other)
  }

  #isSameList(received: List, other: List): boolean {
    return (
      received.length === other.length &&
      received.every((value, index) => {
        const item = other[index]
        return item !== undefined && this.#isSameValue(value, item)
      })
    )
  }

  #isSameId(received: Value, other: Value): boolean {
    if (received instanceof Link && isNested(other)) this.linked.push(other)
    const id = linkableId(received)
    return id !== undefined && id === linkableId(other)
  }
}

/** The id by which a parent links a value. */
function linkableId(value: Value): string | undefined {
  if (value instanceof Link) return value.lazy ? undefined : value.id
  return isNested(value) ? messageId(value) : undefined
}

function isNested(value: Value): value is Message | List {
  return value instanceof Message || isList(value)
}

function isSameScalar(received: Value, other: Value): boolean {
  const [left, right] = [encodeScalar(received), encodeScalar(other)]
  return left.type === right.type && left.text === right.text
}
