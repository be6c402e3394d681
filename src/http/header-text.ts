/**
 * Headers are bytes, and Node hands them over as latin1 text: one character, one byte. Values of
 * messages are UTF-8. Both ways between the two, and what may not be a header at all.
 */
import { type Binary, toBinary, toBytes } from '../base/bytes.ts'

const NOT_PRINTABLE_ASCII = /[^\t -~]/
const NOT_SENDABLE = /[^\t -~\u0080-\u00ff]/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/** The binary behind a header value as Node gives it. */
export function decodeHeaderValue(latin1: string): Binary {
  return NOT_PRINTABLE_ASCII.test(latin1) ? toBinary(Buffer.from(latin1, 'latin1')) : latin1
}

/** A binary as Node takes it; `undefined` for line breaks and other controls, which no header has. */
export function encodeHeaderValue(value: Binary): string | undefined {
  if (typeof value === 'string' && !NOT_PRINTABLE_ASCII.test(value)) return value
  const latin1 = Buffer.from(toBytes(value)).toString('latin1')
  return NOT_SENDABLE.test(latin1) ? undefined : latin1
}

/** A key as the name of a header; `undefined` where a header cannot have that name. */
export function encodeHeaderName(key: string): string | undefined {
  if (TOKEN.test(key)) return key
  const name = key.toLowerCase()
  return TOKEN.test(name) ? name : undefined
}

/** Text on a single line, other controls dropped: for what the node itself puts into a header. */
export function singleLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .trim()
}
