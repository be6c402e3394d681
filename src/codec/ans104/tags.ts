/**
 * The tags of a data item: one Avro array of pairs of a name and a value (ANS-104, section 2.2).
 * Written as one block; read with several blocks and with block sizes too, as Avro allows.
 */
import { asBuffer, type Binary, byteLength, toBinary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'

export interface Tag {
  readonly name: string
  /** Any bytes; text where they are UTF-8. */
  readonly value: Binary
}

export const MAX_TAGS = 128
export const MAX_NAME_BYTES = 1024
export const MAX_VALUE_BYTES = 3072

/**
 * How many bytes tags take in Avro; none for no tags.
 * @throws AoError `unencodable` for more than 128 tags, names that are empty or over 1024 bytes, and
 * values over 3072 bytes.
 */
export function sizeOfTags(tags: readonly Tag[]): number {
  if (tags.length === 0) return 0
  if (tags.length > MAX_TAGS) {
    throw new AoError('unencodable', `Expected at most ${MAX_TAGS} tags`, { tags: tags.length })
  }
  let size = sizeOfLong(tags.length) + sizeOfLong(0)
  for (const tag of tags) size += sizeOfTag(tag)
  return size
}

function sizeOfTag({ name, value }: Tag): number {
  const nameBytes = lengthOf(name)
  const valueBytes = lengthOf(value)
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES || valueBytes > MAX_VALUE_BYTES) {
    throw new AoError(
      'unencodable',
      `Expected a tag with a name of 1 to ${MAX_NAME_BYTES} bytes and a value of at most ${MAX_VALUE_BYTES}`,
      { name: name.slice(0, 100), nameBytes, valueBytes },
    )
  }
  return sizeOfLong(nameBytes) + nameBytes + sizeOfLong(valueBytes) + valueBytes
}

/** Texts are short here and mostly ASCII: to look through them takes less than to call Node for each. */
function lengthOf(binary: Binary): number {
  if (typeof binary !== 'string') return binary.length
  for (let at = 0; at < binary.length; at++)
    if (binary.charCodeAt(at) > 0x7f) return byteLength(binary)
  return binary.length
}

/** Bytes of a count or length: none is above 3072. */
function sizeOfLong(value: number): number {
  return value < 64 ? 1 : 2
}

/** Writes tags, of which `sizeOfTags` was asked before, into bytes that have room for them. */
export function writeTags(tags: readonly Tag[], bytes: Buffer, start: number): void {
  if (tags.length === 0) return
  let offset = writeLong(bytes, start, tags.length)
  for (const { name, value } of tags) {
    offset = writeBinary(bytes, offset, name)
    offset = writeBinary(bytes, offset, value)
  }
  writeLong(bytes, offset, 0)
}

/** Zig-zag, then seven bits a byte, the low ones first. Gives the offset after it. */
function writeLong(bytes: Buffer, start: number, value: number): number {
  let offset = start
  let rest = value * 2
  while (rest > 0x7f) {
    bytes[offset++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[offset++] = rest
  return offset
}

/** Length and bytes. Gives the offset after them. */
function writeBinary(bytes: Buffer, start: number, binary: Binary): number {
  const end = typeof binary === 'string' ? writeAscii(bytes, start, binary) : undefined
  if (end !== undefined) return end
  const length = byteLength(binary)
  const offset = writeLong(bytes, start, length)
  if (typeof binary === 'string') bytes.write(binary, offset, length, 'utf8')
  else bytes.set(binary, offset)
  return offset + length
}

/** The same for a text of ASCII; `undefined` for another one, of which a part may have been written. */
function writeAscii(bytes: Buffer, start: number, text: string): number | undefined {
  let offset = writeLong(bytes, start, text.length)
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) return undefined
    bytes[offset++] = unit
  }
  return offset
}

/**
 * The tags in Avro bytes, which must hold exactly `count` of them and nothing else. Values that are
 * no text are views on the bytes.
 * @throws AoError `invalid-encoding`
 */
export function decodeTags(bytes: Uint8Array, count: number): Tag[] {
  if (count > MAX_TAGS) throw invalid(`at most ${MAX_TAGS} tags`, count)
  const tags = bytes.length === 0 ? [] : new TagReader(bytes).read()
  if (tags.length !== count) throw invalid(`${count} tags, as the item says`, tags.length)
  return tags
}

class TagReader {
  readonly #bytes: Uint8Array
  /** One character for each byte: a tag of ASCII is a piece of it. */
  readonly #latin1: string
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#latin1 = asBuffer(bytes).toString('latin1')
  }

  read(): Tag[] {
    const tags: Tag[] = []
    for (let count = this.#readLong(); count !== 0; count = this.#readLong()) {
      const size = count < 0 ? this.#readLong() : undefined
      const start = this.#offset
      this.#readBlock(tags, Math.abs(count))
      if (size !== undefined && this.#offset - start !== size) {
        throw invalid(`a block of tags of ${size} bytes`, this.#offset - start)
      }
    }
    const left = this.#bytes.length - this.#offset
    if (left > 0) throw invalid('nothing after the tags', left)
    return tags
  }

  #readBlock(tags: Tag[], count: number): void {
    if (tags.length + count > MAX_TAGS) throw invalid(`at most ${MAX_TAGS} tags`, count)
    for (let i = 0; i < count; i++) {
      const name = this.#readBinary(MAX_NAME_BYTES)
      if (typeof name !== 'string') throw invalid('a tag name of UTF-8')
      if (name === '') throw invalid('a tag name that is not empty')
      tags.push({ name, value: this.#readBinary(MAX_VALUE_BYTES) })
    }
  }

  #readBinary(limit: number): Binary {
    const length = this.#readLong()
    if (length < 0 || length > limit) throw invalid(`a tag text of 0 to ${limit} bytes`, length)
    const end = this.#offset + length
    if (end > this.#bytes.length) throw invalid('more bytes of tags', this.#bytes.length)
    const start = this.#offset
    this.#offset = end
    if (isAscii(this.#bytes, start, end)) return this.#latin1.slice(start, end)
    return toBinary(this.#bytes.subarray(start, end))
  }

  /** @NOTE Four bytes of seven bits hold more than any length allowed here. */
  #readLong(): number {
    let zigzag = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#offset]
      if (byte === undefined) throw invalid('more bytes of tags', this.#bytes.length)
      this.#offset++
      zigzag |= (byte & 0x7f) << shift
      if (byte < 0x80) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    }
    throw invalid('a length or count below 2^27 in the tags')
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) > 0x7f) return false
  return true
}

function invalid(expected: string, got?: number): AoError {
  return new AoError('invalid-encoding', `Expected ${expected}`, { got })
}
