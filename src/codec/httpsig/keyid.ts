/**
 * How commitments name their keys and algorithms. This is the only table of the algorithm names of
 * httpsig@1.0; what an algorithm is made of stands in `crypto/algorithms.ts`.
 */
import { addressOf } from '../../crypto/address.ts'
import { encodeBase64 } from '../../crypto/base64url.ts'
import { decodePublicKey } from '../../crypto/encoded-public-key.ts'
import type { SignatureScheme, WalletType } from '../../crypto/wallet.ts'

export interface SignatureAlgorithm {
  /** `type` of a commitment, `alg` of a signature. */
  readonly type: string
  readonly scheme: SignatureScheme
  readonly walletType: WalletType
}

/**
 * `rsa-pss-sha512` is HyperBEAM's; `ed25519` is RFC 9421's name. RFC 9421 has no name for the curve
 * secp256k1: `ecdsa-secp256k1-eip191` is ours, for signatures over the Ethereum personal message.
 */
const ALGORITHMS: readonly SignatureAlgorithm[] = [
  { type: 'rsa-pss-sha512', scheme: 'rsa-pss-sha512', walletType: 'rsa-4096' },
  { type: 'ed25519', scheme: 'ed25519', walletType: 'ed25519' },
  { type: 'ecdsa-secp256k1-eip191', scheme: 'ethereum', walletType: 'secp256k1' },
]

export const HMAC_TYPE = 'hmac-sha256'

export function algorithmOfType(type: string): SignatureAlgorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm.type === type)
}

export function algorithmOfWallet(walletType: WalletType): SignatureAlgorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm.walletType === walletType)
}

/** `publickey:` and the key in padded base64, as nodes of November 2025 compare it. */
export function publicKeyid(publicKey: Uint8Array): string {
  return `publickey:${encodeBase64(publicKey)}`
}

/**
 * The bytes of a public key by its keyid, in either base64 alphabet and with or without the scheme.
 * @throws AoError `invalid-encoding` when they are no base64.
 */
export function publicKeyOf(keyid: string): Uint8Array | undefined {
  const separator = keyid.indexOf(':')
  const isKey = separator < 0 || keyid.startsWith('publickey:')
  return isKey ? decodePublicKey(keyid.slice(separator + 1)).bytes : undefined
}

/**
 * The address that a keyid speaks for; a constant key speaks for nobody.
 * @throws AoError `invalid-encoding` for a public key that is no base64.
 */
export function committerOf(keyid: string, type: string): string | undefined {
  const separator = keyid.indexOf(':')
  const scheme = separator < 0 ? defaultScheme(type) : keyid.slice(0, separator)
  if (scheme === 'secret') return keyid.slice(separator + 1)
  if (scheme !== 'publickey') return undefined
  const { bytes, hash } = decodePublicKey(keyid.slice(separator + 1))
  return isEthereumKey(bytes) ? addressOf('secp256k1', bytes) : hash
}

function defaultScheme(type: string): string {
  return type === HMAC_TYPE ? 'constant' : 'publickey'
}

function isEthereumKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 65 && publicKey[0] === 4
}
