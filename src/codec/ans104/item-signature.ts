/** What is signed in a data item, its ids, signing and verifying. */
import { sha256Text } from '../../crypto/hash.ts'
import { verifySignature } from '../../crypto/verify-signature.ts'
import type { Wallet } from '../../crypto/wallet.ts'
import { createItem, type DataItem, type ItemContent, isSignedItem } from './data-item.ts'
import { type Digest, digestBytes, foldHashes, hashBlob, hashLargeBlob } from './deep-hash.ts'
import { EMPTY, hashOfNoOwner, hashOfParties, signerOf } from './item-signer.ts'
import { ARWEAVE_TYPE, signatureTypeOfWallet } from './signature-types.ts'

/** Data of more bytes is hashed on another thread where the caller can wait. */
const LARGE_BYTES = 256 * 1024

/** The id of a signed item: base64url of the SHA-256 of the signature. */
export function signedItemId(item: DataItem): string {
  return sha256Text(item.signature)
}

/** The id of the content, whoever signed it. Hashes the data. */
export function unsignedItemId(item: DataItem): string {
  return sha256Text(payload(item, hashOfNoOwner(item.type), hashData(item)))
}

/**
 * The content as an item signed by the wallet, of the signature type of its key.
 * @throws AoError `unencodable`, see `createItem`.
 */
export async function signItem(content: ItemContent, wallet: Wallet): Promise<DataItem> {
  const type = signatureTypeOfWallet(wallet.type)
  const signature = PLACEHOLDER.subarray(0, type.signatureBytes)
  const item = createItem(content, { type, owner: wallet.publicKey, signature })
  // The item is still known to nobody else, so its bytes may be completed in place.
  item.signature.set(
    await wallet.sign(type.scheme, signedPayload(item) ?? (await largePayload(item))),
  )
  return item
}

/** Not all zeros, which would say that the item is not signed. */
const PLACEHOLDER = new Uint8Array(ARWEAVE_TYPE.signatureBytes).fill(1)

/** Whether an item has a signature and it holds. */
export async function verifyItem(item: DataItem): Promise<boolean> {
  if (!isSignedItem(item)) return false
  return verifySignature({
    scheme: item.type.scheme,
    publicKey: item.owner,
    signature: item.signature,
    data: signedPayload(item) ?? (await largePayload(item)),
  })
}

/** What is signed; `undefined` for data that is hashed on another thread. */
function signedPayload(item: DataItem): Uint8Array | undefined {
  if (item.data.length > LARGE_BYTES) return undefined
  return payload(item, signerOf(item).digest, hashData(item))
}

async function largePayload(item: DataItem): Promise<Uint8Array> {
  return payload(item, signerOf(item).digest, await hashLargeBlob(item.data))
}

function hashData({ data }: DataItem): Digest {
  return data.length === 0 ? EMPTY : hashBlob(data)
}

/** The deep hash of the eight parts of an item (ANS-104, section 3.1), the owner's part given. */
function payload(item: DataItem, owner: Digest, dataHash: Digest): Uint8Array {
  return digestBytes(foldHashes(hashOfParties(owner, item), hashBlob(item.tagBytes), dataHash))
}
