/** The primes of an RSA key that is given by modulus and private exponent only. */
import { AoError } from '../base/errors.ts'
import { encodeBase64url } from './base64url.ts'

const EXPONENT = 65537n

/**
 * The members `p`, `q`, `dp`, `dq` and `qi` of a JSON Web Key, by the method of NIST SP 800-56B,
 * appendix C.1. Takes about a tenth of a second.
 * @throws AoError `invalid-wallet` when the private exponent does not belong to the modulus.
 */
export function completeRsaKey(
  modulus: Uint8Array,
  privateExponent: Uint8Array,
): Readonly<Record<'p' | 'q' | 'dp' | 'dq' | 'qi', string>> {
  const n = toBigInt(modulus)
  const d = toBigInt(privateExponent)
  const factor = d > 1n && d < n ? findFactor(n, d * EXPONENT - 1n) : undefined
  if (factor === undefined) {
    throw new AoError('invalid-wallet', 'Expected a private exponent that belongs to the modulus')
  }
  const other = n / factor
  const [p, q] = factor > other ? [factor, other] : [other, factor]
  return {
    p: toText(p),
    q: toText(q),
    dp: toText(d % (p - 1n)),
    dq: toText(d % (q - 1n)),
    qi: toText(power(q, p - 2n, p)),
  }
}

/** `multiple` is a multiple of the order of the group, so a base to half of it is a root of 1. */
function findFactor(n: bigint, multiple: bigint): bigint | undefined {
  let odd = multiple
  let halvings = 0
  while (odd % 2n === 0n) {
    odd /= 2n
    halvings++
  }
  for (const base of [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n]) {
    const root = findRoot(power(base, odd, n), halvings, n)
    if (root !== undefined) return greatestDivisor(root - 1n, n)
  }
  return undefined
}

/** A square root of 1 that is neither 1 nor -1, among the repeated squares of `start`. */
function findRoot(start: bigint, squarings: number, n: bigint): bigint | undefined {
  let root = start
  if (root === 1n || root === n - 1n) return undefined
  for (let i = 0; i < squarings; i++) {
    const square = (root * root) % n
    if (square === 1n) return root
    if (square === n - 1n) return undefined
    root = square
  }
  return undefined
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function greatestDivisor(left: bigint, right: bigint): bigint {
  let [a, b] = [left, right]
  while (b > 0n) [a, b] = [b, a % b]
  return a
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
}

function toText(value: bigint): string {
  const hex = value.toString(16)
  return encodeBase64url(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}
