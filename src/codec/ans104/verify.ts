/** Whether a data item commitment holds for a message. */
import { compareText } from '../../base/bytes.ts'
import { isAoError } from '../../base/errors.ts'
import { addressOf } from '../../crypto/address.ts'
import type { Commitment } from '../../message/commitment.ts'
import { LINK_SUFFIX } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { isList, Link, type List, type Value } from '../../message/value.ts'
import { type DataItem, isSignedItem } from './data-item.ts'
import { compareItem, compareMessages, type ItemAgreement } from './item-agreement.ts'
import { isBundled } from './item-layout.ts'
import { signedItemId, unsignedItemId, verifyItem } from './item-signature.ts'
import { messageToItem } from './message-to-item.ts'
import { ORIGINAL_TAGS } from './original-tags.ts'
import { readReceived, verdictOfBytes } from './received-bytes.ts'

export interface VerifyAns104Options {
  /**
   * Verifies that a nested message or list is what its id says. Without it, a commitment that knows
   * a nested value only by its id does not hold for a message that has the value in place.
   */
  readonly verifyNested?: (value: Message | List) => Promise<boolean>
}

/**
 * Whether the item of a commitment is signed by the committer and says what the message says under
 * the committed keys. Received bytes are verified as they are; without them the item is made anew,
 * which needs nested messages inline or as links just as they were. For an item without a signature:
 * whether the commitment's id is that of the content.
 */
export async function verifyAns104(
  message: Message,
  commitment: Commitment,
  { verifyNested = refuse }: VerifyAns104Options = {},
): Promise<boolean> {
  const agreement = await findAgreement(message, commitment)
  if (agreement === undefined) return false
  for (const value of agreement.linked) if (!(await verifyNested(value))) return false
  return true
}

async function refuse(): Promise<boolean> {
  return false
}

async function findAgreement(
  message: Message,
  commitment: Commitment,
): Promise<ItemAgreement | undefined> {
  const { wire } = commitment
  if (wire?.kind === 'ans104') return receivedAgreement(message, commitment, wire.item)
  for (const item of remadeItems(message, commitment)) {
    // With `original-tags` an item made anew comes out right whatever the message says.
    if (await holds(item, commitment)) {
      return attempt(() => compareItem(item, message, commitment))
    }
  }
  return undefined
}

/** The ids and signers of commitments are compared with those that the item itself gives. */
async function receivedAgreement(
  message: Message,
  commitment: Commitment,
  bytes: Uint8Array,
): Promise<ItemAgreement | undefined> {
  const received = attempt(() => readReceived(bytes))
  if (received === undefined) return undefined
  const agreement = attempt(() => compareMessages(received.message, message, commitment))
  const isUnsigned = commitment.committer === undefined && !isSignedItem(received.item)
  if (agreement === undefined || isUnsigned) return agreement
  const isVerified = await verdictOfBytes(bytes, () => verifyItem(received.item))
  return isVerified ? agreement : undefined
}

function remadeItems(message: Message, commitment: Commitment): DataItem[] {
  return keyOrders(message, commitment).flatMap((committed) => {
    const commitments = new Map([[commitment.id, { ...commitment, committed }]])
    return attempt(() => [messageToItem(message.withCommitments(commitments))]) ?? []
  })
}

/**
 * The order of the committed keys, and the sorted one where that could be the tags' order: an item
 * whose tags are sorted needs no `original-tags`, and httpsig@1.0 lists keys in an order of its own.
 */
function keyOrders(message: Message, commitment: Commitment): (readonly string[])[] {
  const { fields } = commitment
  const committed = [...new Set(commitment.committed)]
  if (fields.has(ORIGINAL_TAGS)) return [committed]
  const isInline = isBundled(commitment)
  const names = committed.map((key) => {
    const value = message.get(key)
    const isLink = value instanceof Link || (!isInline && value !== undefined && isNested(value))
    return { key, name: isLink ? key + LINK_SUFFIX : key }
  })
  const sorted = names
    .sort((left, right) => compareText(left.name, right.name))
    .map(({ key }) => key)
  return sorted.every((key, index) => key === committed[index]) ? [committed] : [committed, sorted]
}

function isNested(value: Value): boolean {
  return value instanceof Message || isList(value)
}

/** `undefined` for a message that is no item, or another one than was signed. */
function attempt<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}

async function holds(item: DataItem, commitment: Commitment): Promise<boolean> {
  if (!isSignedItem(item)) {
    return commitment.committer === undefined && unsignedItemId(item) === commitment.id
  }
  const isOwn = addressOf(item.type.walletType, item.owner) === commitment.committer
  return isOwn && signedItemId(item) === commitment.id && verifyItem(item)
}
