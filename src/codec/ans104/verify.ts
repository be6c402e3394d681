/** Whether a data item commitment holds for a message. */
import { isAoError } from '../../base/errors.ts'
import { addressOf } from '../../crypto/address.ts'
import type { Commitment } from '../../message/commitment.ts'
import type { Message } from '../../message/message.ts'
import { type DataItem, isSignedItem } from './data-item.ts'
import { signedItemId, unsignedItemId, verifyItem } from './item-signature.ts'
import { messageToItem } from './message-to-item.ts'
import { receivedItem } from './received-item.ts'

/**
 * Whether the item of a commitment is signed by the committer and says what the message says under
 * the committed keys. Received bytes are verified as they are; without them the item is made anew,
 * which needs nested messages inline or as links just as they were. For an item without a signature:
 * whether the commitment's id is that of the content.
 */
export async function verifyAns104(message: Message, commitment: Commitment): Promise<boolean> {
  const item = itemOf(message, commitment)
  if (item === undefined) return false
  if (!isSignedItem(item)) {
    return commitment.committer === undefined && unsignedItemId(item) === commitment.id
  }
  const isOwn = addressOf(item.type.walletType, item.owner) === commitment.committer
  return isOwn && signedItemId(item) === commitment.id && verifyItem(item)
}

function itemOf(message: Message, commitment: Commitment): DataItem | undefined {
  try {
    if (commitment.wire?.kind === 'ans104') return receivedItem(message, commitment)
    return messageToItem(message.withCommitments(new Map([[commitment.id, commitment]])))
  } catch (error) {
    // A message that is no item, or another one than was signed, does not hold.
    if (isAoError(error)) return undefined
    throw error
  }
}
