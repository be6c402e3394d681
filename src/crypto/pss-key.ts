/**
 * RSA keys that OpenSSL knows to be for PSS (RFC 4055). A plain RSA key needs its padding beside it
 * in each call, an object that Node takes 20 µs or more to tell from a key; a key that says itself
 * what it is for is all that a call needs.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { RsaPssRule } from './algorithms.ts'

/** Verifies PSS signatures with any digest and any salt. @throws Error of OpenSSL for no key. */
export function pssPublicKey(modulus: Uint8Array): KeyObject {
  const key = sequence(integer(modulus), integer(EXPONENT))
  const spki = sequence(sequence(PSS), element(BIT_STRING, NO_UNUSED_BITS, key))
  return createPublicKey({ key: spki, format: 'der', type: 'spki' })
}

/** Signs with the digest and the length of salt of the rule, and no others. */
export function pssPrivateKey(key: KeyObject, rule: RsaPssRule): KeyObject {
  const pkcs1 = key.export({ format: 'der', type: 'pkcs1' })
  const digest = sequence(DIGESTS[rule.digest])
  const parameters = sequence(
    tagged(0, digest),
    tagged(1, sequence(MGF1, digest)),
    tagged(2, integer(Buffer.of(rule.saltBytes))),
  )
  const pkcs8 = sequence(
    integer(Buffer.of(0)),
    sequence(PSS, parameters),
    element(OCTET_STRING, pkcs1),
  )
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}

const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const NO_UNUSED_BITS = Buffer.of(0)
const EXPONENT = Buffer.of(1, 0, 1)
const PSS = Buffer.from('06092a864886f70d01010a', 'hex')
const MGF1 = Buffer.from('06092a864886f70d010108', 'hex')
const DIGESTS = {
  sha256: Buffer.from('0609608648016503040201', 'hex'),
  sha512: Buffer.from('0609608648016503040203', 'hex'),
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, ...parts)
}

function tagged(number: number, part: Uint8Array): Buffer {
  return element(0xa0 + number, part)
}

/** Not negative, in as few bytes as can be: DER allows no others. */
function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Buffer.of(0) : bytes.subarray(first)
  return element(0x02, (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]))
}

/** Tag, length, content (ITU-T X.690, definite form). */
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const short = [tag, length]
  const long = length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(length < 0x80 ? short : long), content])
}
