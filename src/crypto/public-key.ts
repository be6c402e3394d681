/** Public keys as OpenSSL holds them, kept because making one costs as much as verifying with it. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { LruMap } from '../base/lru-map.ts'
import { encodeBase64url } from './base64url.ts'
import { pssPublicKey } from './pss-key.ts'

export type NativeKeyType = 'rsa-4096' | 'ed25519'

/** A bounded cache from raw public keys to key objects; the longest unused one goes first. */
export class PublicKeyCache {
  readonly #keys: LruMap<string, KeyObject>

  constructor(limit: number) {
    this.#keys = new LruMap(limit)
  }

  get size(): number {
    return this.#keys.size
  }

  /** @throws Error of OpenSSL when the bytes are no public key. */
  get(type: NativeKeyType, publicKey: Uint8Array): KeyObject {
    const name = type + Buffer.from(publicKey).toString('latin1')
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const key = importPublicKey(type, publicKey)
    this.#keys.set(name, key)
    return key
  }
}

function importPublicKey(type: NativeKeyType, publicKey: Uint8Array): KeyObject {
  if (type === 'rsa-4096') return pssPublicKey(publicKey)
  const key = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(publicKey) }
  return createPublicKey({ key, format: 'jwk' })
}
