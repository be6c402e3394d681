/** Byte strings. A binary of the protocol is a JS string (its UTF-8 bytes) or a `Uint8Array`. */

/** A binary value: text stands for its UTF-8 bytes; both forms are interchangeable. */
export type Binary = string | Uint8Array

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a binary. A `Uint8Array` is returned as it is, not copied. */
export function toBytes(binary: Binary): Uint8Array {
  return typeof binary === 'string' ? encoder.encode(binary) : binary
}

/** The text of a binary, or `undefined` when its bytes are no UTF-8. */
export function toText(binary: Binary): string | undefined {
  if (typeof binary === 'string') return binary
  try {
    return strictDecoder.decode(binary)
  } catch {
    return undefined
  }
}

/** How many bytes a binary has. */
export function byteLength(binary: Binary): number {
  return typeof binary === 'string' ? Buffer.byteLength(binary) : binary.length
}

/** The text of a binary if it is UTF-8, else the bytes: the form in which values are kept. */
export function toBinary(bytes: Uint8Array): Binary {
  return toText(bytes) ?? bytes
}

/** Whether two binaries have the same bytes. */
export function equalBinary(left: Binary, right: Binary): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left === right
  return Buffer.compare(toBytes(left), toBytes(right)) === 0
}

/**
 * A text to be kept for long: one that was cut out of another keeps that alive, however long it is.
 */
export function ownText(text: string): string {
  return ` ${text}`.slice(1)
}

/** One array with the bytes of all parts, in order. */
export function concatBytes(parts: readonly Binary[]): Uint8Array {
  let size = 0
  for (const part of parts) size += byteLength(part)
  const bytes = Buffer.allocUnsafe(size)
  let offset = 0
  for (const part of parts) {
    if (typeof part === 'string') {
      offset += bytes.write(part, offset, 'utf8')
    } else {
      bytes.set(part, offset)
      offset += part.length
    }
  }
  return bytes
}

/** The same bytes with the methods of a buffer, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Order of two texts by their UTF-8 bytes, a prefix first: the order that HyperBEAM sorts keys in.
 * UTF-16 units order differently once surrogates meet U+E000 to U+FFFF.
 */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let i = 0; i < length; i++) {
    const a = left.charCodeAt(i)
    const b = right.charCodeAt(i)
    if (a !== b) return rank(a) - rank(b)
  }
  return left.length - right.length
}

/** Moves surrogates above all other units, which makes UTF-16 order equal to code point order. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
