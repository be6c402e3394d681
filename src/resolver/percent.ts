/** Percent escapes of a path, and the form encoding of its query. */
import { type Binary, toBinary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'

/**
 * The text with each `%hh` turned into its byte.
 * @throws AoError `invalid-path` for `%` before anything but two hex digits, and when the bytes are
 * no UTF-8.
 */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text
  const decoded = toText(decodeBytes(text))
  if (decoded === undefined) {
    throw new AoError('invalid-path', 'Expected the escapes of the path to give UTF-8 text')
  }
  return decoded
}

/** Keys of a query: more than any request has, and each is copied for every step of its path. */
const MAX_PAIRS = 20_000

/**
 * The pairs of a query, in order. A name without `=` has no value.
 * @throws AoError `invalid-path` for bad escapes, and for too many pairs.
 */
export function parseForm(query: string): [name: string, value: Binary | undefined][] {
  const pairs: [string, Binary | undefined][] = []
  const parts = query.split('&', 2 * MAX_PAIRS)
  if (parts.length === 2 * MAX_PAIRS) throw tooMany()
  for (const pair of parts) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodePercent(withBlanks(equals < 0 ? pair : pair.slice(0, equals)))
    if (name === '') throw new AoError('invalid-path', 'Expected a name before = in the query')
    if (pairs.length === MAX_PAIRS) throw tooMany()
    pairs.push([name, equals < 0 ? undefined : decodeFormValue(pair.slice(equals + 1))])
  }
  return pairs
}

function tooMany(): AoError {
  return new AoError('invalid-path', 'Expected a query of fewer keys; send them in the body', {
    limit: MAX_PAIRS,
  })
}

function decodeFormValue(text: string): Binary {
  const value = withBlanks(text)
  return value.includes('%') ? toBinary(decodeBytes(value)) : value
}

function withBlanks(text: string): string {
  return text.replaceAll('+', ' ')
}

function decodeBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    bytes[length++] = byte === PERCENT ? hexByte(bytes, ++at) : byte
    if (byte === PERCENT) at++
  }
  return bytes.subarray(0, length)
}

const PERCENT = 0x25

function hexByte(bytes: Uint8Array, at: number): number {
  const high = hexDigit(bytes[at])
  const low = hexDigit(bytes[at + 1])
  if (high < 0 || low < 0) {
    throw new AoError(
      'invalid-path',
      'Expected two hex digits after % in the path; write %25 for %',
    )
  }
  return high * 16 + low
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
