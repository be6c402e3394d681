/** What Ethereum adds to secp256k1: Keccak, the personal message and the checksummed address. */
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js'
import { concatBytes } from '../base/bytes.ts'

/** The hash that wallets sign for `personal_sign` (EIP-191, version `E`). */
export function personalMessageHash(data: Uint8Array): Uint8Array {
  return keccak256(concatBytes([`\x19Ethereum Signed Message:\n${data.length}`, data]))
}

/**
 * The `0x` address of a 65-byte uncompressed public key, its letters in the case of EIP-55.
 *
 * @example
 * ethereumAddress(wallet.publicKey) // '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf'
 */
export function ethereumAddress(publicKey: Uint8Array): string {
  const hex = toHex(keccak256(publicKey.subarray(1))).slice(-40)
  const checksum = toHex(keccak256(Buffer.from(hex, 'latin1')))
  let address = '0x'
  for (let i = 0; i < hex.length; i++) {
    const digit = hex.charAt(i)
    address += checksum.charAt(i) >= '8' ? digit.toUpperCase() : digit
  }
  return address
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
