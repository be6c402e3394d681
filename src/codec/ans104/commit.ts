/** Signing a message as a data item. */
import type { Wallet } from '../../crypto/wallet.ts'
import type { Commitment } from '../../message/commitment.ts'
import { NO_COMMITMENTS } from '../../message/commitment.ts'
import { isPrivateKey } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { isList, Link } from '../../message/value.ts'
import type { DataItem } from './data-item.ts'
import { signedCommitment } from './item-commitment.ts'
import { itemCommitmentOf } from './item-layout.ts'
import { signItem } from './item-signature.ts'
import { itemToMessage } from './item-to-message.ts'
import { type MessageToItemOptions, messageToContent } from './message-to-item.ts'
import { type PlainItem, type PlainItemOptions, plainItemOf } from './plain-item.ts'

export interface CommitAns104Options extends MessageToItemOptions, PlainItemOptions {}

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
  options: CommitAns104Options = {},
): Promise<Message> {
  const existing = itemCommitmentOf(message)
  const isCovered = existing !== undefined && coversAll(existing, message)
  const plain = isCovered || options.bundle === true ? undefined : plainItemOf(message, options)
  if (plain !== undefined) {
    return withItem(plain, await signItem({ tags: plain.tags, data: NO_DATA }, wallet))
  }
  const source = isCovered ? message : message.withCommitments(NO_COMMITMENTS)
  const item = await signItem(messageToContent(source, options), wallet)
  const read = itemToMessage(item).withPrivate(message.priv)
  return options.keepNested === true ? withNested(read, message) : read
}

const NO_DATA = new Uint8Array()

function withItem({ message, committed }: PlainItem, item: DataItem): Message {
  const commitment = signedCommitment(item, committed)
  return message.withCommitments(new Map([[commitment.id, commitment]]))
}

function coversAll({ committed }: Commitment, message: Message): boolean {
  const covered = new Set(committed)
  return [...message.keys()].every((key) => covered.has(key) || isPrivateKey(key))
}

function withNested(read: Message, source: Message): Message {
  const nested = [...source].filter(([key, value]) => {
    return (value instanceof Message || isList(value)) && read.get(key) instanceof Link
  })
  return read.without(...nested.map(([key]) => key)).with(nested)
}
