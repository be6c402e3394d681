/** The percent escape that HyperBEAM puts keys into where a format has no room for their bytes. */
import { toBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'

const KEPT = new Uint8Array(256)
for (const char of 'abcdefghijklmnopqrstuvwxyz0123456789.-_/?&') KEPT[char.charCodeAt(0)] = 1

/** Keeps `a-z 0-9 . - _ / ? &`; every other byte, capitals too, becomes `%` and two lower-case hex digits. */
export function escapeKey(key: string): string {
  if (isPlain(key)) return key
  let escaped = ''
  for (const byte of toBytes(key)) {
    escaped +=
      KEPT[byte] === 1 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return escaped
}

function isPlain(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (KEPT[key.charCodeAt(i)] !== 1) return false
  return true
}

/**
 * Turns each `%hh`, of either case, back. A `%` with fewer than two characters after it stays.
 * @throws AoError `invalid-encoding` for `%` before two characters that are not hex, and when the
 * bytes are no UTF-8.
 */
export function unescapeKey(escaped: string): string {
  if (!escaped.includes('%')) return escaped
  const bytes: number[] = []
  const source = toBytes(escaped)
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0
    if (byte !== 0x25 || i + 2 >= source.length) {
      bytes.push(byte)
      continue
    }
    bytes.push(hexByte(source, i + 1))
    i += 2
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))
  } catch (cause) {
    throw new AoError('invalid-encoding', 'Expected a key of UTF-8 text', {}, cause)
  }
}

function hexByte(source: Uint8Array, at: number): number {
  const hex = String.fromCharCode(source[at] ?? 0, source[at + 1] ?? 0)
  if (!/^[0-9a-f]{2}$/i.test(hex)) {
    throw new AoError('invalid-encoding', 'Expected two hex digits after % in a key')
  }
  return Number.parseInt(hex, 16)
}
