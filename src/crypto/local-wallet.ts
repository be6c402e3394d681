/** Wallets whose private key is in this process. */
import { generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { AoError } from '../base/errors.ts'
import { addressOf } from './address.ts'
import { type RsaPssRule, SCHEMES } from './algorithms.ts'
import { decodeBase64 } from './base64url.ts'
import { sharedEd25519Signer } from './ed25519-signer.ts'
import { type Jwk, type PrivateKey, parseJwk } from './jwk.ts'
import { signOnThread } from './native-jobs.ts'
import { pssPrivateKey } from './pss-key.ts'
import { sharedSecp256k1Pool } from './secp256k1-pool.ts'
import type { SignatureScheme, Wallet, WalletType } from './wallet.ts'

/**
 * A new wallet of the given type. Off the main thread; an RSA key takes about a second.
 *
 * @example
 * const wallet = await generateWallet('rsa-4096')
 */
export async function generateWallet(type: WalletType): Promise<Wallet> {
  const key = await generateKey(type)
  return walletFromJwk(key.export({ format: 'jwk' }))
}

/**
 * The wallet of a private JSON Web Key: an Arweave key file (RSA), secp256k1 or Ed25519.
 * @throws AoError `invalid-wallet`; its message never holds any part of the key.
 */
export function walletFromJwk(jwk: unknown): Wallet {
  return new LocalWallet(parseJwk(jwk))
}

/**
 * The private JSON Web Key of a wallet of this process. Write it nowhere but into a wallet file.
 * @throws AoError `invalid-wallet` when the private key is elsewhere.
 */
export function walletToJwk(wallet: Wallet): Jwk {
  if (!(wallet instanceof LocalWallet)) {
    throw new AoError('invalid-wallet', 'Expected a wallet whose private key is in this process')
  }
  return wallet.toJwk()
}

/** Whether the private key of a wallet is in this process. */
export function isLocalWallet(wallet: Wallet): boolean {
  return wallet instanceof LocalWallet
}

class LocalWallet implements Wallet {
  readonly type: WalletType
  readonly publicKey: Uint8Array
  readonly address: string
  readonly #key: KeyObject
  /** The scalar, for the curve that OpenSSL cannot sign a Keccak hash with. */
  readonly #secret: Uint8Array
  readonly #pssKeys = new Map<RsaPssRule, KeyObject>()

  constructor({ type, publicKey, key }: PrivateKey) {
    this.type = type
    this.publicKey = publicKey
    this.address = addressOf(type, publicKey)
    this.#key = key
    this.#secret = decodeBase64((type === 'secp256k1' && this.toJwk().d) || '')
  }

  async sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array> {
    const rule = SCHEMES[scheme]
    if (rule.walletType !== this.type) {
      throw new AoError(
        'unsupported-algorithm',
        `A ${this.type} wallet cannot sign ${scheme}; use one of type ${rule.walletType}`,
        { scheme, type: this.type },
      )
    }
    switch (rule.kind) {
      case 'rsa-pss':
        return signOnThread({ key: this.#pssKey(rule), digest: rule.digest }, data)
      case 'ed25519':
        return sharedEd25519Signer.sign(this.#key, data)
      case 'ethereum':
        return sharedSecp256k1Pool.sign(this.#secret, data)
    }
  }

  #pssKey(rule: RsaPssRule): KeyObject {
    const known = this.#pssKeys.get(rule)
    if (known !== undefined) return known
    const key = pssPrivateKey(this.#key, rule)
    this.#pssKeys.set(rule, key)
    return key
  }

  toJwk(): Jwk {
    const jwk: Record<string, string> = {}
    for (const [name, value] of Object.entries(this.#key.export({ format: 'jwk' }))) {
      if (typeof value === 'string') jwk[name] = value
    }
    return jwk
  }
}

const generatePair = promisify(generateKeyPair)

async function generateKey(type: WalletType): Promise<KeyObject> {
  switch (type) {
    case 'rsa-4096':
      return (await generatePair('rsa', { modulusLength: 4096, publicExponent: 65537 })).privateKey
    case 'secp256k1':
      return (await generatePair('ec', { namedCurve: 'secp256k1' })).privateKey
    case 'ed25519':
      return (await generatePair('ed25519', {})).privateKey
  }
}
