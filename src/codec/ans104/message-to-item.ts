/** From a message to the data item that holds it. */
import { byteLength, toBytes, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { withOnlyKeys } from '../../message/committed.ts'
import { LINK_SUFFIX } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { fromTabm, toTabm } from '../../message/structured.ts'
import type { Tabm, TabmValue } from '../../message/tabm.ts'
import { linkChildren, tabmId } from '../../message/tabm-id.ts'
import { createItem, type DataItem, type ItemContent, type ItemSignature } from './data-item.ts'
import { receivedItem } from './item-agreement.ts'
import {
  committedLayout,
  freshLayout,
  type ItemLayout,
  isBundled,
  itemCommitmentOf,
} from './item-layout.ts'
import { DATA_KEY_TAG, dataKeyOf, isAbsent, lowerCase, tagsOf } from './item-tags.ts'
import { MAX_ITEM_DEPTH } from './item-to-message.ts'
import { bundleKind, encodeItemList, encodeItemMap, type NestedData } from './nested-items.ts'
import { MAX_NAME_BYTES, MAX_VALUE_BYTES, type Tag } from './tags.ts'

export interface MessageToItemOptions {
  /**
   * Whether nested messages go into the item; by default their ids do. A message with an
   * ans104@1.0 commitment stays as that commitment says.
   */
  readonly bundle?: boolean
}

/**
 * The item of a message: the received one where the message came in one, else made anew, with the
 * signature of its ans104@1.0 commitment if it has one. Links are not loaded.
 * @throws AoError `unencodable` for what an item cannot hold, `invalid-commitment`.
 */
export function messageToItem(message: Message, options: MessageToItemOptions = {}): DataItem {
  const known = committedItem(message)
  return known ?? makeItem(freshTabm(message, options), 0)
}

/**
 * The content of the item of a message, for a new signature.
 * @throws AoError see `messageToItem`.
 */
export function messageToContent(
  message: Message,
  options: MessageToItemOptions = {},
): ItemContent {
  return committedItem(message) ?? makeContent(freshTabm(message, options), 0).content
}

function freshTabm(message: Message, { bundle = false }: MessageToItemOptions): Tabm {
  return toTabm(message, bundle ? 'bundle' : 'link')
}

/** The item of the ans104@1.0 commitment of a message, if it has one. */
function committedItem(message: Message): DataItem | undefined {
  const commitment = itemCommitmentOf(message)
  if (commitment === undefined) return undefined
  const received = receivedItem(message, commitment)
  if (received !== undefined) return received
  // Keys that the item does not hold, such as the status of a reply, have no types in it, either.
  const covered = withOnlyKeys(message, commitment.committed)
  return makeItem(toTabm(covered, isBundled(commitment) ? 'bundle' : 'link'), 0)
}

/** A nested value as an item. */
function nestedItem(value: TabmValue, depth: number): DataItem {
  if (depth > MAX_ITEM_DEPTH) {
    throw new AoError('unencodable', 'Expected fewer levels of messages inside a data item', {
      limit: MAX_ITEM_DEPTH,
    })
  }
  if (!(value instanceof Message)) {
    return createItem({ tags: [{ name: 'ao-type', value: 'binary' }], data: toBytes(value) })
  }
  const commitment = itemCommitmentOf(value)
  if (commitment === undefined) return makeItem(value, depth)
  const received = receivedItem(fromTabm(value), commitment)
  return received ?? makeItem(isBundled(commitment) ? value : linkChildren(value), depth)
}

function makeItem(tabm: Tabm, depth: number): DataItem {
  const { content, signature } = makeContent(tabm, depth)
  return createItem(content, signature)
}

function makeContent(
  tabm: Tabm,
  depth: number,
): { readonly content: ItemContent; readonly signature: ItemSignature } {
  const commitment = itemCommitmentOf(tabm)
  const layout = commitment === undefined ? freshLayout(tabm) : committedLayout(tabm, commitment)
  const content = contentOf(withOnlyKeys(tabm, layout.keys), layout, depth)
  return { content, signature: layout.signature }
}

function contentOf(committed: Tabm, layout: ItemLayout, depth: number): ItemContent {
  const tabm = linkTagged(committed, layout.originalTags)
  const dataKey = layout.originalTags ? dataKeyTag(layout.originalTags) : dataKeyOf(tabm)
  const nested = nestedItems(tabm, dataKey, depth)
  const tags = layout.originalTags ?? makeTags(tabm, layout, { dataKey, nested })
  const { target, anchor } = layout
  const fields = { ...(target ? { target } : {}), ...(anchor ? { anchor } : {}) }
  if (nested.size === 0) return { ...fields, tags, data: plainData(tabm, dataKey) }
  const bundle = encodeNested(nested, tags)
  return { ...fields, tags: addBundleTags(bundle.tags, tags), data: bundle.data }
}

/** A nested message whose original tag was a link becomes that link again. */
function linkTagged(tabm: Tabm, originalTags: readonly Tag[] | undefined): Tabm {
  if (originalTags === undefined) return tabm
  const names = new Set(originalTags.map(({ name }) => lowerCase(name)))
  const entries: [string, TabmValue][] = []
  for (const [key, value] of tabm) {
    const link = key + LINK_SUFFIX
    if (value instanceof Message && names.has(link)) entries.push([link, tabmId(value)])
    else entries.push([key, value])
  }
  return new Message(entries, tabm.commitments)
}

function dataKeyTag(tags: readonly Tag[]): string {
  const tag = tags.find(({ name }) => lowerCase(name) === DATA_KEY_TAG)
  return (tag && toText(tag.value)) ?? 'data'
}

/**
 * The items for values that no tag can hold, and for that of the data if there are any.
 * @NOTE `data` and `target` never are such values in HyperBEAM; as tags they are refused later.
 */
function nestedItems(tabm: Tabm, dataKey: string, depth: number): ReadonlyMap<string, DataItem> {
  const values = new Map<string, TabmValue>()
  for (const [key, value] of tabm) {
    if (key !== 'data' && key !== 'target' && !fitsTag(key, value)) values.set(key, value)
  }
  const data = tabm.get(dataKey)
  if (data instanceof Message || (values.size > 0 && data !== undefined && !isAbsent(data))) {
    values.set(dataKey, data)
  }
  const items = new Map<string, DataItem>()
  for (const [key, value] of values) items.set(key, nestedItem(value, depth + 1))
  return items
}

function fitsTag(key: string, value: TabmValue): boolean {
  if (value instanceof Message) return false
  return byteLength(value) <= MAX_VALUE_BYTES && byteLength(key) <= MAX_NAME_BYTES
}

function plainData(tabm: Tabm, dataKey: string): Uint8Array {
  const data = tabm.get(dataKey)
  return data === undefined || data instanceof Message ? new Uint8Array() : toBytes(data)
}

interface DataPlace {
  readonly dataKey: string
  readonly nested: ReadonlyMap<string, DataItem>
}

function makeTags(tabm: Tabm, layout: ItemLayout, place: DataPlace): Tag[] {
  const elsewhere = new Set(place.nested.keys())
  if (layout.target !== undefined) elsewhere.add('target')
  if (layout.anchor !== undefined) elsewhere.add('anchor')
  const { keys, bundleTags } = layout
  return tagsOf(tabm, { keys, dataKey: place.dataKey, elsewhere, bundleTags })
}

function encodeNested(items: ReadonlyMap<string, DataItem>, tags: readonly Tag[]): NestedData {
  return bundleKind(tags) === 'list' ? encodeItemList(items) : encodeItemMap(items)
}

/** The bundle's tags before the others, without those that are there in any case. */
function addBundleTags(bundleTags: readonly Tag[], tags: readonly Tag[]): Tag[] {
  const present = new Set(tags.map(({ name }) => lowerCase(name)))
  return [...bundleTags.filter(({ name }) => !present.has(name)), ...tags]
}
