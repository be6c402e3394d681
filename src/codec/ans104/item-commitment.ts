/** The commitment that a data item is to its message. */
import { compareText, equalBinary } from '../../base/bytes.ts'
import { addressOf } from '../../crypto/address.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { parseAoTypes } from '../../message/ao-types.ts'
import type { Commitment } from '../../message/commitment.ts'
import { decodeValue } from '../../message/decode-value.ts'
import { encodeScalar } from '../../message/encode-tabm.ts'
import { TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import type { Tabm } from '../../message/tabm.ts'
import { isBinary, isList, type Value } from '../../message/value.ts'
import { type DataItem, isSignedItem } from './data-item.ts'
import { signedItemId, unsignedItemId } from './item-signature.ts'
import { dataKeyOf, lowerCase, presentKey, tagsOf } from './item-tags.ts'
import { BUNDLE_TAGS, findBundleTag } from './nested-items.ts'
import { formatOriginalTags, ORIGINAL_TAGS } from './original-tags.ts'
import type { Tag } from './tags.ts'

export const ANS104_DEVICE = 'ans104@1.0'

/** `type` of the commitment of an item without a signature. */
export const UNSIGNED_TYPE = 'unsigned-sha256'

export interface DecodedItem {
  readonly tabm: Tabm
  readonly committed: readonly string[]
  /** Keys whose values are items of their own in the data. */
  readonly nestedKeys: ReadonlySet<string>
}

/**
 * The commitment of an item, which keeps the item's bytes. An item without a signature has one only
 * where its tags could not be told from the message.
 */
export function commitmentOfItem(item: DataItem, decoded: DecodedItem): Commitment | undefined {
  const isSigned = isSignedItem(item)
  const needsTags = !isCanonicallyTyped(decoded.tabm) || !isPlain(item, decoded)
  if (!isSigned && !needsTags) return undefined
  const bundleTags = bundleTagsOf(item)
  const fields = new Map<string, Value>()
  fields.set('bundle', bundleTags.has('bundle-format') ? 'true' : 'false')
  if (isSigned) for (const [name, { value }] of bundleTags) fields.set(name, value)
  if (item.anchor !== undefined) fields.set('field-anchor', encodeBase64url(item.anchor))
  if (item.target !== undefined) fields.set('field-target', encodeBase64url(item.target))
  if (needsTags) fields.set(ORIGINAL_TAGS, formatOriginalTags(item.tags))
  if (isSigned) return signedCommitment(item, decoded.committed, fields)
  return {
    id: unsignedItemId(item),
    device: ANS104_DEVICE,
    type: UNSIGNED_TYPE,
    committed: decoded.committed,
    fields,
    wire: { kind: 'ans104', item: item.bytes },
  }
}

const NO_BUNDLE: ReadonlyMap<string, Value> = new Map([['bundle', 'false']])

/** The commitment of a signed item whose tags can be told from the message. */
export function signedCommitment(
  item: DataItem,
  committed: readonly string[],
  fields: ReadonlyMap<string, Value> = NO_BUNDLE,
): Commitment {
  return {
    id: signedItemId(item),
    device: ANS104_DEVICE,
    type: item.type.commitmentType,
    committed,
    keyid: `publickey:${encodeBase64url(item.owner)}`,
    committer: addressOf(item.type.walletType, item.owner),
    signature: encodeBase64url(item.signature),
    fields,
    wire: { kind: 'ans104', item: item.bytes },
  }
}

/** The first tag of each name of a bundle tag, in any case. */
function bundleTagsOf({ tags }: DataItem): ReadonlyMap<string, Tag> {
  const found = new Map<string, Tag>()
  for (const name of BUNDLE_TAGS) {
    const tag = findBundleTag(tags, name)
    if (tag !== undefined) found.set(name, tag)
  }
  return found
}

/**
 * Whether the message alone gives back the tags, even when its committed keys have been sorted on
 * their way, as httpsig sorts them. HyperBEAM only asks whether all names are in lower case, and
 * then cannot verify items whose tags are unsorted or repeated.
 */
function isPlain(item: DataItem, { tabm, committed, nestedKeys }: DecodedItem): boolean {
  if (item.tags.some(({ name }) => lowerCase(name) !== name)) return false
  const elsewhere = new Set(nestedKeys)
  if (item.target !== undefined) elsewhere.add('target')
  if (item.anchor !== undefined) elsewhere.add('anchor')
  const bundleTags = [...bundleTagsOf(item)].map(([name, { value }]) => ({ name, value }))
  const keys = committed.map((key) => presentKey(tabm, key)).sort(compareText)
  const plain = tagsOf(tabm, { keys, dataKey: dataKeyOf(tabm), elsewhere, bundleTags })
  return (
    plain.length === item.tags.length &&
    plain.every(({ name, value }, index) => {
      const tag = item.tags[index]
      return tag?.name === name && equalBinary(tag.value, value)
    })
  )
}

/** Whether values and types come back as they are when the message has been a typed one. */
function isCanonicallyTyped(tabm: Tabm): boolean {
  const types = tabm.get(TYPES_KEY)
  if (types === undefined || types instanceof Message) return true
  for (const [key, type] of parseAoTypes(types)) {
    if (key === '.') continue
    const text = tabm.get(key)
    if (text === undefined || text instanceof Message) return false
    const value = decodeValue(type, text)
    if (value instanceof Message || isList(value) || isBinary(value)) return false
    if (!equalBinary(encodeScalar(value).text, text)) return false
  }
  return true
}
