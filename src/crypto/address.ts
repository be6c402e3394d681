/** The address of a public key: how the protocol names a signer. */
import { AoError } from '../base/errors.ts'
import { PUBLIC_KEY_BYTES } from './algorithms.ts'
import { ethereumAddress } from './ethereum.ts'
import { sha256Text } from './hash.ts'
import type { WalletType } from './wallet.ts'

/**
 * RSA and Ed25519: base64url of the SHA-256 of the public key, 43 characters. secp256k1: the
 * checksummed `0x` address, 42 characters.
 * @throws AoError `invalid-wallet` when the public key has not the length of its type.
 */
export function addressOf(type: WalletType, publicKey: Uint8Array): string {
  if (publicKey.length !== PUBLIC_KEY_BYTES[type]) {
    throw new AoError(
      'invalid-wallet',
      `Expected a public key of ${PUBLIC_KEY_BYTES[type]} bytes for ${type}`,
      { type, bytes: publicKey.length },
    )
  }
  return type === 'secp256k1' ? ethereumAddress(publicKey) : sha256Text(publicKey)
}
