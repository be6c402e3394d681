/** Arweave's deep hash: SHA-384 over nested lists of bytes, their lengths included. */
import { type Binary, byteLength } from '../../base/bytes.ts'
import { sha384 } from '../../crypto/hash.ts'

export type DeepHashable = Binary | readonly DeepHashable[]

/** 48 bytes. Source: HyperBEAM, `ar_deep_hash:hash`. */
export function deepHash(value: DeepHashable): Uint8Array {
  return isBlob(value) ? hashBlob(value) : foldHashes(value.map(deepHash))
}

/** The deep hash of bytes. */
export function hashBlob(blob: Binary): Uint8Array {
  return joinBlob(byteLength(blob), sha384(blob))
}

/** The same with the hashing on another thread, for bytes that would hold this one up. */
export async function hashLargeBlob(blob: Uint8Array): Promise<Uint8Array> {
  const digest = await crypto.subtle.digest('SHA-384', new Uint8Array(blob))
  return joinBlob(blob.length, new Uint8Array(digest))
}

/** The deep hash of a list, from those of its elements. */
export function foldHashes(hashes: readonly Uint8Array[]): Uint8Array {
  let fold = sha384(`list${hashes.length}`)
  for (const hash of hashes) fold = sha384(Buffer.concat([fold, hash]))
  return fold
}

function joinBlob(length: number, digest: Uint8Array): Uint8Array {
  return sha384(Buffer.concat([sha384(`blob${length}`), digest]))
}

function isBlob(value: DeepHashable): value is Binary {
  return typeof value === 'string' || value instanceof Uint8Array
}
