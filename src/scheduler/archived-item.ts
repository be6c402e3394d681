/** Messages that are one data item and nothing else: what a bundle can hold, byte for byte. */
import { AoError } from '../base/errors.ts'
import { decodeAns104, encodeAns104 } from '../codec/ans104/ans104.ts'
import { decodeItem } from '../codec/ans104/data-item.ts'
import { signedItemId, verifyItem } from '../codec/ans104/item-signature.ts'
import { isSigned } from '../message/commitment.ts'
import { Message } from '../message/message.ts'
import { isList, Link, type Value } from '../message/value.ts'

/**
 * The bytes of the item that a message is, as it was received or, where that is not known, made
 * anew and checked. `undefined` for a message that is signed in another codec, by nobody or by
 * several, and for one that has more in it than the item.
 */
export async function archivedItem(message: Message): Promise<Uint8Array | undefined> {
  const [commitment, ...others] = [...message.commitments.values()].filter(isSigned)
  if (commitment?.device !== 'ans104@1.0' || others.length > 0) return undefined
  try {
    const item = decodeItem(encodeAns104(message))
    if (signedItemId(item) !== commitment.id || holdsMore(message, decodeAns104(item.bytes))) {
      return undefined
    }
    return commitment.wire !== undefined || (await verifyItem(item)) ? item.bytes : undefined
  } catch (error) {
    if (error instanceof AoError) return undefined
    throw error
  }
}

/** Whether a message has in place what its item only links to. */
function holdsMore(value: Value | undefined, inItem: Value): boolean {
  if (inItem instanceof Link) return !(value instanceof Link)
  if (inItem instanceof Message) {
    return value instanceof Message && [...inItem].some(([key, v]) => holdsMore(value.get(key), v))
  }
  if (!isList(inItem)) return false
  return inItem.some((item, index) => holdsMore(isList(value) ? value[index] : undefined, item))
}
