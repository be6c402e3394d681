/**
 * What is done once with the commitments of a message that was just read: hmacs are checked, and of
 * the received bytes only those are kept that the message cannot make again.
 */
import { type Binary, equalBinary } from '../../base/bytes.ts'
import { hmacSha256Text } from '../../crypto/hash.ts'
import type { Commitment } from '../../message/commitment.ts'
import { committedKeys, isUnsigned, withOnlyKeys } from '../../message/committed.ts'
import { linkedTabm } from '../../message/id.ts'
import { Message } from '../../message/message.ts'
import { hmacCommitment } from '../../message/unsigned-commitment.ts'
import { isList, type Value } from '../../message/value.ts'
import { agreesWithBase, isForeignBase } from './agreement.ts'
import { HMAC_TYPE } from './keyid.ts'
import { createRebuildBase, type RebuildBase } from './rebuilt-base.ts'

/**
 * The same message with commitments as they are kept, nested messages too.
 * @param body What the message was read from, needed later where a foreign signature covers parts
 * that we would write differently.
 */
export function settleCommitments(message: Message, body?: Uint8Array): Message {
  const settled = settleValues(message)
  if (settled.commitments.size === 0) return settled
  const rebuild = createRebuildBase(settled)
  const commitments = new Map<string, Commitment>()
  for (const [id, commitment] of settled.commitments) {
    const kept = settle(settled, commitment, { rebuild, body })
    if (kept !== undefined) commitments.set(id, kept)
  }
  return withOwnHmac(settled.withCommitments(commitments))
}

function settleValues(message: Message): Message {
  const changed: [string, Value][] = []
  for (const key of message.keys()) {
    const value = message.get(key)
    const settled = value === undefined ? value : settleValue(value)
    if (settled !== undefined && settled !== value) changed.push([key, settled])
  }
  return changed.length === 0 ? message : message.with(changed)
}

function settleValue(value: Value): Value {
  if (value instanceof Message) return settleCommitments(value)
  if (!isList(value)) return value
  const items = value.map(settleValue)
  return items.some((item, index) => item !== value[index]) ? items : value
}

interface Settling {
  readonly rebuild: RebuildBase
  readonly body: Uint8Array | undefined
}

/** `undefined` for an hmac with a public key that does not hold. */
function settle(
  message: Message,
  commitment: Commitment,
  { rebuild, body }: Settling,
): Commitment | undefined {
  const isOpenHmac = commitment.type === HMAC_TYPE && commitment.committer === undefined
  const received = commitment.wire?.kind === 'httpsig' ? commitment.wire.base : undefined
  if (received === undefined && !isOpenHmac) return commitment
  const rebuilt = rebuild(commitment)?.base
  const isRebuilt =
    rebuilt !== undefined && received !== undefined && equalBinary(rebuilt, received)
  const isHeld = isOpenHmac && holds(commitment, rebuilt)
  if (isOpenHmac && !isHeld && (isRebuilt || !holds(commitment, received))) return undefined
  if (received === undefined || isRebuilt || isHeld) return withoutWire(commitment)
  return body === undefined || agreesWithBase(message, commitment)
    ? commitment
    : { ...commitment, wire: { kind: 'httpsig', base: received, body } }
}

function withoutWire(commitment: Commitment): Commitment {
  if (commitment.wire === undefined) return commitment
  const { wire: _, ...bare } = commitment
  return bare
}

function holds({ keyid, id }: Commitment, base: Binary | undefined): boolean {
  if (keyid === undefined || base === undefined) return false
  return hmacSha256Text(keyid, base) === id
}

/** Other signers make no hmac; with it the message has the unsigned id that the signature covers. */
function withOwnHmac(message: Message): Message {
  const all = [...message.commitments.values()]
  if (all.some(isUnsigned) || !all.some(isForeignBase)) return message
  const keys = committedKeys(message)
  const hmac = hmacCommitment(linkedTabm(withOnlyKeys(message, keys)), { keys })
  return message.withCommitments(new Map([...message.commitments, [hmac.id, hmac]]))
}
