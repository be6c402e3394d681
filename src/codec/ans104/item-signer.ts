/**
 * What is the same in all items of one signer: how its commitments name it, and the deep hash of an
 * item up to the fields that say whom it is for. The same signers sign over and over.
 */
import { asBuffer } from '../../base/bytes.ts'
import { LruMap } from '../../base/lru-map.ts'
import { addressOf } from '../../crypto/address.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { KnownKeys } from '../../crypto/known-keys.ts'
import type { DataItem } from './data-item.ts'
import { type Digest, foldHashes, hashBlob, startList } from './deep-hash.ts'
import { ARWEAVE_TYPE, type ItemSignatureType } from './signature-types.ts'

export interface ItemSigner {
  readonly keyid: string
  readonly committer: string
  /** The deep hash of an item up to its owner. */
  readonly digest: Digest
}

const signers = new KnownKeys<ItemSigner>(1_000)

/**
 * The owner of an item, of whom nothing is checked. The owners of each signature type have a length
 * of their own, so that the bytes alone name the signer.
 */
export function signerOf({ type, owner }: DataItem): ItemSigner {
  const known = signers.get(owner)
  if (known !== undefined) return known
  const signer: ItemSigner = {
    keyid: `publickey:${encodeBase64url(owner)}`,
    committer: addressOf(type.walletType, owner),
    digest: hashOfOwner(type, owner),
  }
  signers.set(owner, signer)
  return signer
}

/** The part of the deep hash that all items have in common: eight parts, the first two the same. */
const PREFIX = foldHashes(startList(8), hashBlob('dataitem'), hashBlob('1'))
/** The deep hash of no bytes. */
export const EMPTY = hashBlob('')

const NO_OWNER = new Uint8Array(ARWEAVE_TYPE.ownerBytes)
const withoutOwner = new Map<ItemSignatureType, Digest>()

/** The deep hash up to the owner where nobody is to be named. */
export function hashOfNoOwner(type: ItemSignatureType): Digest {
  const known = withoutOwner.get(type)
  if (known !== undefined) return known
  const digest = hashOfOwner(type, NO_OWNER)
  withoutOwner.set(type, digest)
  return digest
}

function hashOfOwner({ number }: ItemSignatureType, owner: Uint8Array): Digest {
  return foldHashes(PREFIX, hashBlob(`${number}`), hashBlob(owner))
}

/** By the digest up to the owner and the bytes of the target. */
const addressed = new LruMap<string, Digest>(4_000)

/** The deep hash up to the tags. Few items have an anchor, and many have the same target. */
export function hashOfParties(owner: Digest, { target, anchor }: DataItem): Digest {
  if (anchor !== undefined) return foldHashes(owner, hashOptional(target), hashBlob(anchor))
  const name = target === undefined ? owner : owner + asBuffer(target).toString('latin1')
  const known = addressed.get(name)
  if (known !== undefined) return known
  const digest = foldHashes(owner, hashOptional(target), EMPTY)
  addressed.set(name, digest)
  return digest
}

function hashOptional(field: Uint8Array | undefined): Digest {
  return field === undefined ? EMPTY : hashBlob(field)
}
