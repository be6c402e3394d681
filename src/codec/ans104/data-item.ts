/** The data item: its bytes, and views on the parts of them. Source: ANS-104, section 2. */
import { asBuffer, toBinary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { ARWEAVE_TYPE, type ItemSignatureType, signatureTypeOfNumber } from './signature-types.ts'
import { decodeTags, sizeOfTags, type Tag, writeTags } from './tags.ts'

/** What an item says. */
export interface ItemContent {
  /** 32 bytes. */
  readonly target?: Uint8Array | undefined
  /** 32 bytes. */
  readonly anchor?: Uint8Array | undefined
  readonly tags: readonly Tag[]
  readonly data: Uint8Array
}

/** Who signed it. */
export interface ItemSignature {
  readonly type: ItemSignatureType
  readonly owner: Uint8Array
  /** Zeros: not signed. */
  readonly signature: Uint8Array
}

export interface DataItem extends ItemContent, ItemSignature {
  /** The whole item; other members are views on it, so nobody may change it. */
  readonly bytes: Uint8Array
  /** As received: the signature is over these, not over what would be written for the tags. */
  readonly tagBytes: Uint8Array
}

/** That of an item which nobody signed. */
export const UNSIGNED: ItemSignature = {
  type: ARWEAVE_TYPE,
  owner: new Uint8Array(ARWEAVE_TYPE.ownerBytes),
  signature: new Uint8Array(ARWEAVE_TYPE.signatureBytes),
}

/** Whether an item carries a signature, valid or not. */
export function isSignedItem({ signature }: ItemSignature): boolean {
  for (let at = 0; at < signature.length; at++) if (signature[at] !== 0) return true
  return false
}

/** The bytes of an item: those received, where it was received. */
export function encodeItem(item: DataItem): Uint8Array {
  return item.bytes
}

/**
 * The item with this content, unsigned by default.
 * @throws AoError `unencodable` for a target, anchor, owner or signature of a wrong length, and for
 * tags outside the limits.
 */
export function createItem(content: ItemContent, signature = UNSIGNED): DataItem {
  const { type } = signature
  const { target, anchor, tags, data } = content
  assertLength('signature', signature.signature, type.signatureBytes)
  assertLength('owner', signature.owner, type.ownerBytes)
  if (target !== undefined) assertLength('target', target, FIELD_BYTES)
  if (anchor !== undefined) assertLength('anchor', anchor, FIELD_BYTES)
  assertSignedAs(signature)
  const tagsSize = sizeOfTags(tags)
  const ownerStart = TYPE_BYTES + type.signatureBytes
  const fieldsStart = ownerStart + type.ownerBytes
  const anchorStart = fieldsStart + sizeOfField(target)
  const countersStart = anchorStart + sizeOfField(anchor)
  const tagsStart = countersStart + COUNTERS_BYTES
  const dataStart = tagsStart + tagsSize
  const bytes = Buffer.allocUnsafe(dataStart + data.length)
  bytes.writeUInt16LE(type.number, 0)
  bytes.set(signature.signature, TYPE_BYTES)
  bytes.set(signature.owner, ownerStart)
  writeField(bytes, fieldsStart, target)
  writeField(bytes, anchorStart, anchor)
  writeCounter(bytes, countersStart, tags.length)
  writeCounter(bytes, countersStart + COUNTERS_BYTES / 2, tagsSize)
  writeTags(tags, bytes, tagsStart)
  bytes.set(data, dataStart)
  return {
    bytes,
    type,
    signature: bytes.subarray(TYPE_BYTES, ownerStart),
    owner: bytes.subarray(ownerStart, fieldsStart),
    target,
    anchor,
    tags: tags.every(isReadable) ? tags : tags.map(readableTag),
    tagBytes: bytes.subarray(tagsStart, dataStart),
    data: bytes.subarray(dataStart),
  }
}

const TYPE_BYTES = 2
const FIELD_BYTES = 32
/** The number of tags and their length, 8 bytes each. */
const COUNTERS_BYTES = 16

/** 8 bytes, of which no number here needs more than 4. */
function writeCounter(bytes: Buffer, start: number, value: number): void {
  bytes.writeUInt32LE(value, start)
  bytes.writeUInt32LE(0, start + 4)
}

/** Whether a tag is as `decodeItem` reads it. */
function isReadable({ name, value }: Tag): boolean {
  return typeof value === 'string' && name.isWellFormed() && value.isWellFormed()
}

function readableTag({ name, value }: Tag): Tag {
  const readable = typeof value === 'string' ? value.toWellFormed() : toBinary(value)
  return { name: name.toWellFormed(), value: readable }
}

function sizeOfField(field: Uint8Array | undefined): number {
  return field === undefined ? 1 : 1 + FIELD_BYTES
}

/** A byte that says whether the field is there, and the field. */
function writeField(bytes: Buffer, start: number, field: Uint8Array | undefined): void {
  bytes[start] = field === undefined ? 0 : 1
  if (field !== undefined) bytes.set(field, start + 1)
}

function assertLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length === length) return
  throw new AoError('unencodable', `Expected ${length} bytes as the ${name} of a data item`, {
    bytes: bytes.length,
  })
}

/**
 * The item in bytes, strictly: every length must fit, the tags must be as many and as long as the
 * item says. Nothing is copied; signatures are not checked.
 * @throws AoError `invalid-encoding` for bytes that are no item, `unsupported-algorithm` for a
 * signature type other than 1, 2 and 3.
 */
export function decodeItem(bytes: Uint8Array): DataItem {
  const reader = new ItemReader(asBuffer(bytes))
  const type = signatureTypeOfNumber(reader.readInteger(2, 'signature type'))
  const signature = reader.read(type.signatureBytes, 'signature')
  const owner = reader.read(type.ownerBytes, 'owner')
  const target = reader.readOptional('target')
  const anchor = reader.readOptional('anchor')
  const tagCount = reader.readInteger(8, 'number of tags')
  const tagBytes = reader.read(reader.readInteger(8, 'length of the tags'), 'tags')
  const tags = decodeTags(tagBytes, tagCount)
  const data = reader.rest()
  const item: DataItem = { bytes, type, signature, owner, target, anchor, tags, tagBytes, data }
  assertSignedAs(item)
  return item
}

function assertSignedAs(signature: ItemSignature): void {
  if (signature.type === ARWEAVE_TYPE || isSignedItem(signature)) return
  throw new AoError('invalid-encoding', 'Expected an unsigned item to be of signature type 1', {
    type: signature.type.number,
  })
}

const PRESENCE = { target: 'presence of the target', anchor: 'presence of the anchor' } as const

class ItemReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  read(length: number, name: string): Uint8Array {
    const start = this.#skip(length, name)
    return this.#bytes.subarray(start, start + length)
  }

  /** Little-endian. @throws AoError `invalid-encoding` for 2^32 and more. */
  readInteger(length: number, name: string): number {
    const start = this.#skip(length, name)
    let value = 0
    for (let index = length - 1; index >= 0; index--) {
      const byte = this.#bytes[start + index] ?? 0
      if (index > 3 && byte !== 0) {
        throw new AoError('invalid-encoding', `Expected a ${name} below 2^32 in a data item`)
      }
      value = value * 256 + byte
    }
    return value
  }

  /** A field of 32 bytes after a byte that says whether it is there. */
  readOptional(name: 'target' | 'anchor'): Uint8Array | undefined {
    const presence = this.#bytes[this.#skip(1, PRESENCE[name])]
    if (presence === 0) return undefined
    if (presence === 1) return this.read(FIELD_BYTES, name)
    throw new AoError('invalid-encoding', `Expected 0 or 1 as the presence of the ${name}`, {
      got: presence,
    })
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset)
  }

  /** Where the part begins that is left behind. */
  #skip(length: number, name: string): number {
    const start = this.#offset
    if (start + length > this.#bytes.length) {
      throw new AoError('invalid-encoding', `Expected ${length} bytes of ${name} in a data item`, {
        offset: start,
        bytes: this.#bytes.length,
      })
    }
    this.#offset = start + length
    return start
  }
}
