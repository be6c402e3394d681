/** What an item links to, told from its tags: most readers of an assignment want only that. */
import { toText } from '../../base/bytes.ts'
import { LINK_SUFFIX, linkedKey } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { isList, Link, type Value } from '../../message/value.ts'
import { type DataItem, decodeItem } from './data-item.ts'
import { DATA_KEY_TAG, lowerCase } from './item-tags.ts'
import { itemToMessage } from './item-to-message.ts'
import { BUNDLE_TAGS } from './nested-items.ts'

/** Names that decide which of several values a key has. */
const AMBIGUOUS: ReadonlySet<string> = new Set([...BUNDLE_TAGS, DATA_KEY_TAG, 'ao-type'])

/**
 * The ids of all links in the message of an item, at any depth.
 * @throws AoError see `decodeAns104`.
 */
export function linksOfItem(bytes: Uint8Array): string[] {
  if (!hasLinkMark(bytes)) return []
  const item = readItem(bytes)
  // Who asks for the links of an item mostly wants its message next.
  readItems.set(bytes, item)
  const links = linksOfTags(item)
  if (links !== undefined) return links
  const ids: string[] = []
  collectLinks(itemToMessage(item), ids)
  return ids
}

/**
 * Whether `+lin` is anywhere in the bytes, without regard to case; of the `k` there are two capitals,
 * one of them the Kelvin sign.
 */
function hasLinkMark(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(PLUS); at >= 0; at = bytes.indexOf(PLUS, at + 1)) {
    if (LIN.every((letter, index) => ((bytes[at + 1 + index] ?? 0) | CASE_BIT) === letter))
      return true
  }
  return false
}

const PLUS = 0x2b
const LIN = [0x6c, 0x69, 0x6e]
const CASE_BIT = 0x20

const readItems = new WeakMap<Uint8Array, DataItem>()

/**
 * The item of these bytes, not read again where its links were asked for.
 * @throws AoError see `decodeItem`.
 */
export function readItem(bytes: Uint8Array): DataItem {
  return readItems.get(bytes) ?? decodeItem(bytes)
}

/** `undefined` where it takes more than the tags to know. */
function linksOfTags({ tags, data, target, anchor }: DataItem): string[] | undefined {
  if (data.length > 0 || target !== undefined || anchor !== undefined) return undefined
  const keys = new Set<string>()
  const ids: string[] = []
  for (const { name, value } of tags) {
    const key = lowerCase(name)
    const base = linkedKey(key) ?? key
    if (AMBIGUOUS.has(key) || keys.has(base)) return undefined
    keys.add(base)
    if (!key.endsWith(LINK_SUFFIX)) continue
    const id = toText(value)
    if (id === undefined) return undefined
    ids.push(id)
  }
  return ids
}

function collectLinks(value: Value, ids: string[]): void {
  if (value instanceof Link) ids.push(value.id)
  else if (isList(value)) for (const item of value) collectLinks(item, ids)
  else if (value instanceof Message) for (const [, item] of value) collectLinks(item, ids)
}
