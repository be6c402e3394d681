/** Public keys as OpenSSL holds them, kept because making one costs as much as verifying with it. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { encodeBase64url } from './base64url.ts'
import { KnownKeys } from './known-keys.ts'
import { pssPublicKey } from './pss-key.ts'

export type NativeKeyType = 'rsa-4096' | 'ed25519'

/** A bounded cache from raw public keys to key objects; of each type the longest unused one goes first. */
export class PublicKeyCache {
  readonly #keys: Readonly<Record<NativeKeyType, KnownKeys<KeyObject>>>

  /** @param limit how many keys of each type are kept. */
  constructor(limit: number) {
    this.#keys = { 'rsa-4096': new KnownKeys(limit), ed25519: new KnownKeys(limit) }
  }

  get size(): number {
    return this.#keys['rsa-4096'].size + this.#keys.ed25519.size
  }

  /** @throws Error of OpenSSL when the bytes are no public key. */
  get(type: NativeKeyType, publicKey: Uint8Array): KeyObject {
    const keys = this.#keys[type]
    const known = keys.get(publicKey)
    if (known !== undefined) return known
    const key = importPublicKey(type, publicKey)
    keys.set(publicKey, key)
    return key
  }
}

function importPublicKey(type: NativeKeyType, publicKey: Uint8Array): KeyObject {
  if (type === 'rsa-4096') return pssPublicKey(publicKey)
  const key = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(publicKey) }
  return createPublicKey({ key, format: 'jwk' })
}
