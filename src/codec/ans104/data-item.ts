/** The data item: its bytes, and views on the parts of them. Source: ANS-104, section 2. */
import { toBinary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { ARWEAVE_TYPE, type ItemSignatureType, signatureTypeOfNumber } from './signature-types.ts'
import { decodeTags, encodeTags, type Tag } from './tags.ts'

/** What an item says. */
export interface ItemContent {
  /** 32 bytes. */
  readonly target?: Uint8Array
  /** 32 bytes. */
  readonly anchor?: Uint8Array
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
  return signature.some((byte) => byte !== 0)
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
  const { target, anchor, data } = content
  assertLength('signature', signature.signature, type.signatureBytes)
  assertLength('owner', signature.owner, type.ownerBytes)
  assertSignedAs(signature)
  const tagBytes = encodeTags(content.tags)
  const counters = Buffer.alloc(16)
  counters.writeUInt32LE(content.tags.length, 0)
  counters.writeUInt32LE(tagBytes.length, 8)
  const bytes = Buffer.concat([
    Uint8Array.of(type.number & 0xff, type.number >> 8),
    signature.signature,
    signature.owner,
    ...optionalField('target', target),
    ...optionalField('anchor', anchor),
    counters,
    tagBytes,
    data,
  ])
  const dataStart = bytes.length - data.length
  return {
    bytes,
    type,
    signature: bytes.subarray(2, 2 + type.signatureBytes),
    owner: bytes.subarray(2 + type.signatureBytes, 2 + type.signatureBytes + type.ownerBytes),
    ...(target === undefined ? {} : { target }),
    ...(anchor === undefined ? {} : { anchor }),
    tags: content.tags.map(readableTag),
    tagBytes: bytes.subarray(dataStart - tagBytes.length, dataStart),
    data: bytes.subarray(dataStart),
  }
}

/** A tag as `decodeItem` reads it. */
function readableTag(tag: Tag): Tag {
  const { name, value } = tag
  if (typeof value !== 'string') return { name: name.toWellFormed(), value: toBinary(value) }
  const isReadable = name.isWellFormed() && value.isWellFormed()
  return isReadable ? tag : { name: name.toWellFormed(), value: value.toWellFormed() }
}

function optionalField(name: string, field: Uint8Array | undefined): Uint8Array[] {
  if (field === undefined) return [Uint8Array.of(0)]
  assertLength(name, field, 32)
  return [Uint8Array.of(1), field]
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
  const reader = new ItemReader(bytes)
  const type = signatureTypeOfNumber(reader.readInteger(2, 'signature type'))
  const signature = reader.read(type.signatureBytes, 'signature')
  const owner = reader.read(type.ownerBytes, 'owner')
  const target = reader.readOptional('target')
  const anchor = reader.readOptional('anchor')
  const tagCount = reader.readInteger(8, 'number of tags')
  const tagBytes = reader.read(reader.readInteger(8, 'length of the tags'), 'tags')
  const tags = decodeTags(tagBytes, tagCount)
  const data = reader.rest()
  assertSignedAs({ type, owner, signature })
  return {
    bytes,
    type,
    signature,
    owner,
    ...(target === undefined ? {} : { target }),
    ...(anchor === undefined ? {} : { anchor }),
    tags,
    tagBytes,
    data,
  }
}

function assertSignedAs(signature: ItemSignature): void {
  if (signature.type === ARWEAVE_TYPE || isSignedItem(signature)) return
  throw new AoError('invalid-encoding', 'Expected an unsigned item to be of signature type 1', {
    type: signature.type.number,
  })
}

class ItemReader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  read(length: number, name: string): Uint8Array {
    const end = this.#offset + length
    if (end > this.#bytes.length) {
      throw new AoError('invalid-encoding', `Expected ${length} bytes of ${name} in a data item`, {
        offset: this.#offset,
        bytes: this.#bytes.length,
      })
    }
    const part = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return part
  }

  /** Little-endian. @throws AoError `invalid-encoding` for 2^32 and more. */
  readInteger(length: number, name: string): number {
    let value = 0
    for (const [index, byte] of this.read(length, name).entries()) {
      if (index > 3 && byte !== 0) {
        throw new AoError('invalid-encoding', `Expected a ${name} below 2^32 in a data item`)
      }
      if (index <= 3) value += byte * 2 ** (8 * index)
    }
    return value
  }

  /** A field of 32 bytes after a byte that says whether it is there. */
  readOptional(name: string): Uint8Array | undefined {
    const [presence] = this.read(1, `presence of the ${name}`)
    if (presence === 0) return undefined
    if (presence === 1) return this.read(32, name)
    throw new AoError('invalid-encoding', `Expected 0 or 1 as the presence of the ${name}`, {
      got: presence,
    })
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset)
  }
}
