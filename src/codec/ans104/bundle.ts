/** A bundle: data items one after the other behind a header with their lengths and ids. */
import { AoError } from '../../base/errors.ts'

export interface BundleEntry {
  /** 32 bytes: the signed or the unsigned id of the item, as the kind of bundle demands. */
  readonly id: Uint8Array
  readonly item: Uint8Array
}

const NUMBER_BYTES = 32
const HEADER_BYTES = 2 * NUMBER_BYTES

/** Number of items; length and id of each; the items. */
export function encodeBundle(entries: readonly BundleEntry[]): Uint8Array {
  const headers = entries.flatMap(({ id, item }) => [encodeNumber(item.length), id])
  return Buffer.concat([
    encodeNumber(entries.length),
    ...headers,
    ...entries.map(({ item }) => item),
  ])
}

/**
 * The items of a bundle, as views on it. Ids are those of the header, not checked.
 * @throws AoError `invalid-encoding` when lengths do not add up to exactly these bytes.
 */
export function decodeBundle(bytes: Uint8Array): BundleEntry[] {
  const count = decodeNumber(bytes, 0)
  let start = NUMBER_BYTES + count * HEADER_BYTES
  if (start > bytes.length) throw invalid('the headers of all its items', bytes.length)
  const entries: BundleEntry[] = []
  for (let i = 0; i < count; i++) {
    const header = NUMBER_BYTES + i * HEADER_BYTES
    const end = start + decodeNumber(bytes, header)
    if (end > bytes.length) throw invalid('items of the lengths in its header', bytes.length)
    const id = bytes.subarray(header + NUMBER_BYTES, header + HEADER_BYTES)
    entries.push({ id, item: bytes.subarray(start, end) })
    start = end
  }
  if (start !== bytes.length) throw invalid('nothing after its items', bytes.length - start)
  return entries
}

function encodeNumber(value: number): Uint8Array {
  const bytes = Buffer.alloc(NUMBER_BYTES)
  bytes.writeUIntLE(value, 0, 6)
  return bytes
}

function decodeNumber(bytes: Uint8Array, offset: number): number {
  const end = offset + NUMBER_BYTES
  if (end > bytes.length) throw invalid('a number of 32 bytes', bytes.length - offset)
  let value = 0
  for (let i = end - 1; i >= offset; i--) {
    value = value * 256 + (bytes[i] ?? 0)
    if (value > Number.MAX_SAFE_INTEGER) throw invalid('lengths of this world')
  }
  return value
}

function invalid(expected: string, got?: number): AoError {
  return new AoError('invalid-encoding', `Expected a bundle with ${expected}`, { got })
}
