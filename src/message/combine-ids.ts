/** One id of several: the sum of their 256-bit numbers modulo 2^256. */
import { AoError } from '../base/errors.ts'
import { decodeBase64, encodeBase64url } from '../crypto/base64url.ts'

/**
 * The id of a message with several commitments. One id is itself.
 * @throws AoError `invalid-id` for an id that is not 32 bytes.
 */
export function combineIds(ids: readonly string[]): string {
  const [only] = ids
  if (ids.length === 1 && only !== undefined) return only
  let sum = 0n
  for (const id of ids) sum += toNumber(id)
  const hex = BigInt.asUintN(256, sum).toString(16).padStart(64, '0')
  return encodeBase64url(Buffer.from(hex, 'hex'))
}

function toNumber(id: string): bigint {
  const bytes = decodeBase64(id)
  if (bytes.length !== 32) {
    throw new AoError('invalid-id', 'Expected an id of 43 base64url characters', {
      length: id.length,
    })
  }
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
