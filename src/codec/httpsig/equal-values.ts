/** Equality of values by what they say: bytes, types and structure, whoever committed to them. */
import { equalBinary } from '../../base/bytes.ts'
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
