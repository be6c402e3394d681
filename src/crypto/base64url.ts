/** Base64url and base64 text of bytes, as HyperBEAM reads and writes them. */
import { asBuffer } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'

/** Base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64url')
}

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64')
}

/**
 * The bytes of a base64 text in either alphabet, mixed ones too, with or without padding.
 * @throws AoError `invalid-encoding` for any other character and for a length of 1 modulo 4.
 */
export function decodeBase64(text: string): Uint8Array {
  if (!isBase64(text)) {
    throw new AoError('invalid-encoding', 'Expected base64 text', { length: text.length })
  }
  return Buffer.from(text, 'base64')
}

/** Whether `decodeBase64` takes a text. */
export function isBase64(text: string): boolean {
  const end = unpaddedLength(text)
  return end % 4 !== 1 && isAlphabet(text, end)
}

function unpaddedLength(text: string): number {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0x3d) end--
  return end
}

function isAlphabet(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f || ALPHABET[unit] !== 1) return false
  }
  return true
}

const ALPHABET = new Uint8Array(128)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_') {
  ALPHABET[char.charCodeAt(0)] = 1
}
