/** What is signed in a data item, its ids, signing and verifying. */
import { LruMap } from '../../base/lru-map.ts'
import { sha256Text } from '../../crypto/hash.ts'
import { verifySignature } from '../../crypto/verify-signature.ts'
import type { Wallet } from '../../crypto/wallet.ts'
import { createItem, type DataItem, type ItemContent, isSignedItem } from './data-item.ts'
import {
  type Digest,
  digestBytes,
  foldHashes,
  hashBlob,
  hashLargeBlob,
  startList,
} from './deep-hash.ts'
import { ARWEAVE_TYPE, type ItemSignatureType, signatureTypeOfWallet } from './signature-types.ts'

/** Data of more bytes is hashed on another thread where the caller can wait. */
const LARGE_BYTES = 256 * 1024

/** The part of the deep hash that all items have in common: eight parts, the first two the same. */
const PREFIX = foldHashes(startList(8), [hashBlob('dataitem'), hashBlob('1')])
const EMPTY = hashBlob('')
const NO_OWNER = new Uint8Array(ARWEAVE_TYPE.ownerBytes)

/** The id of a signed item: base64url of the SHA-256 of the signature. */
export function signedItemId(item: DataItem): string {
  return sha256Text(item.signature)
}

/** The id of the content, whoever signed it. Hashes the data. */
export function unsignedItemId(item: DataItem): string {
  return sha256Text(payload(item, NO_OWNER, hashBlob(item.data)))
}

/**
 * The content as an item signed by the wallet, of the signature type of its key.
 * @throws AoError `unencodable`, see `createItem`.
 */
export async function signItem(content: ItemContent, wallet: Wallet): Promise<DataItem> {
  const type = signatureTypeOfWallet(wallet.type)
  const owner = wallet.publicKey
  // A placeholder that is not all zeros, which would say that the item is not signed.
  const signature = new Uint8Array(type.signatureBytes).fill(1)
  const item = createItem(content, { type, owner, signature })
  // The item is still known to nobody else, so its bytes may be completed in place.
  item.signature.set(await wallet.sign(type.scheme, await signedPayload(item)))
  return item
}

/** Whether an item has a signature and it holds. */
export async function verifyItem(item: DataItem): Promise<boolean> {
  if (!isSignedItem(item)) return false
  return verifySignature({
    scheme: item.type.scheme,
    publicKey: item.owner,
    signature: item.signature,
    data: await signedPayload(item),
  })
}

async function signedPayload(item: DataItem): Promise<Uint8Array> {
  const { data } = item
  const dataHash = data.length > LARGE_BYTES ? await hashLargeBlob(data) : hashBlob(data)
  return payload(item, item.owner, dataHash)
}

/** The same signers sign over and over, and a third of what is hashed is about them. */
const signers = new LruMap<string, Digest>(1_000)

/** The deep hash up to the owner. */
function hashOfSigner({ number }: ItemSignatureType, owner: Uint8Array): Digest {
  const bytes = Buffer.from(owner.buffer, owner.byteOffset, owner.byteLength)
  const name = `${number} ${bytes.toString('latin1')}`
  const known = signers.get(name)
  if (known !== undefined) return known
  const digest = foldHashes(PREFIX, [hashBlob(number.toString()), hashBlob(owner)])
  signers.set(name, digest)
  return digest
}

/** The deep hash of the eight parts of an item (ANS-104, section 3.1). */
function payload(item: DataItem, owner: Uint8Array, dataHash: Digest): Uint8Array {
  const { type, target, anchor, tagBytes } = item
  return digestBytes(
    foldHashes(hashOfSigner(type, owner), [
      target === undefined ? EMPTY : hashBlob(target),
      anchor === undefined ? EMPTY : hashBlob(anchor),
      hashBlob(tagBytes),
      dataHash,
    ]),
  )
}
