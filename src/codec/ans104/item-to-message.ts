/** From a data item to the message that it is. */
import { type Binary, compareText, concatBytes, toBinary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { formatAoTypes, parseAoTypes } from '../../message/ao-types.ts'
import { isPrivateKey, LINK_SUFFIX, linkedKey, TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { fromTabm } from '../../message/structured.ts'
import type { TabmValue } from '../../message/tabm.ts'
import { assertItemCount } from './bundle.ts'
import type { DataItem } from './data-item.ts'
import { commitmentOfItem } from './item-commitment.ts'
import { DATA_KEY_TAG, lowerCase } from './item-tags.ts'
import { BUNDLE_TAGS, readNestedItems } from './nested-items.ts'
import type { Tag } from './tags.ts'

/** Levels of items inside items; each level is hashed again to find its items by id. */
export const MAX_ITEM_DEPTH = 32

/**
 * The message of an item, with the item's commitment. Signatures are not checked.
 * @throws AoError `invalid-message` for an item that is a bare binary, `invalid-key` for tags that a
 * message cannot have (`commitments`, `priv..`), `limit-exceeded` for too many levels or items, and
 * what decoding typed values throws.
 */
export function itemToMessage(item: DataItem): Message {
  const value = itemToTabm(item)
  if (!(value instanceof Message)) {
    throw new AoError('invalid-message', 'Expected an item with a message, got a bare binary')
  }
  return fromTabm(value)
}

/** The TABM of an item, or the data alone of one with the tag `ao-type: binary`. */
export function itemToTabm(
  item: DataItem,
  level: Level = { depth: 0, counted: { items: 0 } },
): TabmValue {
  if (item.tags.some(isBinaryMark)) return toBinary(item.data)
  const nested = nestedValues(item, level)
  const tags = tagValues(item.tags)
  const values: ItemValues = {
    data: nested ?? plainData(item, tags),
    fields: fieldValues(item),
    tags,
  }
  const committed = committedKeys(item, values)
  const tabm = new Message(committed.map((key) => findValue(key, values)))
  const source = { tabm, committed, nestedKeys: new Set(nested?.keys()) }
  const commitment = commitmentOfItem(item, source)
  if (commitment === undefined) return tabm
  return tabm.withCommitments(new Map([[commitment.id, commitment]]))
}

interface Level {
  readonly depth: number
  /** Of all levels together. */
  readonly counted: { items: number }
}

type Values = ReadonlyMap<string, TabmValue>

interface ItemValues {
  readonly data: Values
  readonly fields: Values
  readonly tags: Values
}

function isBinaryMark({ name, value }: Tag): boolean {
  return name === 'ao-type' && value === 'binary'
}

function nestedValues(item: DataItem, { depth, counted }: Level): Values | undefined {
  const items = readNestedItems(item)
  if (items === undefined) return undefined
  if (depth >= MAX_ITEM_DEPTH) {
    throw new AoError('limit-exceeded', 'Expected an item with fewer levels of items inside', {
      limit: MAX_ITEM_DEPTH,
    })
  }
  counted.items += items.size
  assertItemCount(counted.items)
  const values = new Map<string, TabmValue>()
  for (const [key, nested] of items)
    values.set(key, itemToTabm(nested, { depth: depth + 1, counted }))
  return values
}

function plainData({ data }: DataItem, tags: Values): Values {
  if (data.length === 0) return new Map()
  const key = tags.get(DATA_KEY_TAG)
  return new Map([[typeof key === 'string' ? key : 'data', toBinary(data)]])
}

function fieldValues({ target, anchor }: DataItem): Values {
  const fields = new Map<string, TabmValue>()
  if (anchor !== undefined) fields.set('anchor', encodeBase64url(anchor))
  if (target !== undefined) fields.set('target', encodeBase64url(target))
  return fields
}

/** Values by lower-case name; the types among them with lower-case keys, in canonical form. */
function tagValues(tags: readonly Tag[]): Values {
  const values = new Map<string, TabmValue>()
  const lists = new Map<string, Binary[]>()
  for (const { name, value } of tags) {
    const key = lowerCase(name)
    const first = values.get(key)
    if (first === undefined) values.set(key, value)
    else lists.set(key, [...(lists.get(key) ?? [first as Binary]), value])
  }
  for (const [key, list] of lists) values.set(key, joinValues(list))
  const types = values.get(TYPES_KEY)
  if (types !== undefined && !(types instanceof Message)) {
    values.set(TYPES_KEY, lowerCaseTypes(types))
  }
  return values
}

/** A list of strings as a structured field; the strings may hold any byte. */
function joinValues(values: readonly Binary[]): Binary {
  const parts = values.flatMap((value, index) => [
    index === 0 ? '"' : ', "',
    escapeQuotes(value),
    '"',
  ])
  return toBinary(concatBytes(parts))
}

function escapeQuotes(value: Binary): Binary {
  if (typeof value === 'string') return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  const bytes: number[] = []
  for (const byte of value) {
    if (byte === 0x22 || byte === 0x5c) bytes.push(0x5c)
    bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

function lowerCaseTypes(types: Binary): string {
  const lower = new Map<string, string>()
  for (const [key, type] of parseAoTypes(types)) lower.set(lowerCase(key), type)
  return formatAoTypes([...lower])
}

const NOT_COMMITTED = new Set<string>([...BUNDLE_TAGS, DATA_KEY_TAG])

/** Keys of the data, sorted; of the tags, in their order; then the fields. Links without suffix. */
function committedKeys(item: DataItem, { data, fields }: ItemValues): string[] {
  const keys = [...data.keys()].sort(compareText)
  for (const { name } of item.tags) {
    const key = lowerCase(name)
    if (!NOT_COMMITTED.has(key)) keys.push(key)
  }
  keys.push(...fields.keys())
  return [...new Set(keys.map((key) => linkedKey(key) ?? key))]
}

/** Data beats a field, a field beats a tag; in each the key itself beats its link. */
function findValue(key: string, { data, fields, tags }: ItemValues): [string, TabmValue] {
  if (isPrivateKey(key) || key === 'commitments') {
    throw new AoError('invalid-key', 'Expected an item without reserved keys among its tags', {
      key,
    })
  }
  for (const values of [data, fields, tags]) {
    if (values.size === 0) continue
    const value = values.get(key)
    if (value !== undefined) return [key, value]
    const link = key + LINK_SUFFIX
    const linked = values.get(link)
    if (linked !== undefined) return [link, linked]
  }
  throw new AoError('internal', 'A committed key has no value', { key })
}
