/** Whether a message is of the kind that a template describes. */
import { equalBinary } from '../base/bytes.ts'
import { encodeScalar } from './encode-tabm.ts'
import { messageId } from './id.ts'
import { isPrivateKey } from './keys.ts'
import { Message } from './message.ts'
import { Atom, isBinary, isList, Link, type List, type Value } from './value.ts'

/** The value of a template that every present value matches. */
const WILDCARD = '_'

/**
 * Whether a message has every public key of the template with the same value. Values are compared
 * as encoded, so that the integer 5 matches "5"; nested messages match by the same rule, and the
 * atom `_` matches any value (`hb_message:match` in its mode `primary`).
 */
export function matchMessage(template: Message, message: Message): boolean {
  for (const [key, expected] of template) {
    if (isPrivateKey(key)) continue
    const value = message.get(key)
    if (value === undefined || !matchValue(expected, value)) return false
  }
  return true
}

function matchValue(expected: Value, value: Value): boolean {
  if (expected instanceof Atom && expected.name === WILDCARD) return true
  if (expected instanceof Link || value instanceof Link) {
    const id = idOf(expected)
    return id !== undefined && id === idOf(value)
  }
  if (expected instanceof Message) return value instanceof Message && matchMessage(expected, value)
  if (isList(expected)) return isList(value) && matchItems(expected, value)
  if (value instanceof Message || isList(value)) return false
  return equalBinary(textOf(expected), textOf(value))
}

function matchItems(expected: List, items: List): boolean {
  return (
    expected.length === items.length &&
    expected.every((item, index) => {
      const other = items[index]
      return other !== undefined && matchValue(item, other)
    })
  )
}

/** The id that a link to the value would have. */
function idOf(value: Value): string | undefined {
  if (value instanceof Link) return value.id
  return value instanceof Message || isList(value) ? messageId(value) : undefined
}

function textOf(value: Exclude<Value, Message | List | Link>): string | Uint8Array {
  return isBinary(value) ? value : encodeScalar(value).text
}
