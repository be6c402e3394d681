/** The commitment that a data item is to its message. */
import { compareText, equalBinary } from '../../base/bytes.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { parseAoTypes } from '../../message/ao-types.ts'
import type { Commitment } from '../../message/commitment.ts'
import { decodeValue } from '../../message/decode-value.ts'
import { encodeScalar } from '../../message/encode-tabm.ts'
import { TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import type { TabmValue } from '../../message/tabm.ts'
import { isBinary, isList, type Value } from '../../message/value.ts'
import { type DataItem, isSignedItem } from './data-item.ts'
import { signedItemId, unsignedItemId } from './item-signature.ts'
import { signerOf } from './item-signer.ts'
import { DATA_KEY_TAG, dataKeyOf } from './item-tags.ts'
import { ItemWire } from './item-wire.ts'
import { BUNDLE_TAGS, findBundleTag } from './nested-items.ts'
import { formatOriginalTags, ORIGINAL_TAGS } from './original-tags.ts'
import type { Tag } from './tags.ts'

export const ANS104_DEVICE = 'ans104@1.0'

/** `type` of the commitment of an item without a signature. */
export const UNSIGNED_TYPE = 'unsigned-sha256'

export interface DecodedItem {
  /** The values of the TABM, by its keys. */
  readonly entries: ReadonlyMap<string, TabmValue>
  readonly committed: readonly string[]
  /** Whether all names of tags are in lower case. */
  readonly isLowerCase: boolean
  /** Whether some tags say what the item is, and not what the message says. */
  readonly hasSpecial: boolean
  /** Keys whose values are items of their own in the data. */
  readonly nested: ReadonlyMap<string, TabmValue> | undefined
}

/**
 * The commitment of an item, which keeps the item's bytes. An item without a signature has one only
 * where its tags could not be told from the message.
 */
export function commitmentOfItem(item: DataItem, decoded: DecodedItem): Commitment | undefined {
  const isSigned = isSignedItem(item)
  const needsTags = !isCanonicallyTyped(decoded.entries) || !isPlain(item, decoded)
  if (!isSigned && !needsTags) return undefined
  const fields = fieldsOf(item, decoded, { isSigned, needsTags })
  if (isSigned) return signedCommitment(item, decoded.committed, fields)
  return {
    id: unsignedItemId(item),
    device: ANS104_DEVICE,
    type: UNSIGNED_TYPE,
    committed: decoded.committed,
    fields,
    wire: new ItemWire(item.bytes),
  }
}

const NO_BUNDLE: ReadonlyMap<string, Value> = new Map([['bundle', 'false']])

interface FieldsNeeded {
  readonly isSigned: boolean
  readonly needsTags: boolean
}

function fieldsOf(
  item: DataItem,
  { hasSpecial }: DecodedItem,
  { isSigned, needsTags }: FieldsNeeded,
): ReadonlyMap<string, Value> {
  const { target, anchor, tags } = item
  const isBare = target === undefined && anchor === undefined
  if (isBare && !hasSpecial && !needsTags) return NO_BUNDLE
  const bundleTags = bundleTagsOf(hasSpecial ? tags : [])
  const isBundle = bundleTags.some(({ name }) => name === 'bundle-format')
  const fields = new Map<string, Value>([['bundle', isBundle ? 'true' : 'false']])
  if (isSigned) for (const { name, value } of bundleTags) fields.set(name, value)
  if (anchor !== undefined) fields.set('field-anchor', encodeBase64url(anchor))
  if (target !== undefined) fields.set('field-target', encodeBase64url(target))
  if (needsTags) fields.set(ORIGINAL_TAGS, formatOriginalTags(tags))
  return fields
}

/**
 * The commitment of a signed item.
 * @param fields by default those of an item with nothing but tags that can be told from the message.
 */
export function signedCommitment(
  item: DataItem,
  committed: readonly string[],
  fields: ReadonlyMap<string, Value> = NO_BUNDLE,
): Commitment {
  const { keyid, committer } = signerOf(item)
  const signature = encodeBase64url(item.signature)
  return {
    id: signedItemId(item),
    device: ANS104_DEVICE,
    type: item.type.commitmentType,
    committed,
    keyid,
    committer,
    signature,
    fields,
    wire: new ItemWire(item.bytes, signature),
  }
}

/** The first tag of each name of a bundle tag, in any case, under that name. */
function bundleTagsOf(tags: readonly Tag[]): Tag[] {
  const found: Tag[] = []
  if (tags.length === 0) return found
  for (const name of BUNDLE_TAGS) {
    const tag = findBundleTag(tags, name)
    if (tag !== undefined) found.push({ name, value: tag.value })
  }
  return found
}

/**
 * Whether the message alone gives back the tags, even when its committed keys have been sorted on
 * their way, as httpsig sorts them: whether `tagsOf` would make them. HyperBEAM only asks whether all
 * names are in lower case, and then cannot verify items whose tags are unsorted or repeated.
 */
function isPlain(item: DataItem, decoded: DecodedItem): boolean {
  if (!decoded.isLowerCase) return false
  const { tags } = item
  const { entries } = decoded
  const dataKey = dataKeyOf(entries)
  const leading = leadingTags(decoded.hasSpecial ? tags : [], dataKey)
  if (!leading.every(({ name, value }, index) => isSameTag(tags[index], name, value))) return false
  const isTagged = taggedKeys(item, dataKey, decoded.nested)
  let count = leading.length
  for (const key of entries.keys()) if (isTagged(key)) count++
  if (tags.length !== count) return false
  let before = ''
  for (const tag of leading.length === 0 ? tags : tags.slice(leading.length)) {
    const { name } = tag
    if (compareText(before, name) >= 0 || !isTagged(name)) return false
    if (!isSameTag(tag, name, entries.get(name))) return false
    before = name
  }
  return true
}

/** The tags that come before those of the keys. */
function leadingTags(tags: readonly Tag[], dataKey: string): Tag[] {
  const leading = bundleTagsOf(tags)
  if (dataKey !== 'data') leading.push({ name: DATA_KEY_TAG, value: dataKey })
  return leading
}

/** Which keys of a message become tags, and are neither the data, nor in it, nor a field. */
function taggedKeys(
  { target, anchor }: DataItem,
  dataKey: string,
  nested: DecodedItem['nested'],
): (key: string) => boolean {
  return (key) => {
    if (key === dataKey || (key === DATA_KEY_TAG && dataKey !== 'data')) return false
    if (key === 'target' && target !== undefined) return false
    if (key === 'anchor' && anchor !== undefined) return false
    return nested === undefined || !nested.has(key)
  }
}

function isSameTag(tag: Tag | undefined, name: string, value: TabmValue | undefined): boolean {
  if (tag?.name !== name || value === undefined || value instanceof Message) return false
  return equalBinary(tag.value, value)
}

/** Whether values and types come back as they are when the message has been a typed one. */
function isCanonicallyTyped(entries: ReadonlyMap<string, TabmValue>): boolean {
  const types = entries.get(TYPES_KEY)
  if (types === undefined || types instanceof Message) return true
  for (const [key, type] of parseAoTypes(types)) {
    if (key === '.') continue
    const text = entries.get(key)
    if (text === undefined || text instanceof Message) return false
    const value = decodeValue(type, text)
    if (value instanceof Message || isList(value) || isBinary(value)) return false
    if (!equalBinary(encodeScalar(value).text, text)) return false
  }
  return true
}
