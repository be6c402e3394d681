/** A bundle: data items one after the other behind a header with their lengths and ids. */
import { AoError } from '../../base/errors.ts'

export interface BundleEntry {
  /** 32 bytes: the signed or the unsigned id of the item, as the kind of bundle demands. */
  readonly id: Uint8Array
  readonly item: Uint8Array
}

/** Bytes of a number, such as that of the items, with which a bundle begins. */
export const BUNDLE_NUMBER_BYTES = 32
/** Bytes of the header of one item: its length and its id. */
export const BUNDLE_HEADER_BYTES = 2 * BUNDLE_NUMBER_BYTES

/** Items of a bundle, and of all bundles inside it: each is hashed to find it, and checked. */
export const MAX_ITEMS = 20_000

/** @throws AoError `limit-exceeded` */
export function assertItemCount(count: number): void {
  if (count <= MAX_ITEMS) return
  throw new AoError('limit-exceeded', 'Expected fewer items in a bundle', { limit: MAX_ITEMS })
}

/** Number of items; length and id of each; the items. */
export function encodeBundle(entries: readonly BundleEntry[]): Uint8Array {
  return Buffer.concat([
    encodeBundleNumber(entries.length),
    ...entries.map(encodeBundleHeader),
    ...entries.map(({ item }) => item),
  ])
}

/** The header of one item. */
export function encodeBundleHeader({ id, item }: BundleEntry): Uint8Array {
  return Buffer.concat([encodeBundleNumber(item.length), id])
}

/**
 * The items of a bundle, as views on it. Ids are those of the header, not checked.
 * @throws AoError `invalid-encoding` when lengths do not add up to exactly these bytes,
 * `limit-exceeded`.
 */
export function decodeBundle(bytes: Uint8Array): BundleEntry[] {
  const count = decodeBundleNumber(bytes, 0)
  let start = BUNDLE_NUMBER_BYTES + count * BUNDLE_HEADER_BYTES
  if (start > bytes.length) throw invalid('the headers of all its items', bytes.length)
  assertItemCount(count)
  const entries: BundleEntry[] = []
  for (let i = 0; i < count; i++) {
    const header = BUNDLE_NUMBER_BYTES + i * BUNDLE_HEADER_BYTES
    const end = start + decodeBundleNumber(bytes, header)
    if (end > bytes.length) throw invalid('items of the lengths in its header', bytes.length)
    const id = bytes.subarray(header + BUNDLE_NUMBER_BYTES, header + BUNDLE_HEADER_BYTES)
    entries.push({ id, item: bytes.subarray(start, end) })
    start = end
  }
  if (start !== bytes.length) throw invalid('nothing after its items', bytes.length - start)
  return entries
}

/** The number with which a bundle begins, or the length of an item. */
export function encodeBundleNumber(value: number): Uint8Array {
  const bytes = Buffer.alloc(BUNDLE_NUMBER_BYTES)
  bytes.writeUIntLE(value, 0, 6)
  return bytes
}

/** @throws AoError `invalid-encoding` for less than 32 bytes, and above 2^53. */
export function decodeBundleNumber(bytes: Uint8Array, offset: number): number {
  const end = offset + BUNDLE_NUMBER_BYTES
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
