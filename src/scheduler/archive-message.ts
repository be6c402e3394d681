/**
 * A message in JSON with everything that is stored of it, so that it can be stored again elsewhere
 * byte for byte: a data item as its bytes, any other message in the typed notation, and with it the
 * received bytes that its signatures can only be checked against.
 */
import { toBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import { decodeBase64, encodeBase64url } from '../crypto/base64url.ts'
import type { Commitment, CommitmentWire } from '../message/commitment.ts'
import { Message } from '../message/message.ts'
import { formatOrdered, parseTyped, type TypedJson } from '../message/typed-notation.ts'
import { isList, type Value } from '../message/value.ts'
import { archivedItem } from './archived-item.ts'

export type ArchivedMessage =
  /** Base64url of the item. */
  | { readonly ans104: string }
  | {
      readonly typed: TypedJson
      /** By the id of the commitment, also of nested messages. */
      readonly received?: Readonly<Record<string, ArchivedWire>>
    }

/** All in base64url. */
type ArchivedWire = { readonly item: string } | { readonly base: string; readonly body?: string }

export async function archiveMessage(message: Message): Promise<ArchivedMessage> {
  const item = await archivedItem(message)
  if (item !== undefined) return { ans104: encodeBase64url(item) }
  const received: Record<string, ArchivedWire> = {}
  for (const { id, wire } of commitmentsIn(message)) {
    if (wire !== undefined) received[id] = archiveWire(wire)
  }
  const typed = formatOrdered(message)
  return Object.keys(received).length === 0 ? { typed } : { typed, received }
}

/** @throws AoError `invalid-encoding` for anything else, and what the codecs throw. */
export function restoreMessage(json: unknown): Message {
  if (!isRecord(json)) throw invalid('a message with ans104 or typed')
  const { ans104, typed, received } = json
  if (typeof ans104 === 'string') return decodeAns104(decodeBase64(ans104))
  const message = parseTyped(typed)
  if (!(message instanceof Message)) throw invalid('a message in the typed notation')
  if (received === undefined) return message
  if (!isRecord(received)) throw invalid('received bytes by the id of their commitment')
  return withReceived(message, new Map(Object.entries(received))) as Message
}

/** Commitments of a message and of all messages in it. */
function* commitmentsIn(value: Value): Generator<Commitment> {
  if (isList(value)) for (const item of value) yield* commitmentsIn(item)
  if (!(value instanceof Message)) return
  yield* value.commitments.values()
  for (const [, nested] of value) yield* commitmentsIn(nested)
}

function archiveWire(wire: CommitmentWire): ArchivedWire {
  if (wire.kind === 'ans104') return { item: encodeBase64url(wire.item) }
  const base = encodeBase64url(toBytes(wire.base))
  return wire.body === undefined ? { base } : { base, body: encodeBase64url(wire.body) }
}

function withReceived(value: Value, received: ReadonlyMap<string, unknown>): Value {
  if (isList(value)) return value.map((item) => withReceived(item, received))
  if (!(value instanceof Message)) return value
  const entries = [...value].map(([key, v]) => [key, withReceived(v, received)] as const)
  const commitments = [...value.commitments].map(([id, commitment]) => {
    const wire = received.get(id)
    return [id, wire === undefined ? commitment : { ...commitment, wire: readWire(wire) }] as const
  })
  return new Message(entries, new Map(commitments), value.priv)
}

function readWire(json: unknown): CommitmentWire {
  const { item, base, body } = isRecord(json) ? json : {}
  if (typeof item === 'string') return { kind: 'ans104', item: decodeBase64(item) }
  if (typeof base !== 'string') throw invalid('received bytes as item or base')
  const kept = typeof body === 'string' ? { body: decodeBase64(body) } : {}
  return { kind: 'httpsig', base: decodeBase64(base), ...kept }
}

function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected ${expected}`)
}
