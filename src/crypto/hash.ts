/** Hashes and HMAC over bytes, in one call each. */
import { createHmac, hash } from 'node:crypto'
import type { Binary } from '../base/bytes.ts'

export function sha256(data: Binary): Uint8Array {
  return hash('sha256', data, 'buffer')
}

export function sha384(data: Binary): Uint8Array {
  return hash('sha384', data, 'buffer')
}

export function hmacSha256(key: Binary, data: Binary): Uint8Array {
  return createHmac('sha256', key).update(data).digest()
}
