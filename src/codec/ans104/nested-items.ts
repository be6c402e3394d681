/**
 * Items inside the data of an item: as a list, or as a map whose first item, the manifest, gives
 * each key the unsigned id of its item.
 */
import { compareText, toText } from '../../base/bytes.ts'
import { AoError, isAoError } from '../../base/errors.ts'
import { decodeBase64 } from '../../crypto/base64url.ts'
import { formatJsonString } from '../json-string.ts'
import { decodeBundle, encodeBundle } from './bundle.ts'
import { createItem, type DataItem, decodeItem, isSignedItem } from './data-item.ts'
import { signedItemId, unsignedItemId } from './item-signature.ts'
import type { Tag } from './tags.ts'

export type NestedItems = ReadonlyMap<string, DataItem>

/** Names of the tags that make an item a bundle, in the order in which they are written. */
export const BUNDLE_TAGS = ['bundle-format', 'bundle-version', 'bundle-map'] as const

/** Which bundle the tags say that the data is, if any. */
export function bundleKind(tags: readonly Tag[]): 'list' | 'map' | undefined {
  if (findTag(tags, 'bundle-format')?.toLowerCase() !== 'binary') return undefined
  if (findTag(tags, 'bundle-version')?.toLowerCase() !== '2.0.0') return undefined
  return (findTag(tags, 'bundle-map') ?? '') === '' ? 'list' : 'map'
}

/** The text of the first tag of this name, in any case. */
function findTag(tags: readonly Tag[], name: string): string | undefined {
  const tag = findBundleTag(tags, name)
  return tag === undefined ? undefined : toText(tag.value)
}

/** The first tag of this ASCII name, in any case. */
export function findBundleTag(tags: readonly Tag[], name: string): Tag | undefined {
  return tags.find((tag) => tag.name.length === name.length && tag.name.toLowerCase() === name)
}

/**
 * The items in the data of an item by key, a list from `1` on. `undefined` when the tags name no
 * bundle, and also when the data is none: such an item is an ordinary one with odd tags.
 */
export function readNestedItems(item: DataItem): NestedItems | undefined {
  const kind = bundleKind(item.tags)
  if (kind === undefined || item.data.length === 0) return undefined
  try {
    const items = decodeBundle(item.data).map((entry) => decodeItem(entry.item))
    return kind === 'list' ? numbered(items) : named(items, findTag(item.tags, 'bundle-map') ?? '')
  } catch (error) {
    if (isAoError(error, 'invalid-encoding', 'unsupported-algorithm')) return undefined
    throw error
  }
}

function numbered(items: readonly DataItem[]): NestedItems {
  return new Map(items.map((item, index) => [`${index + 1}`, item]))
}

/**
 * @NOTE Each name takes an item of its own. Were items shared, a few small bundles inside each other
 * could name a message of any size.
 */
function named(items: readonly DataItem[], manifestId: string): NestedItems {
  const byId = new Map<string, DataItem[]>()
  for (const item of items) {
    const id = unsignedItemId(item)
    const same = byId.get(id)
    if (same === undefined) byId.set(id, [item])
    else same.push(item)
  }
  const nested = new Map<string, DataItem>()
  for (const [key, id] of readManifest(byId.get(manifestId)?.pop())) {
    const item = byId.get(id)?.pop()
    if (item === undefined) throw noBundle('an item for each name in its manifest')
    nested.set(key, item)
  }
  return nested
}

function readManifest(manifest: DataItem | undefined): [key: string, id: string][] {
  const text = manifest === undefined ? undefined : toText(manifest.data)
  if (text === undefined) throw noBundle('the manifest that its tag bundle-map names')
  let index: unknown
  try {
    index = JSON.parse(text)
  } catch {
    throw noBundle('a manifest of JSON')
  }
  if (typeof index !== 'object' || index === null) throw noBundle('a manifest with ids by name')
  return Object.entries(index).map(([key, id]) => {
    if (typeof id !== 'string') throw noBundle('a manifest with ids by name')
    return [key, id]
  })
}

function noBundle(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected a bundle with ${expected}`)
}

export interface NestedData {
  readonly data: Uint8Array
  /** Those that the item with this data must carry. */
  readonly tags: readonly Tag[]
}

/**
 * Items as the data of an item that is a list bundle; the keys must be `1` to the number of items.
 * @throws AoError `unencodable`
 */
export function encodeItemList(items: NestedItems): NestedData {
  const entries = Array.from({ length: items.size }, (_, index) => {
    const item = items.get(`${index + 1}`)
    if (item === undefined) {
      throw new AoError('unencodable', 'Expected the keys of a list bundle to be 1 to n', {
        missing: index + 1,
      })
    }
    const id = isSignedItem(item) ? signedItemId(item) : unsignedItemId(item)
    return { id: decodeBase64(id), item: item.bytes }
  })
  return { data: encodeBundle(entries), tags: bundleTags() }
}

/** Items by key as the data of an item that is a map bundle: manifest first, then by key. */
export function encodeItemMap(items: NestedItems): NestedData {
  const sorted = [...items].sort(([left], [right]) => compareText(left, right))
  const named = sorted.map(([key, item]) => ({ key, bytes: item.bytes, id: unsignedItemId(item) }))
  const manifest = createItem({
    tags: [
      { name: 'data-protocol', value: 'bundle-map' },
      { name: 'variant', value: '0.0.1' },
    ],
    data: Buffer.from(formatManifest(named)),
  })
  const manifestId = unsignedItemId(manifest)
  const entries = [{ id: manifestId, bytes: manifest.bytes }, ...named].map(({ id, bytes }) => {
    return { id: decodeBase64(id), item: bytes }
  })
  return { data: encodeBundle(entries), tags: bundleTags(manifestId) }
}

function bundleTags(map?: string): Tag[] {
  const values = ['binary', '2.0.0', ...(map === undefined ? [] : [map])]
  return BUNDLE_TAGS.flatMap((name, index) => {
    const value = values[index]
    return value === undefined ? [] : [{ name, value }]
  })
}

function formatManifest(entries: readonly { readonly key: string; readonly id: string }[]): string {
  return `{${entries.map(({ key, id }) => `${formatJsonString(key)}:"${id}"`).join(',')}}`
}
