/** The signature types of ANS-104 that are supported, and what a commitment calls each. */
import { AoError } from '../../base/errors.ts'
import { PUBLIC_KEY_BYTES, SCHEMES } from '../../crypto/algorithms.ts'
import type { SignatureScheme, WalletType } from '../../crypto/wallet.ts'

export interface ItemSignatureType {
  /** The number in the item and in its deep hash. */
  readonly number: number
  readonly walletType: WalletType
  readonly scheme: SignatureScheme
  /** `type` of a commitment. HyperBEAM of 2026 has the same names for the types 2 and 3. */
  readonly commitmentType: string
  readonly signatureBytes: number
  readonly ownerBytes: number
}

function signatureType(
  number: number,
  scheme: SignatureScheme,
  commitmentType: string,
): ItemSignatureType {
  const { walletType, signatureBytes } = SCHEMES[scheme]
  const ownerBytes = PUBLIC_KEY_BYTES[walletType]
  return { number, walletType, scheme, commitmentType, signatureBytes, ownerBytes }
}

/** Type 1, also that of an item without a signature. */
export const ARWEAVE_TYPE: ItemSignatureType = signatureType(1, 'rsa-pss-sha256', 'rsa-pss-sha256')

const TYPES: readonly ItemSignatureType[] = [
  ARWEAVE_TYPE,
  signatureType(2, 'ed25519', 'ed25519-sha512'),
  signatureType(3, 'ethereum', 'ethereum'),
]

/** @throws AoError `unsupported-algorithm` for any other number than 1, 2 and 3. */
export function signatureTypeOfNumber(number: number): ItemSignatureType {
  for (const type of TYPES) if (type.number === number) return type
  throw unsupported(`${number}`)
}

/** @throws AoError `unsupported-algorithm` */
export function signatureTypeOfWallet(walletType: WalletType): ItemSignatureType {
  for (const type of TYPES) if (type.walletType === walletType) return type
  throw unsupported(walletType)
}

/** @throws AoError `unsupported-algorithm` */
export function signatureTypeOfCommitment(commitmentType: string): ItemSignatureType {
  for (const type of TYPES) if (type.commitmentType === commitmentType) return type
  throw unsupported(commitmentType)
}

function unsupported(asked: string): AoError {
  return new AoError(
    'unsupported-algorithm',
    'Expected a data item of signature type 1 (RSA), 2 (Ed25519) or 3 (Ethereum)',
    { type: asked },
  )
}
