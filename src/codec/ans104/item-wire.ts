/**
 * The bytes of an item, as its commitment keeps them, and what is known of them: the message that
 * they are, and whether their signature holds. A posted item is checked at the door and again before
 * it is scheduled; the second time costs nothing. Bytes never change once they are read, and all of
 * this follows from them alone. It is no part of the commitment, and goes when that goes.
 */
import type { CommitmentWire } from '../../message/commitment.ts'
import type { Message } from '../../message/message.ts'
import { type DataItem, decodeItem } from './data-item.ts'
import { verifyItem } from './item-signature.ts'

/** After the number of its type. */
const SIGNATURE_START = 2

export class ItemWire {
  readonly kind = 'ans104'
  readonly item: Uint8Array
  /** Base64url of the signature in the bytes, where it was made of them. */
  readonly #signature: string | undefined
  /** Where it will be verified, until then. */
  #decoded: DataItem | undefined
  #message: Message | undefined
  #verdict: Promise<boolean> | undefined

  constructor(bytes: Uint8Array, signature?: string) {
    this.item = bytes
    this.#signature = signature
  }

  /** The bytes of a signature, if it is that of the item. */
  signatureBytes(signature: string): Uint8Array | undefined {
    if (signature !== this.#signature) return undefined
    return this.item.subarray(SIGNATURE_START, SIGNATURE_START + ((signature.length * 3) >> 2))
  }

  /** @throws AoError see `decodeItem`. */
  decoded(): DataItem {
    return this.#decoded ?? decodeItem(this.item)
  }

  /** The message of the item, if it was made before. */
  get message(): Message | undefined {
    return this.#message
  }

  /** @param decoded the item itself, if it will be verified. */
  keep(message: Message, decoded?: DataItem): void {
    this.#message = message
    this.#decoded = decoded
  }

  /** Whether the signature holds, checked at most once. @throws AoError see `decodeItem`. */
  verdict(): Promise<boolean> {
    this.#verdict ??= this.#verify()
    return this.#verdict
  }

  async #verify(): Promise<boolean> {
    try {
      const item = this.decoded()
      this.#decoded = undefined
      return await verifyItem(item)
    } catch (error) {
      // A check that could not be made says nothing.
      this.#verdict = undefined
      throw error
    }
  }
}

/** What is known of the bytes in a commitment; `undefined` for one without the bytes of an item. */
export function itemWireOf(wire: CommitmentWire | undefined): ItemWire | undefined {
  if (wire?.kind !== 'ans104') return undefined
  return wire instanceof ItemWire ? wire : new ItemWire(wire.item)
}
