/** From a data item to the message that it is. */
import { type Binary, compareText, concatBytes, toBinary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { formatAoTypes, parseAoTypes } from '../../message/ao-types.ts'
import { isPrivateKey, LINK_SUFFIX, linkedKey, TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { fromTabm } from '../../message/structured.ts'
import type { TabmValue } from '../../message/tabm.ts'
import { isBinary } from '../../message/value.ts'
import { assertItemCount } from './bundle.ts'
import type { DataItem } from './data-item.ts'
import { commitmentOfItem } from './item-commitment.ts'
import { DATA_KEY_TAG, lowerCase } from './item-tags.ts'
import { ItemWire } from './item-wire.ts'
import { BUNDLE_TAGS, readNestedItems } from './nested-items.ts'
import type { Tag } from './tags.ts'

/** Levels of items inside items; each level is hashed again to find its items by id. */
export const MAX_ITEM_DEPTH = 32

export interface ItemToMessageOptions {
  /** Whether the message will be verified next; then the item is kept for that. Default no. */
  readonly willVerify?: boolean
}

/**
 * The message of an item, with the item's commitment. Signatures are not checked.
 * @throws AoError `invalid-message` for an item that is a bare binary, `invalid-key` for tags that a
 * message cannot have (`commitments`, `priv..`), `limit-exceeded` for too many levels or items, and
 * what decoding typed values throws.
 */
export function itemToMessage(
  item: DataItem,
  { willVerify = false }: ItemToMessageOptions = {},
): Message {
  const value = itemToTabm(item)
  if (!(value instanceof Message)) {
    throw new AoError('invalid-message', 'Expected an item with a message, got a bare binary')
  }
  const message = fromTabm(value)
  for (const { wire } of message.commitments.values()) {
    if (wire instanceof ItemWire) wire.keep(message, willVerify ? item : undefined)
  }
  return message
}

/** The TABM of an item, or the data alone of one with the tag `ao-type: binary`. */
function itemToTabm(item: DataItem, level: Level = { depth: 0, counted: { items: 0 } }): TabmValue {
  const names = readNames(item.tags)
  if (names.isBinary) return toBinary(item.data)
  const nested = names.hasSpecial ? nestedValues(item, level) : undefined
  const data = nested ?? plainData(item, names)
  const all = allEntries(item, data)
  const entries = names.hasSpecial || hasLinks(all) ? chooseEntries(all, data) : all
  const committed = committedKeys(entries)
  const commitment = commitmentOfItem(item, { entries, committed, nested, ...names })
  if (commitment === undefined) return Message.owning(entries)
  return Message.owning(entries, new Map([[commitment.id, commitment]]))
}

interface Level {
  readonly depth: number
  /** Of all levels together. */
  readonly counted: { items: number }
}

type Values = ReadonlyMap<string, TabmValue>

/** Tags that say what the item is; what the message says is in the others. */
const SPECIAL_TAGS: ReadonlySet<string> = new Set<string>([...BUNDLE_TAGS, DATA_KEY_TAG])

/** What the names of tags tell of an item. */
interface TagNames {
  /** Whether all of them came in lower case, as the keys of the message are. */
  readonly isLowerCase: boolean
  readonly hasSpecial: boolean
  /** Whether the item is a bare binary. */
  readonly isBinary: boolean
}

function readNames(tags: readonly Tag[]): TagNames {
  let isLowerCase = true
  let hasSpecial = false
  let isBinary = false
  for (const { name, value } of tags) {
    const key = lowerCase(name)
    if (key !== name) isLowerCase = false
    if (SPECIAL_TAGS.has(key)) hasSpecial = true
    if (name === 'ao-type' && value === 'binary') isBinary = true
  }
  return { isLowerCase, hasSpecial, isBinary }
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
  for (const key of [...items.keys()].sort(compareText)) {
    const nested = items.get(key)
    if (nested !== undefined) values.set(key, itemToTabm(nested, { depth: depth + 1, counted }))
  }
  return values
}

const NO_VALUES: Values = new Map()

function plainData({ tags, data }: DataItem, { hasSpecial }: TagNames): Values {
  if (data.length === 0) return NO_VALUES
  const key = hasSpecial ? tagValue(DATA_KEY_TAG, tags) : undefined
  const values = new Map<string, TabmValue>()
  return values.set(typeof key === 'string' ? key : 'data', toBinary(data))
}

/** The values of the data, which beats a field; of the tags in their order; of fields, which beat a tag. */
function allEntries({ tags, target, anchor }: DataItem, data: Values): Map<string, TabmValue> {
  const entries = new Map<string, TabmValue>()
  for (const [key, value] of data) entries.set(key, value)
  const isInData = inData(data)
  const repeated = new Set<string>()
  for (const { name, value } of tags) {
    const key = lowerCase(name)
    if (isInData(key)) continue
    if (entries.has(key)) repeated.add(key)
    else entries.set(key, value)
  }
  for (const key of repeated) entries.set(key, tagValue(key, tags) ?? '')
  const types = isInData(TYPES_KEY) ? undefined : entries.get(TYPES_KEY)
  if (isBinary(types)) entries.set(TYPES_KEY, lowerCaseTypes(types))
  if (anchor !== undefined && !isInData('anchor')) entries.set('anchor', encodeBase64url(anchor))
  if (target !== undefined && !isInData('target')) entries.set('target', encodeBase64url(target))
  return entries
}

/** Whether the data has a key, as itself or as its link. */
function inData(data: Values): (key: string) => boolean {
  if (data.size === 0) return () => false
  const isLinked = hasLinks(data)
  return (key) => {
    const base = linkedKey(key) ?? key
    return data.has(base) || (isLinked && data.has(base + LINK_SUFFIX))
  }
}

function hasLinks(entries: Values): boolean {
  for (const key of entries.keys()) if (linkedKey(key) !== undefined) return true
  return false
}

/** The value that the tags give a key: that of one tag, or those of several as a list. */
function tagValue(key: string, tags: readonly Tag[]): Binary | undefined {
  const values: Binary[] = []
  for (const { name, value } of tags) if (lowerCase(name) === key) values.push(value)
  return values.length > 1 ? joinValues(values) : values[0]
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

/** Types with their keys in lower case, in canonical form. */
function lowerCaseTypes(types: Binary): string {
  const lower = new Map<string, string>()
  for (const [key, type] of parseAoTypes(types)) lower.set(lowerCase(key), type)
  return formatAoTypes([...lower])
}

/**
 * The entries without special tags, and with either a key or its link: the key, in the place of the
 * first of them.
 */
function chooseEntries(all: Values, data: Values): Map<string, TabmValue> {
  const chosen = new Map<string, TabmValue>()
  for (const [key, value] of all) {
    if (SPECIAL_TAGS.has(key) && !data.has(key)) continue
    const base = linkedKey(key)
    const exact = base === undefined ? undefined : all.get(base)
    if (base === undefined || exact === undefined) chosen.set(key, value)
    else chosen.set(base, exact)
  }
  return chosen
}

/** The keys of the message: links without suffix. */
function committedKeys(entries: Values): string[] {
  const committed: string[] = []
  for (const key of entries.keys()) {
    const base = linkedKey(key) ?? key
    if (isPrivateKey(base) || base === 'commitments') {
      throw new AoError('invalid-key', 'Expected an item without reserved keys among its tags', {
        key: base,
      })
    }
    committed.push(base)
  }
  return committed
}
