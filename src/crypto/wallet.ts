/**
 * The wallet: the node's, or a client's, signing key. Algorithms are in the table of
 * `algorithms.ts` and nowhere else; signing and verifying run off the main thread.
 */

export type WalletType = 'rsa-4096' | 'secp256k1' | 'ed25519'

/** What is signed over: names the padding or hash with which a wallet type signs. */
export type SignatureScheme =
  /** RSA-PSS, SHA-512, salt 64 (httpsig `rsa-pss-sha512`). */
  | 'rsa-pss-sha512'
  /** RSA-PSS, SHA-256, salt 32 (ANS-104 type 1). */
  | 'rsa-pss-sha256'
  /** Ed25519 over the message itself (ANS-104 type 2, httpsig `ed25519`). */
  | 'ed25519'
  /** secp256k1 recoverable over the Ethereum personal message hash (ANS-104 type 3). 65 bytes. */
  | 'ethereum'

export interface Wallet {
  readonly type: WalletType
  /** RSA: the modulus, 512 bytes. secp256k1: 65 bytes, uncompressed. Ed25519: 32 bytes. */
  readonly publicKey: Uint8Array
  /** RSA, Ed25519: base64url of the SHA-256 of the public key. secp256k1: checksummed `0x` address. */
  readonly address: string
  /** @throws AoError `unsupported-algorithm` when this type of key cannot sign the scheme. */
  sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array>
}
