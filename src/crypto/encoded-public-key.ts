/** Public keys as the protocol writes them, in base64. */
import { ownText } from '../base/bytes.ts'
import { LruMap } from '../base/lru-map.ts'
import { decodeBase64 } from './base64url.ts'
import { sha256Text } from './hash.ts'

export interface EncodedPublicKey {
  readonly bytes: Uint8Array
  /** Base64url of the SHA-256 of the bytes: the address of a key of RSA or Ed25519. */
  readonly hash: string
}

/**
 * The key behind a base64 text, in either alphabet.
 * @throws AoError `invalid-encoding` for a text that is no base64.
 */
export function decodePublicKey(base64: string): EncodedPublicKey {
  if (base64.length > MAX_KNOWN_LENGTH) return readKey(base64)
  const known = knownKeys.get(base64)
  if (known !== undefined) return known
  const key = readKey(base64)
  knownKeys.set(ownText(base64), key)
  return key
}

/** A signer's messages all have its key, and each is asked for it several times. */
const knownKeys = new LruMap<string, EncodedPublicKey>(1_000)
const MAX_KNOWN_LENGTH = 1_024

function readKey(base64: string): EncodedPublicKey {
  const bytes = decodeBase64(base64)
  return { bytes, hash: sha256Text(bytes) }
}
