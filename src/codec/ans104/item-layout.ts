/** How a message is laid out in a data item: what its commitment says of the item, or a fresh one. */
import { toText } from '../../base/bytes.ts'
import { AoError, isAoError } from '../../base/errors.ts'
import { decodeBase64 } from '../../crypto/base64url.ts'
import type { Commitment, Commitments } from '../../message/commitment.ts'
import { Message } from '../../message/message.ts'
import type { Tabm } from '../../message/tabm.ts'
import { Atom, isBinary } from '../../message/value.ts'
import { type ItemSignature, UNSIGNED } from './data-item.ts'
import { ANS104_DEVICE, UNSIGNED_TYPE } from './item-commitment.ts'
import { lowerCase, sortedPublicKeys } from './item-tags.ts'
import { BUNDLE_TAGS } from './nested-items.ts'
import { originalTagsOf } from './original-tags.ts'
import { signatureTypeOfCommitment } from './signature-types.ts'
import type { Tag } from './tags.ts'

export interface ItemLayout {
  /** Keys that the item holds, in the order of their tags. */
  readonly keys: readonly string[]
  /** All tags exactly, where the commitment has them. */
  readonly originalTags?: readonly Tag[]
  /** Tags of a bundle that the item must carry, whatever the bundle made anew would. */
  readonly bundleTags: readonly Tag[]
  readonly target?: Uint8Array
  readonly anchor?: Uint8Array
  readonly signature: ItemSignature
}

/**
 * The data item commitment of a message, if it has one.
 * @throws AoError `unencodable` for more than one: an item has one signature.
 */
export function itemCommitmentOf(message: {
  readonly commitments: Commitments
}): Commitment | undefined {
  let found: Commitment | undefined
  let count = 0
  for (const commitment of message.commitments.values()) {
    if (commitment.device !== ANS104_DEVICE) continue
    found = commitment
    count++
  }
  if (count <= 1) return found
  throw new AoError('unencodable', 'Expected at most one ans104@1.0 commitment; select one', {
    commitments: count,
  })
}

/** Whether nested messages were inline in the item. */
export function isBundled({ fields }: Commitment): boolean {
  const bundle = fields.get('bundle')
  return bundle instanceof Atom ? bundle.name === 'true' : isBinary(bundle) && bundle === 'true'
}

/** The layout of a message without a commitment: keys sorted, ids of 32 bytes into the fields. */
export function freshLayout(tabm: Tabm): ItemLayout {
  return {
    keys: sortedPublicKeys(tabm),
    bundleTags: [],
    ...fields(idField(tabm, 'target'), idField(tabm, 'anchor')),
    signature: UNSIGNED,
  }
}

/**
 * The layout of the item that a commitment on a message is of.
 * @throws AoError `invalid-commitment`, `unsupported-algorithm`
 */
export function committedLayout(tabm: Tabm, commitment: Commitment): ItemLayout {
  const originalTags = originalTagsOf(commitment)
  const [target, anchor] = (['target', 'anchor'] as const).map((name) => {
    return committedField(commitment, name) ?? untaggedField(tabm, name, originalTags)
  })
  return {
    keys: [...new Set(commitment.committed)],
    ...(originalTags === undefined ? {} : { originalTags }),
    bundleTags: bundleTagsOf(commitment),
    ...fields(target, anchor),
    signature: signatureOf(commitment),
  }
}

/**
 * A field that is no tag, although all tags are known: commitments of HyperBEAM before September
 * 2025 do not name the fields.
 */
function untaggedField(
  tabm: Tabm,
  name: string,
  tags: readonly Tag[] | undefined,
): Uint8Array | undefined {
  if (tags === undefined || tags.some((tag) => lowerCase(tag.name) === name)) return undefined
  return idField(tabm, name)
}

function fields(
  target: Uint8Array | undefined,
  anchor: Uint8Array | undefined,
): Pick<ItemLayout, 'target' | 'anchor'> {
  return {
    ...(target === undefined ? {} : { target }),
    ...(anchor === undefined ? {} : { anchor }),
  }
}

/** The raw id in a value that is base64 of one; any other value is for a tag. */
function idField(tabm: Tabm, key: string): Uint8Array | undefined {
  const value = tabm.get(key)
  if (value === undefined || value instanceof Message) return undefined
  const text = toText(value)
  const bytes = text === undefined ? undefined : decodeOptional(text)
  return bytes?.length === 32 ? bytes : undefined
}

function decodeOptional(text: string): Uint8Array | undefined {
  try {
    return decodeBase64(text)
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}

function committedField(commitment: Commitment, name: string): Uint8Array | undefined {
  const value = textField(commitment, `field-${name}`)
  if (value === undefined) return undefined
  const bytes = decodeOptional(value)
  if (bytes?.length !== 32) throw invalid(commitment, `32 bytes as field-${name}`)
  return bytes
}

function bundleTagsOf(commitment: Commitment): Tag[] {
  return BUNDLE_TAGS.flatMap((name) => {
    const value = textField(commitment, name)
    return value === undefined ? [] : [{ name, value }]
  })
}

function textField(commitment: Commitment, name: string): string | undefined {
  const value = commitment.fields.get(name)
  if (value === undefined) return undefined
  const text = isBinary(value) ? toText(value) : undefined
  if (text === undefined) throw invalid(commitment, `a text as ${name}`)
  return text
}

function signatureOf(commitment: Commitment): ItemSignature {
  if (commitment.type === UNSIGNED_TYPE) return UNSIGNED
  const type = signatureTypeOfCommitment(commitment.type)
  const { keyid = '', signature = '' } = commitment
  const owner = keyid.startsWith('publickey:') && decodeOptional(keyid.slice('publickey:'.length))
  const bytes = decodeOptional(signature)
  if (!owner || owner.length !== type.ownerBytes || bytes?.length !== type.signatureBytes) {
    throw invalid(commitment, `a key and a signature of ${commitment.type}`)
  }
  return { type, owner, signature: bytes }
}

function invalid({ id }: Commitment, expected: string): AoError {
  return new AoError('invalid-commitment', `Expected ${expected} in a commitment`, { id })
}
