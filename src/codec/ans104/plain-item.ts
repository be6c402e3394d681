/**
 * The item of a plain message, and the message that it is again. To sign a message is to read it
 * anew from the signed item: its keys in the order of the tags, nested messages as links. For plain
 * messages one pass gives both, the tags and what is read from them, which saves most of the time
 * besides the signature; an assignment is such a message.
 */
import { byteLength, compareText } from '../../base/bytes.ts'
import { KnownLists } from '../../base/known-lists.ts'
import { formatAoTypes } from '../../message/ao-types.ts'
import { NO_COMMITMENTS } from '../../message/commitment.ts'
import { escapeKey } from '../../message/escape.ts'
import { messageId } from '../../message/id.ts'
import { isPrivateKey, isRegenerableKey, LINK_SUFFIX, TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { Atom, isList, Link, type List, type Value } from '../../message/value.ts'
import { DATA_KEY_TAG } from './item-tags.ts'
import { BUNDLE_TAGS } from './nested-items.ts'
import { MAX_NAME_BYTES, MAX_VALUE_BYTES, type Tag } from './tags.ts'

export interface PlainItem {
  /** Sorted by name, and all that the item has. */
  readonly tags: readonly Tag[]
  readonly committed: readonly string[]
  /** What is read from the tags; the commitments are to be replaced. */
  readonly message: Message
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
  const shape: (string | Kind)[] = []
  const values: Value[] = []
  for (const [key, value] of message) {
    const kind = kindOf(value)
    if (kind === undefined) return undefined
    shape.push(key, kind)
    values.push(value)
  }
  const layout = layouts.get(shape)
  const tags = layout && fillTags(layout, values)
  if (layout === undefined || tags === undefined) return undefined
  const { committed, isInOrder, hasNested } = layout
  if (isInOrder && (keepNested || !hasNested)) return { tags, committed, message }
  const entries = readTags(layout, { tags, values, keepNested })
  return { tags, committed, message: Message.owning(entries, NO_COMMITMENTS, message.priv) }
}

/** Of the value under a key. */
type Kind = typeof TEXT | typeof INTEGER | typeof ATOM | typeof NESTED | typeof LINK
const TEXT = 0
const INTEGER = 1
const ATOM = 2
const NESTED = 3
const LINK = 4

/** `undefined` for a value that might be read as another one. */
function kindOf(value: Value): Kind | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? TEXT : undefined
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? INTEGER : undefined
  }
  if (isNested(value)) return NESTED
  if (value instanceof Link) return isPlainLink(value) ? LINK : undefined
  return value instanceof Atom && PLAIN_ATOM.test(value.name) ? ATOM : undefined
}

function isPlainLink({ id, type, lazy }: Link): boolean {
  return !lazy && type === 'link' && id.isWellFormed()
}

/** What follows from the keys of a message and the kinds of its values alone. */
interface PlainLayout {
  /** Sorted by name. */
  readonly places: readonly TagPlace[]
  readonly committed: readonly string[]
  /** The value of the tag `ao-types`. */
  readonly types: string
  readonly hasNested: boolean
  /** Whether the message has its keys in the order of the tags, those of nested messages last. */
  readonly isInOrder: boolean
}

interface TagPlace {
  readonly name: string
  readonly key: string
  /** Where the value is among those of the message; -1 for the types. */
  readonly position: number
}

/** Keys, each with the kind of its value behind it: assignments all have the same ones. */
const layouts = new KnownLists<string | Kind, PlainLayout | undefined>(createLayout, {
  maxItems: 128,
})

/** `undefined` for keys that do not all become tags of the same name. */
function createLayout(shape: readonly (string | Kind)[]): PlainLayout | undefined {
  const places: TagPlace[] = []
  const types: [key: string, type: string][] = []
  for (let position = 0; 2 * position < shape.length; position++) {
    const key = `${shape[2 * position]}`
    const kind = shape[2 * position + 1]
    const name = kind === NESTED || kind === LINK ? key + LINK_SUFFIX : key
    if (!isPlainKey(key) || SPECIAL_NAMES.has(name)) return undefined
    if (kind === INTEGER) types.push([key, 'integer'])
    if (kind === ATOM) types.push([key, 'atom'])
    places.push({ name, key, position })
  }
  if (types.length > 0) places.push({ name: TYPES_KEY, key: TYPES_KEY, position: -1 })
  places.sort((left, right) => compareText(left.name, right.name))
  const isNestedAt = (position: number) => shape[2 * position + 1] === NESTED
  const positions = places.map(({ position }) => position).filter((position) => position >= 0)
  const nested = positions.filter(isNestedAt)
  const inOrder = [...positions.filter((position) => !isNestedAt(position)), ...nested]
  return {
    places,
    committed: places.map(({ key }) => key),
    types: formatAoTypes(types),
    hasNested: nested.length > 0,
    isInOrder: inOrder.every((position, index) => position === index),
  }
}

function isPlainKey(key: string): boolean {
  if (key === '' || key === TYPES_KEY || key === 'commitments') return false
  if (key.length + LINK_SUFFIX.length > MAX_NAME_BYTES) return false
  return !isPrivateKey(key) && !isRegenerableKey(key) && escapeKey(key) === key
}

/** `undefined` if a value does not fit into a tag. */
function fillTags({ places, types }: PlainLayout, values: readonly Value[]): Tag[] | undefined {
  const tags: Tag[] = []
  for (const { name, position } of places) {
    const value = values[position]
    const text = value === undefined ? types : textOf(value)
    if (text.length > MAX_VALUE_BYTES / 3 && byteLength(text) > MAX_VALUE_BYTES) return undefined
    tags.push({ name, value: text })
  }
  return tags
}

interface FilledTags {
  readonly tags: readonly Tag[]
  readonly values: readonly Value[]
  readonly keepNested: boolean
}

function readTags(
  { places }: PlainLayout,
  { tags, values, keepNested }: FilledTags,
): ReadonlyMap<string, Value> {
  const entries = new Map<string, Value>()
  const kept: [string, Value][] = []
  for (const [index, { key, position }] of places.entries()) {
    const value = values[position]
    if (value === undefined) continue
    if (!isNested(value)) entries.set(key, value)
    else if (keepNested) kept.push([key, value])
    else entries.set(key, new Link(`${tags[index]?.value}`))
  }
  for (const [key, value] of kept) entries.set(key, value)
  return entries
}

function textOf(value: Value): string {
  if (typeof value === 'string') return value
  if (value instanceof Atom) return value.name
  if (value instanceof Link) return value.id
  return isNested(value) ? messageId(value) : String(value)
}

function isNested(value: Value): value is Message | List {
  return value instanceof Message || isList(value)
}
