/** Makes a message ready to be written: its record, its links, and those of all below it. */
import { AoError } from '../base/errors.ts'
import { commitUnsigned } from '../codec/httpsig/httpsig.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { messageId, unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, type List, type Value } from '../message/value.ts'
import type { StoreWrite } from '../store/store.ts'
import { type EncodedRecord, encodeRecord } from './record.ts'

export const MESSAGES = 'messages'
export const DATA = 'data'
const MAX_DEPTH = 64

/** A message made ready to be written, and the ids it will be known by. */
export interface PreparedMessage {
  /** The message with its hmac commitment, as a read will give it. */
  readonly message: Message
  /** id(all): over every signer, or the unsigned id where there is none. */
  readonly id: string
  readonly unsignedId: string
  readonly writes: readonly StoreWrite[]
}

/** Nested messages that were made ready before, by their object. */
type KnownMessages = ReadonlyMap<Message, PreparedMessage>

const NOTHING_KNOWN: KnownMessages = new Map()

/**
 * Everything that writing a message takes: its record and links, those of the messages nested in
 * it, and its large values. Keys that its commitments do not cover are dropped. A nested message
 * that is ready already can be given, so that it is not made ready twice.
 *
 * @NOTE A record lies under the id that its signatures give it. Signatures, nested ones too, must
 * have been verified before: who could store a forged one would replace the true message.
 */
export function prepareMessage(message: Message, nested?: PreparedMessage): PreparedMessage {
  const known = nested === undefined ? NOTHING_KNOWN : new Map([[nested.message, nested]])
  return prepareNested(message, { writes: [], known }, 0)
}

interface Preparation {
  readonly writes: StoreWrite[]
  readonly known: KnownMessages
}

function prepareNested(given: Message, preparation: Preparation, depth: number): PreparedMessage {
  assertDepth(depth)
  const { writes } = preparation
  const message = withUnsigned(withOnlyCommitted(given))
  for (const key of message.keys()) prepareChild(message.get(key), preparation, depth + 1)
  const id = messageId(message, 'all')
  const unsigned = messageId(message, 'none')
  pushRecord(id, encodeRecord(message), writes)
  pushLinks(message, { id, unsignedId: unsigned }, writes)
  return { message, id, unsignedId: unsigned, writes }
}

/** An empty message stays without: in the multipart body of a bundle it would be another one. */
function withUnsigned(message: Message): Message {
  return message.size === 0 && message.commitments.size === 0 ? message : commitUnsigned(message)
}

/** Only ids that were checked: the unsigned id, which is computed here, and those of signatures. */
function pushLinks(
  { commitments }: Message,
  { id, unsignedId }: Pick<PreparedMessage, 'id' | 'unsignedId'>,
  writes: StoreWrite[],
): void {
  if (unsignedId !== id) writes.push(link(unsignedId, id))
  for (const { id: known, committer } of commitments.values()) {
    if (committer !== undefined && known !== id && known !== unsignedId)
      writes.push(link(known, id))
  }
}

function prepareChild(value: Value | undefined, preparation: Preparation, depth: number): void {
  if (isList(value)) prepareList(value, preparation, depth)
  if (!(value instanceof Message)) return
  const known = preparation.known.get(value)
  if (known === undefined) prepareNested(value, preparation, depth)
  else preparation.writes.push(...known.writes)
}

function prepareList(list: List, preparation: Preparation, depth: number): void {
  assertDepth(depth)
  for (const value of list) prepareChild(value, preparation, depth + 1)
  pushRecord(unsignedId(list), encodeRecord(list), preparation.writes)
}

function pushRecord(id: string, { bytes, large }: EncodedRecord, writes: StoreWrite[]): void {
  for (const value of large) {
    writes.push({ kind: 'value', path: `${DATA}/${value.hash}`, value: value.bytes })
  }
  writes.push({ kind: 'value', path: `${MESSAGES}/${id}`, value: bytes })
}

function link(id: string, target: string): StoreWrite {
  return { kind: 'link', path: `${MESSAGES}/${id}`, target: `${MESSAGES}/${target}` }
}

function assertDepth(depth: number): void {
  if (depth <= MAX_DEPTH) return
  throw new AoError('limit-exceeded', 'Messages are nested too deeply to be stored', {
    limit: MAX_DEPTH,
  })
}
