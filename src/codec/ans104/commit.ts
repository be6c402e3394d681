/** Signing a message as a data item. */
import type { Wallet } from '../../crypto/wallet.ts'
import type { Commitment } from '../../message/commitment.ts'
import { NO_COMMITMENTS } from '../../message/commitment.ts'
import { isPrivateKey } from '../../message/keys.ts'
import type { Message } from '../../message/message.ts'
import { itemCommitmentOf } from './item-layout.ts'
import { signItem } from './item-signature.ts'
import { itemToMessage } from './item-to-message.ts'
import { type MessageToItemOptions, messageToContent } from './message-to-item.ts'
import { plainMessageOf } from './plain-item.ts'

/**
 * The message as a data item signed by the wallet, decoded again: its keys are in lower case, and
 * the new commitment is the only one. A message that is an item already is signed in the same form,
 * unless keys were added to it.
 * @throws AoError `unencodable`, see `messageToItem`.
 *
 * @example
 * const process = await commitAns104(createMessage({ type: 'Process' }), wallet)
 */
export async function commitAns104(
  message: Message,
  wallet: Wallet,
  options: MessageToItemOptions = {},
): Promise<Message> {
  const existing = itemCommitmentOf(message)
  const isCovered = existing !== undefined && coversAll(existing, message)
  const source = isCovered ? message : message.withCommitments(NO_COMMITMENTS)
  const item = await signItem(messageToContent(source, options), wallet)
  const isFresh = !isCovered && options.bundle !== true
  const plain = isFresh ? plainMessageOf(item, source) : undefined
  return (plain ?? itemToMessage(item)).withPrivate(message.priv)
}

function coversAll({ committed }: Commitment, message: Message): boolean {
  const covered = new Set(committed)
  return [...message.keys()].every((key) => covered.has(key) || isPrivateKey(key))
}
