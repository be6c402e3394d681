/**
 * The item of a plain message, and the message that it is again. To sign a message is to read it
 * anew from the signed item: its keys in the order of the tags, nested messages as links. For plain
 * messages one pass gives both, the tags and what is read from them, which saves most of the time
 * besides the signature; an assignment is such a message.
 */
import { byteLength, compareText } from '../../base/bytes.ts'
import { formatAoTypes } from '../../message/ao-types.ts'
import { escapeKey } from '../../message/escape.ts'
import { messageId } from '../../message/id.ts'
import { isPrivateKey, isRegenerableKey, LINK_SUFFIX, TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { Atom, isList, Link, type Value } from '../../message/value.ts'
import { DATA_KEY_TAG } from './item-tags.ts'
import { BUNDLE_TAGS } from './nested-items.ts'
import { MAX_NAME_BYTES, MAX_VALUE_BYTES, type Tag } from './tags.ts'

export interface PlainItem {
  /** Sorted by name, and all that the item has. */
  readonly tags: readonly Tag[]
  readonly committed: readonly string[]
  /** What is read from the tags. */
  readonly entries: ReadonlyMap<string, Value>
}

export interface PlainItemOptions {
  /** Leaves nested messages and lists as they are, behind all other keys, in place of their links. */
  readonly keepNested?: boolean
}

/** What mean something in an item, or go elsewhere than into a tag. */
const SPECIAL_NAMES: ReadonlySet<string> = new Set([
  ...BUNDLE_TAGS,
  ...[DATA_KEY_TAG, '.', 'ao-type', 'data', 'body', 'target', 'anchor'],
])
const PLAIN_ATOM = /^[a-z][a-z0-9_]*$/

/**
 * The item that is made of a message without any layout to keep to, and what `itemToMessage` gives
 * for it; `undefined` for a message of which that takes longer to tell.
 */
export function plainItemOf(
  message: Message,
  { keepNested = false }: PlainItemOptions = {},
): PlainItem | undefined {
  const tags: PlainTag[] = []
  const types: [key: string, type: string][] = []
  for (const [key, value] of message) {
    const tag = isPlainKey(key) ? plainTag(key, value) : undefined
    if (tag === undefined) return undefined
    tags.push(tag)
    if (typeof value === 'number') types.push([key, 'integer'])
    else if (value instanceof Atom) types.push([key, 'atom'])
  }
  if (types.length > 0) tags.push(typesTag(formatAoTypes(types)))
  if (!tags.every(fits)) return undefined
  tags.sort((left, right) => compareText(left.name, right.name))
  return { tags, committed: tags.map(({ key }) => key), entries: entriesOf(tags, keepNested) }
}

/** A tag, and what is read from it. */
interface PlainTag extends Tag {
  readonly value: string
  readonly key: string
  /** `undefined` for that of the types, which are read with the values. */
  readonly read: Value | undefined
  /** What the tag is the link of. */
  readonly nested: Value | undefined
}

function isPlainKey(key: string): boolean {
  if (key === '' || key === TYPES_KEY || key === 'commitments') return false
  return !isPrivateKey(key) && !isRegenerableKey(key) && escapeKey(key) === key
}

/** `undefined` for a value that might be read as another one. */
function plainTag(key: string, value: Value): PlainTag | undefined {
  if (value instanceof Message || isList(value)) {
    const id = messageId(value)
    return { name: key + LINK_SUFFIX, value: id, key, read: new Link(id), nested: value }
  }
  const text = SPECIAL_NAMES.has(key) ? undefined : plainText(value)
  return text === undefined
    ? undefined
    : { name: key, value: text, key, read: value, nested: undefined }
}

function plainText(value: Value): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? value : undefined
  if (value instanceof Atom) return PLAIN_ATOM.test(value.name) ? value.name : undefined
  const isPlain = Number.isSafeInteger(value) && !Object.is(value, -0)
  return isPlain ? String(value) : undefined
}

function typesTag(types: string): PlainTag {
  return { name: TYPES_KEY, value: types, key: TYPES_KEY, read: undefined, nested: undefined }
}

function fits({ name, value }: PlainTag): boolean {
  return name.length <= MAX_NAME_BYTES && byteLength(value) <= MAX_VALUE_BYTES
}

function entriesOf(tags: readonly PlainTag[], keepNested: boolean): ReadonlyMap<string, Value> {
  const entries = new Map<string, Value>()
  for (const { key, read, nested } of tags) {
    if (read !== undefined && !(keepNested && nested !== undefined)) entries.set(key, read)
  }
  if (!keepNested) return entries
  for (const { key, nested } of tags) if (nested !== undefined) entries.set(key, nested)
  return entries
}
