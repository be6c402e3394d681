/** Verification of a signature with a raw public key, mostly off the main thread. */
import type { KeyObject } from 'node:crypto'
import { PUBLIC_KEY_BYTES, SCHEMES } from './algorithms.ts'
import { verifyNative } from './native-jobs.ts'
import { type NativeKeyType, PublicKeyCache } from './public-key.ts'
import { sharedSecp256k1Pool } from './secp256k1-pool.ts'
import type { SignatureScheme } from './wallet.ts'

export interface SignatureToVerify {
  readonly scheme: SignatureScheme
  /** RSA: the modulus, 512 bytes. Ethereum: 65 bytes, uncompressed. Ed25519: 32 bytes. */
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly data: Uint8Array
}

const publicKeys = new PublicKeyCache(1_000)

/**
 * Whether the signature over the data was made with the private key of `publicKey`. RSA-PSS
 * signatures may have a salt of any length. A key or signature of a wrong length, and bytes that
 * are no key, give `false`.
 *
 * @example
 * await verifySignature({ scheme: 'rsa-pss-sha256', publicKey: owner, signature, data: payload })
 */
export function verifySignature(input: SignatureToVerify): Promise<boolean> {
  const { scheme, publicKey, signature, data } = input
  const rule = SCHEMES[scheme]
  if (publicKey.length !== PUBLIC_KEY_BYTES[rule.walletType]) return REFUSED
  if (signature.length !== rule.signatureBytes) return REFUSED
  switch (rule.kind) {
    case 'ethereum':
      return sharedSecp256k1Pool.verify(publicKey, signature, data)
    case 'ed25519':
    case 'rsa-pss': {
      const key = findKey(rule.kind === 'rsa-pss' ? 'rsa-4096' : 'ed25519', publicKey)
      if (key === undefined) return REFUSED
      const digest = rule.kind === 'rsa-pss' ? rule.digest : null
      return verifyNative({ key, digest }, data, signature)
    }
  }
}

const REFUSED = Promise.resolve(false)

function findKey(type: NativeKeyType, publicKey: Uint8Array): KeyObject | undefined {
  try {
    return publicKeys.get(type, publicKey)
  } catch {
    return undefined
  }
}
