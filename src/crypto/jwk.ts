/**
 * Wallet files and wallet settings hold a private key as a JSON Web Key (RFC 7517, RFC 8037). This
 * reads one strictly. No error of this file says anything about the content of a key.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { AoError } from '../base/errors.ts'
import { PUBLIC_KEY_BYTES, RSA_EXPONENT } from './algorithms.ts'
import { decodeBase64, encodeBase64url } from './base64url.ts'
import { completeRsaKey } from './rsa-primes.ts'
import type { WalletType } from './wallet.ts'

/** A private JSON Web Key: `kty` and the members of its kind, base64url each. */
export type Jwk = Readonly<Record<string, string>>

export interface PrivateKey {
  readonly type: WalletType
  readonly publicKey: Uint8Array
  readonly key: KeyObject
}

/**
 * Accepts RSA of 4096 bits with exponent 65537, EC on secp256k1 and OKP Ed25519. An RSA key with
 * only `n`, `e` and `d`, as HyperBEAM writes it, gets its primes computed.
 * @throws AoError `invalid-wallet` for anything else, and when public and private part do not belong
 * together.
 */
export function parseJwk(jwk: unknown): PrivateKey {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    throw invalid('Expected a wallet as a JSON Web Key object')
  }
  const members = new Map<string, unknown>(Object.entries(jwk))
  const kty = members.get('kty')
  switch (kty) {
    case 'RSA':
      return parseRsa(members)
    case 'EC':
      return parseEc(members)
    case 'OKP':
      return parseOkp(members)
    default:
      throw invalid('Expected a JSON Web Key with kty RSA, EC or OKP')
  }
}

type Members = ReadonlyMap<string, unknown>

const RSA_CRT = ['p', 'q', 'dp', 'dq', 'qi'] as const

function parseRsa(members: Members): PrivateKey {
  const publicKey = requireBytes(members, 'n', PUBLIC_KEY_BYTES['rsa-4096'])
  if ((publicKey[0] ?? 0) < 0x80) throw invalid('Expected an RSA key of 4096 bits')
  if (!isExponent(requireBytes(members, 'e'))) {
    throw invalid('Expected an RSA key with the public exponent 65537')
  }
  const n = encodeBase64url(publicKey)
  const d = encodeBase64url(requireBytes(members, 'd'))
  const crt = RSA_CRT.every((name) => !members.has(name))
    ? completeRsaKey(publicKey, requireBytes(members, 'd'))
    : Object.fromEntries(
        RSA_CRT.map((name) => [name, encodeBase64url(requireBytes(members, name))]),
      )
  return importKey('rsa-4096', publicKey, { kty: 'RSA', n, e: RSA_EXPONENT, d, ...crt })
}

/** @NOTE HyperBEAM writes the exponent with a leading zero byte. */
function isExponent(bytes: Uint8Array): boolean {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`) === 65537n
}

function parseEc(members: Members): PrivateKey {
  requireCurve(members, 'secp256k1')
  const x = requireBytes(members, 'x', 32)
  const y = requireBytes(members, 'y', 32)
  const d = requireBytes(members, 'd', 32)
  const publicKey = Uint8Array.of(4, ...x, ...y)
  return importKey('secp256k1', publicKey, {
    kty: 'EC',
    crv: 'secp256k1',
    x: encodeBase64url(x),
    y: encodeBase64url(y),
    d: encodeBase64url(d),
  })
}

function parseOkp(members: Members): PrivateKey {
  requireCurve(members, 'Ed25519')
  const publicKey = requireBytes(members, 'x', PUBLIC_KEY_BYTES.ed25519)
  const d = encodeBase64url(requireBytes(members, 'd', 32))
  return importKey('ed25519', publicKey, {
    kty: 'OKP',
    crv: 'Ed25519',
    x: encodeBase64url(publicKey),
    d,
  })
}

function requireCurve(members: Members, curve: string): void {
  if (members.get('crv') !== curve) throw invalid(`Expected a key on the curve ${curve}`)
}

function requireBytes(members: Members, name: string, length?: number): Uint8Array {
  const value = members.get(name)
  if (typeof value !== 'string' || value === '') {
    throw invalid(`Expected the member ${name} of a private JSON Web Key as base64url text`)
  }
  const bytes = decodeMember(value, name)
  if (length !== undefined && bytes.length !== length) {
    throw invalid(`Expected ${length} bytes in the member ${name}, got ${bytes.length}`)
  }
  return bytes
}

function decodeMember(text: string, name: string): Uint8Array {
  try {
    return decodeBase64(text)
  } catch {
    throw invalid(`Expected base64url text in the member ${name}`)
  }
}

function importKey(type: WalletType, publicKey: Uint8Array, jwk: Jwk): PrivateKey {
  try {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    if (isPair(type, key, jwk)) return { type, publicKey, key }
  } catch {
    // OpenSSL's reason could quote the key; the error below says all that is needed.
  }
  throw invalid('Expected a private key that is valid and belongs to its public key', type)
}

/** Signs with the private part and verifies with the public one: OpenSSL does not compare them. */
function isPair(type: WalletType, key: KeyObject, jwk: Jwk): boolean {
  const publicMembers = Object.entries(jwk).filter(
    ([name]) => !['d', ...RSA_CRT].some((secret) => secret === name),
  )
  const publicKey = createPublicKey({ key: Object.fromEntries(publicMembers), format: 'jwk' })
  const digest = type === 'ed25519' ? null : 'sha256'
  const probe = Buffer.from('ao-scheduler')
  return verify(digest, probe, publicKey, sign(digest, probe, key))
}

function invalid(message: string, type?: WalletType): AoError {
  return new AoError('invalid-wallet', message, type === undefined ? {} : { type })
}
