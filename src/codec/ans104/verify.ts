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
import { type ItemWire, itemWireOf } from './item-wire.ts'
import { messageToItem } from './message-to-item.ts'
import { ORIGINAL_TAGS } from './original-tags.ts'
import { receivedMessage } from './received-item.ts'

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
export function verifyAns104(
  message: Message,
  commitment: Commitment,
  { verifyNested = refuse }: VerifyAns104Options = {},
): Promise<boolean> {
  const wire = itemWireOf(commitment.wire)
  const claim = { message, commitment, verifyNested }
  return wire === undefined ? holdsRemade(claim) : holdsReceived(wire, claim)
}

interface Claim extends Required<VerifyAns104Options> {
  readonly message: Message
  readonly commitment: Commitment
}

async function refuse(): Promise<boolean> {
  return false
}

/** The ids and signers of commitments are compared with those that the item itself gives. */
function holdsReceived(wire: ItemWire, claim: Claim): Promise<boolean> {
  const { message, commitment } = claim
  const agreement = attempt(() => compareMessages(receivedMessage(wire), message, commitment))
  if (agreement === undefined) return FAILS
  // The item has no signature, since it names no committer either.
  const verdict = commitment.committer === undefined ? HOLDS : wire.verdict()
  return agreement.linked.length === 0 ? verdict : holdsWithLinked(verdict, agreement, claim)
}

const HOLDS = Promise.resolve(true)
const FAILS = Promise.resolve(false)

async function holdsRemade(claim: Claim): Promise<boolean> {
  const { message, commitment } = claim
  for (const item of remadeItems(message, commitment)) {
    if (!(await holds(item, commitment))) continue
    // With `original-tags` an item made anew comes out right whatever the message says.
    const agreement = attempt(() => compareItem(item, message, commitment))
    return agreement !== undefined && holdsWithLinked(HOLDS, agreement, claim)
  }
  return false
}

async function holdsWithLinked(
  verdict: Promise<boolean>,
  { linked }: ItemAgreement,
  { verifyNested }: Claim,
): Promise<boolean> {
  if (!(await verdict)) return false
  for (const value of linked) if (!(await verifyNested(value))) return false
  return true
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
