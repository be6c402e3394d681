/** Equality of values by what they say: bytes, types and structure, whoever committed to them. */
import { equalBinary } from '../../base/bytes.ts'
import { isSigned } from '../../message/commitment.ts'
import { withOnlyCommitted } from '../../message/committed.ts'
import { messageId } from '../../message/id.ts'
import { Message } from '../../message/message.ts'
import { Atom, Float, isBinary, isList, Link, type List, type Value } from '../../message/value.ts'

/** A link equals a message or list that has its id. Commitments of messages are not compared. */
export function equalValues(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  if (isBinary(left)) return isBinary(right) && equalBinary(left, right)
  if (left instanceof Link) return linksTo(left, right)
  if (right instanceof Link) return linksTo(right, left)
  if (isList(left)) return isList(right) && equalLists(left, right)
  if (left instanceof Message) return right instanceof Message && equalMessages(left, right)
  if (left instanceof Float) return right instanceof Float && Object.is(left.value, right.value)
  if (left instanceof Atom) return right instanceof Atom && left.name === right.name
  return left === right
}

function linksTo(link: Link, value: Value): boolean {
  if (value instanceof Link) return value.id === link.id && value.type === link.type
  return (value instanceof Message || isList(value)) && messageId(value) === link.id
}

function equalLists(left: List, right: List): boolean {
  return left.length === right.length && left.every((item, i) => equalValues(item, right[i]))
}

function equalMessages(left: Message, right: Message): boolean {
  if (left.size !== right.size) return false
  for (const [key, value] of left) if (!equalValues(value, right.get(key))) return false
  return true
}

/**
 * The same where nested messages of `own` may have lost the keys that their signatures do not cover,
 * as they do in a store: nested messages are known by these signatures, which must be those of
 * `other`.
 */
export function equalCommitted(own: Value | undefined, other: Value | undefined): boolean {
  if (own instanceof Message && other instanceof Message) {
    if (!isCommitted(other)) return equalEntries(own, other)
    return messageId(own) === messageId(other) && equalEntries(own, withOnlyCommitted(other))
  }
  if (own === undefined || other === undefined || !isList(own) || !isList(other)) {
    return equalValues(own, other)
  }
  return own.length === other.length && own.every((item, i) => equalCommitted(item, other[i]))
}

function isCommitted({ commitments }: Message): boolean {
  return [...commitments.values()].some(isSigned)
}

function equalEntries(own: Message, other: Message): boolean {
  if (own.size !== other.size) return false
  return [...own].every(([key, value]) => equalCommitted(value, other.get(key)))
}
