/**
 * The usual record of an item, put together of pieces: beside the item there is one hmac, which is
 * the same in all messages of one kind but for its id. The bytes are those that MessagePack gives.
 */
import type { Commitment } from '../message/commitment.ts'
import type { Message } from '../message/message.ts'

/** What lies between the id of an hmac and its signature. */
interface KnownMiddle {
  readonly committed: readonly string[]
  readonly keyid: string
  readonly type: string
  readonly bytes: Uint8Array
}

/** Lists of keys are kept by the array, of which all messages of one kind have the same. */
const MAX_KNOWN = 32
const MAX_MIDDLE_BYTES = 4_096

export class ItemRecords {
  readonly #pack: (value: unknown) => Uint8Array
  readonly #maxItemBytes: number
  readonly #known: KnownMiddle[] = []
  #next = 0

  /**
   * @param pack MessagePack of a value.
   * @param maxItemBytes below 65,536: items of more bytes are none of the usual ones.
   */
  constructor(pack: (value: unknown) => Uint8Array, maxItemBytes: number) {
    this.#pack = pack
    this.#maxItemBytes = maxItemBytes
  }

  /** The record of version 1 of a message that is this item; `undefined` for an unusual one. */
  encode({ commitments }: Message, item: Uint8Array): Uint8Array | undefined {
    if (commitments.size !== 2 || item.length > this.#maxItemBytes) return undefined
    for (const commitment of commitments.values()) {
      if (!isPlainHmac(commitment)) continue
      return join(commitment.id, this.#middleOf(commitment), item)
    }
    return undefined
  }

  #middleOf({ committed, keyid, type }: Commitment & { readonly keyid: string }): Uint8Array {
    for (const known of this.#known) {
      const isSame = known.committed === committed && known.keyid === keyid && known.type === type
      if (isSame) return known.bytes
    }
    const pieces = ['httpsig@1.0', type, committed, keyid, null].map((value) => {
      return Uint8Array.from(this.#pack(value))
    })
    const bytes = Buffer.concat(pieces)
    if (bytes.length <= MAX_MIDDLE_BYTES) {
      this.#known[this.#next] = { committed, keyid, type, bytes }
      this.#next = (this.#next + 1) % MAX_KNOWN
    }
    return bytes
  }
}

const ID_LENGTH = 43
const BASE64URL = /^[\w-]{43}$/

/** Whether all that a commitment says is its keys, and an id that is its signature. */
function isPlainHmac(
  commitment: Commitment,
): commitment is Commitment & { readonly keyid: string } {
  const { id, device, keyid, committer, signature, fields, wire } = commitment
  if (committer !== undefined || wire !== undefined || fields.size > 0) return false
  const isOwn = device === 'httpsig@1.0' && keyid !== undefined && signature === id
  return isOwn && BASE64URL.test(id)
}

/** An array of 4: version 1, kind 1, the commitments, of which there is one of 9 members. */
const START = Uint8Array.of(0x94, 1, 1, 0x91, 0x99, 0xd9, ID_LENGTH)
/** The text of an id. */
const ID_START = Uint8Array.of(0xd9, ID_LENGTH)
/** No fields, and nothing received. */
const END = Uint8Array.of(0x90, 0xc0)

function join(id: string, middle: Uint8Array, item: Uint8Array): Uint8Array {
  const isShort = item.length < 0x100
  const itemAt = START.length + ID_LENGTH + middle.length + ID_START.length + ID_LENGTH + END.length
  const bytes = Buffer.allocUnsafe(itemAt + (isShort ? 2 : 3) + item.length)
  bytes.set(START)
  let at = START.length
  at += bytes.write(id, at, ID_LENGTH, 'latin1')
  bytes.set(middle, at)
  at += middle.length
  bytes.set(ID_START, at)
  at += ID_START.length
  at += bytes.write(id, at, ID_LENGTH, 'latin1')
  bytes.set(END, at)
  at += END.length
  bytes[at++] = isShort ? 0xc4 : 0xc5
  if (!isShort) bytes[at++] = item.length >> 8
  bytes[at++] = item.length & 0xff
  bytes.set(item, at)
  return bytes
}
