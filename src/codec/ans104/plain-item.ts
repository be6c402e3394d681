/**
 * The message of an item that was just made of it. To sign a message is to read it again from the
 * signed item: its keys in the order of the tags, nested messages as links. For plain messages that
 * is known without reading, which saves two thirds of the time besides the signature; an assignment
 * is such a message.
 */
import type { Binary } from '../../base/bytes.ts'
import { isPrivateKey, linkedKey, TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { Atom, isList, Link, type Value } from '../../message/value.ts'
import type { DataItem } from './data-item.ts'
import { signedCommitment } from './item-commitment.ts'
import { BUNDLE_TAGS } from './nested-items.ts'

/** Names that mean something in an item, or that go elsewhere than into a tag. */
const SPECIAL_NAMES: ReadonlySet<string> = new Set([
  ...BUNDLE_TAGS,
  ...['.', 'ao-type', 'ao-data-key', 'commitments', 'data', 'body', 'target', 'anchor'],
])
const PLAIN_NAME = /^[a-z0-9._/?&-]+(\+link)?$/
const PLAIN_ATOM = /^[a-z][a-z0-9_]*$/

/**
 * What `itemToMessage` gives for an item that was made of `message` without any layout to keep to;
 * `undefined` where that takes reading the item.
 */
export function plainMessageOf(item: DataItem, message: Message): Message | undefined {
  const hasFields = item.target !== undefined || item.anchor !== undefined
  if (hasFields || item.data.length > 0 || message.has(TYPES_KEY)) return undefined
  const committed: string[] = []
  const entries = new Map<string, Value>()
  for (const { name, value } of item.tags) {
    if (!PLAIN_NAME.test(name) || SPECIAL_NAMES.has(name) || isPrivateKey(name)) return undefined
    const key = linkedKey(name) ?? name
    committed.push(key)
    if (name === TYPES_KEY) continue
    const plain = plainValue(message.get(key), value)
    if (plain === undefined) return undefined
    entries.set(key, plain)
  }
  const commitment = signedCommitment(item, committed)
  return Message.owning(entries, new Map([[commitment.id, commitment]]))
}

/** A value as it comes back from the tag that was made of it. */
function plainValue(value: Value | undefined, tag: Binary): Value | undefined {
  if (typeof value === 'string') return value === tag ? value : undefined
  if (typeof value === 'number') return Object.is(value, -0) ? undefined : value
  if (value instanceof Atom) return PLAIN_ATOM.test(value.name) ? value : undefined
  const isLinked = value instanceof Message || isList(value)
  return isLinked && typeof tag === 'string' ? new Link(tag) : undefined
}
