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
import { tryRebuildBase } from './rebuilt-base.ts'

/**
 * The same message with commitments as they are kept, nested messages too.
 * @param body What the message was read from, needed later where a foreign signature covers parts
 * that we would write differently.
 */
export function settleCommitments(message: Message, body?: Uint8Array): Message {
  const settled = settleValues(message)
  if (settled.commitments.size === 0) return settled
  const commitments = new Map<string, Commitment>()
  for (const [id, commitment] of settled.commitments) {
    const kept = settle(settled, commitment, body)
    if (kept !== undefined) commitments.set(id, kept)
  }
  return withOwnHmac(settled.withCommitments(commitments))
}

function settleValues(message: Message): Message {
  const changed: [string, Value][] = []
  for (const [key, value] of message) {
    const settled = settleValue(value)
    if (settled !== value) changed.push([key, settled])
  }
  return changed.length === 0 ? message : message.with(changed)
}

function settleValue(value: Value): Value {
  if (value instanceof Message) return settleCommitments(value)
  if (!isList(value)) return value
  const items = value.map(settleValue)
  return items.some((item, index) => item !== value[index]) ? items : value
}

/** `undefined` for an hmac with a public key that does not hold. */
function settle(
  message: Message,
  commitment: Commitment,
  body: Uint8Array | undefined,
): Commitment | undefined {
  const isOpenHmac = commitment.type === HMAC_TYPE && commitment.committer === undefined
  const { wire, ...bare } = commitment
  if (wire?.kind !== 'httpsig' && !isOpenHmac) return commitment
  const rebuilt = tryRebuildBase(message, commitment)?.base
  const received = wire?.kind === 'httpsig' ? wire.base : undefined
  if (isOpenHmac && !holds(commitment, rebuilt) && !holds(commitment, received)) return undefined
  if (received === undefined) return bare
  if (rebuilt !== undefined && equalBinary(rebuilt, received)) return bare
  if (isOpenHmac && holds(commitment, rebuilt)) return bare
  return body === undefined || agreesWithBase(message, commitment)
    ? commitment
    : { ...commitment, wire: { kind: 'httpsig', base: received, body } }
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
