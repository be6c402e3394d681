/** Changes to bytes and texts that were sent once, and texts that somebody may send to do harm. */
import fc from 'fast-check'

/** Names and pieces that mean something to some part of the node. */
export const TOKENS: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'],
  ...['commitments', 'ao-types', 'ao-ids', 'ao-result', 'status', 'body', 'data', 'path', 'method'],
  ...['content-type', 'content-digest', 'content-disposition', 'codec-device', 'accept-bundle'],
  ...['signature', 'signature-input', 'inline-body-key', 'original-tags', 'priv', 'priv_wallet'],
  ...['+link', '+integer', '+list', '+map', '+resolve', '+atom', '+float', 'x+link', '.', '1.x'],
  ...['..', '../..', '%2e%2e%2f', '%2f', '%00', '\u0000', '%', '%zz', '%ff%fe', '\\', '/', '//'],
  ...['?', '&', '=', '~', '(', ')', '((', '"', '\\"', "'", ',', ';', ':', '+', '#', '*', '@', '!'],
  ...['~message@1.0', '~scheduler@1.0', '~meta@1.0/info', '~json@1.0/serialize', '~x@9.9'],
  ...['schedule', 'slot', 'set', 'remove', 'keys', 'verify', 'commit', 'committers'],
  ...['as=scheduler'],
  ...['\r\n', '\n', '\r\n\r\n', '--', '----', 'form-data; name="a/b"', 'multipart/form-data', '\t'],
  ...['0', '-1', '1e999', '-0', '0x10', 'NaN', 'Infinity', '9'.repeat(40), '18446744073709551616'],
  ...['9007199254740993', '?0', ':AA==:', ':=:', 'true', 'false', 'null', 'undefined', 'not_found'],
  ...['{', '}', '[', ']', '[[[[', '{"a":', '\\u0000', '\\ud800', '"\\', '\ud83d\ude00'],
  ...['\u202e', '\ufeff'],
  ...['A'.repeat(43), 'A'.repeat(42), 'A'.repeat(32), `0x${'a'.repeat(40)}`, '-'.repeat(43)],
  ...['Process', 'Assignment', 'schedule', 'scheduler-location', 'target', 'process-id', 'subject'],
]

export const anyToken: fc.Arbitrary<string> = fc.constantFrom(...TOKENS)

/** Any characters but halves of surrogate pairs; `fc.string` of these takes a second to be made. */
const anyText = fc
  .array(fc.oneof(fc.nat(0xff), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff })), {
    maxLength: 12,
  })
  .map((points) => String.fromCodePoint(...points))

/** Pieces one after the other, known ones and any text. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 3, arbitrary: anyToken }, anyText), { maxLength: 8 })
  .map((pieces) => pieces.join(''))

export function anyBytes(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))
}

interface Change {
  readonly kind: number
  readonly at: number
  readonly length: number
  readonly value: number
  readonly token: string
}

const anyChange: fc.Arbitrary<Change> = fc.record({
  // Most changes leave lengths as they are, so that more is read than the first of them.
  kind: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 8),
  at: fc.nat(0xffff_ffff),
  length: fc.oneof(fc.nat(8), fc.nat(600)),
  value: fc.nat(0xff),
  token: anyToken,
})

const EXTREMES = [0n, 1n, -1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]

function change(bytes: Buffer, { kind, at, length, value, token }: Change): Buffer {
  const start = bytes.length === 0 ? 0 : at % bytes.length
  const end = Math.min(start + length, bytes.length)
  const [front, middle, back] = [
    bytes.subarray(0, start),
    bytes.subarray(start, end),
    bytes.subarray(end),
  ]
  switch (kind) {
    case 0:
      return Buffer.concat([
        front,
        Buffer.from([(bytes[start] ?? 0) ^ (1 << (value % 8))]),
        bytes.subarray(start + 1),
      ])
    case 1:
      return Buffer.concat([front, back])
    case 2:
      return Buffer.concat([front, middle, middle, back])
    case 3:
      return Buffer.concat([front, Buffer.from(token), bytes.subarray(start)])
    case 4:
      return Buffer.concat([front, Buffer.from(token), back])
    case 5:
      return front
    case 6:
      return Buffer.concat([front, Buffer.alloc(length, value), bytes.subarray(start)])
    case 7:
      return Buffer.concat([front, Buffer.alloc(middle.length, value), back])
    default:
      return withNumber(bytes, start, EXTREMES[value % EXTREMES.length] ?? 0n)
  }
}

/** A length or count that lies, as data items have them. */
function withNumber(bytes: Buffer, at: number, value: bigint): Buffer {
  const changed = Buffer.from(bytes)
  if (at + 8 <= changed.length) changed.writeBigUInt64LE(BigInt.asUintN(64, value), at)
  return changed
}

/** Some of these, changed in up to five places. */
export function mutated(corpus: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.nat(corpus.length - 1), fc.array(anyChange, { minLength: 1, maxLength: 5 }))
    .map(([index, changes]) => changes.reduce(change, Buffer.from(corpus[index] ?? [])))
}

/** A text with one bit of one byte flipped. */
export function flipBit(text: string, at: number): string {
  const flip = { kind: 0, at: at * 7, length: 1, value: at, token: '' }
  return change(Buffer.from(text), flip).toString()
}

export function mutatedText(corpus: readonly string[]): fc.Arbitrary<string> {
  return mutated(corpus.map((text) => Buffer.from(text))).map((bytes) => bytes.toString())
}
