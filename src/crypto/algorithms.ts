/**
 * The one table of key types and signature schemes: lengths, digests, salts. Whoever needs to know
 * what an algorithm is made of reads it here; names on the wire belong to the codecs.
 */
import type { SignatureScheme, WalletType } from './wallet.ts'

export interface SchemeRule {
  readonly walletType: WalletType
  /** Every signature of the scheme has exactly this length. */
  readonly signatureBytes: number
  readonly kind: 'rsa-pss' | 'ed25519' | 'ethereum'
}

export interface RsaPssRule extends SchemeRule {
  readonly kind: 'rsa-pss'
  /** Also the hash of MGF1. */
  readonly digest: 'sha256' | 'sha512'
  /** Salt of the signatures made here, in bytes; those of others may have any. */
  readonly saltBytes: number
}

export interface NativeRule extends SchemeRule {
  readonly kind: 'ed25519' | 'ethereum'
}

export const SCHEMES: Readonly<Record<SignatureScheme, RsaPssRule | NativeRule>> = {
  'rsa-pss-sha512': {
    kind: 'rsa-pss',
    walletType: 'rsa-4096',
    signatureBytes: 512,
    digest: 'sha512',
    saltBytes: 64,
  },
  'rsa-pss-sha256': {
    kind: 'rsa-pss',
    walletType: 'rsa-4096',
    signatureBytes: 512,
    digest: 'sha256',
    saltBytes: 32,
  },
  ed25519: { kind: 'ed25519', walletType: 'ed25519', signatureBytes: 64 },
  ethereum: { kind: 'ethereum', walletType: 'secp256k1', signatureBytes: 65 },
}

export const PUBLIC_KEY_BYTES: Readonly<Record<WalletType, number>> = {
  'rsa-4096': 512,
  secp256k1: 65,
  ed25519: 32,
}

/** The public exponent of every RSA key: 65537. */
export const RSA_EXPONENT = 'AQAB'
