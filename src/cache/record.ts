/**
 * The form in which one message lies in the store: a MessagePack array that starts with its
 * version and kind. A message that came as an ANS-104 item is kept as the item's bytes, since all
 * else follows from them; every other message is kept as its TABM in link mode, its commitments
 * beside it. Values over `LARGE_VALUE_BYTES` stand as the hash under which they are stored.
 */
import { Packr } from 'msgpackr'
import { type Binary, byteLength, toBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import type { Commitment, CommitmentWire } from '../message/commitment.ts'
import { hashpath } from '../message/hashpath.ts'
import { LINK_SUFFIX } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { fromTabm, fromTabmValue, toTabm } from '../message/structured.ts'
import type { Tabm, TabmValue } from '../message/tabm.ts'
import type { List, Value } from '../message/value.ts'
import { ItemRecords } from './item-records.ts'

/** Binaries of more bytes are stored once, under their hash, and referred to. */
export const LARGE_VALUE_BYTES = 16_384

const VERSION = 1
const KIND_TABM = 0
const KIND_ITEM = 1

/** A large value on its way to the store. */
export interface LargeValue {
  /** Base64url of the SHA-256 of the bytes. */
  readonly hash: string
  readonly bytes: Uint8Array
}

export interface EncodedRecord {
  readonly bytes: Uint8Array
  readonly large: readonly LargeValue[]
}

type PlainReference = { readonly data: string }
type PlainValue = Binary | PlainReference | PlainEntries
type PlainEntries = readonly (readonly [string, PlainValue])[]
/** An item, or the base of a foreign signature and, where it is needed, the body that it covers. */
type PlainWire =
  | readonly ['a', Uint8Array]
  | readonly ['h', Uint8Array]
  | readonly ['h', Uint8Array, Binary | PlainReference]
  | null
type PlainCommitment = readonly [
  id: string,
  device: string,
  type: string,
  committed: readonly string[],
  keyid: string | null,
  committer: string | null,
  signature: string | null,
  fields: PlainEntries,
  wire: PlainWire,
]

const packr = new Packr({ useRecords: false, variableMapSize: true })
const itemRecords = new ItemRecords((value) => packr.pack(value), LARGE_VALUE_BYTES)

/** Reads the bytes of a large value by its hash. */
export type LoadLarge = (hash: string) => Promise<Uint8Array | undefined>

/** The record of a message, or of the numbered map that a list is as TABM. */
export function encodeRecord(value: Message | List): EncodedRecord {
  const large: LargeValue[] = []
  const item = value instanceof Message ? itemOf(value) : undefined
  const short = item && value instanceof Message ? itemRecords.encode(value, item) : undefined
  if (short !== undefined) return { bytes: short, large }
  const commitments = value instanceof Message ? plainCommitments(value, item, large) : []
  const plain = item
    ? [VERSION, KIND_ITEM, commitments, plainBinary(item, large)]
    : [VERSION, KIND_TABM, commitments, plainEntries(toTabm(value, 'link'), large)]
  return { bytes: packr.pack(plain), large }
}

/** @throws AoError `store-failed` when the bytes are no record of a version this node knows. */
export async function decodeRecord(bytes: Uint8Array, load: LoadLarge): Promise<Message | List> {
  const record = unpackRecord(bytes)
  const large = new Map<string, Uint8Array | undefined>()
  for (const hash of largeValuesOf(record)) large.set(hash, await load(hash))
  return buildRecord(record, large)
}

/** A record taken apart, its message not yet made. */
export interface UnpackedRecord {
  readonly kind: number
  readonly commitments: readonly PlainCommitment[]
  readonly content: PlainValue
}

/** Large values by their hash, those of a record among them. */
export type LargeValues = ReadonlyMap<string, Uint8Array | undefined>

/** @throws AoError `store-failed` when the bytes are no record of a version this node knows. */
export function unpackRecord(bytes: Uint8Array): UnpackedRecord {
  const record = unpackArray(bytes)
  const [version, kind, commitments, content] = record
  if (version !== VERSION || (kind !== KIND_TABM && kind !== KIND_ITEM)) {
    throw new AoError(
      'store-failed',
      'Expected a message record of a version that this node knows; upgrade the node or restore the store',
      { version: String(version), kind: String(kind) },
    )
  }
  return {
    kind,
    commitments: commitments as readonly PlainCommitment[],
    content: content as PlainValue,
  }
}

/** The hashes of the large values that a record refers to. */
export function largeValuesOf({ commitments, content }: UnpackedRecord): string[] {
  const hashes: string[] = []
  collectLarge(content, hashes)
  for (const [, , , , , , , fields, wire] of commitments) {
    collectLarge(fields, hashes)
    if (wire?.[2] !== undefined) collectLarge(wire[2], hashes)
  }
  return hashes
}

/**
 * The item that a record is kept as; `undefined` for another one.
 * @throws AoError `store-failed` when it is large and missing.
 */
export function itemOfRecord(record: UnpackedRecord, large: LargeValues): Uint8Array | undefined {
  if (record.kind !== KIND_ITEM) return undefined
  return toBytes(readBinary(record.content as Binary | PlainReference, large))
}

/** The ids under the `key+link` of a record that is not kept as an item. */
export function linksOfRecord({ kind, content }: UnpackedRecord): string[] {
  const ids: string[] = []
  if (kind === KIND_TABM) collectLinks(content as PlainEntries, ids)
  return ids
}

/**
 * The message or list of a record, nested ones as links.
 * @throws AoError `store-failed` when a large value is missing.
 */
export function buildRecord(record: UnpackedRecord, large: LargeValues): Message | List {
  const item = itemOfRecord(record, large)
  const decoded = item && decodeAns104(item)
  if (decoded !== undefined && record.commitments.length === 0) return decoded
  const commitments = new Map(decoded?.commitments)
  for (const plain of record.commitments) commitments.set(plain[0], readCommitment(plain, large))
  if (decoded !== undefined) return decoded.withCommitments(commitments)
  const value = fromTabmValue(readEntries(record.content as PlainEntries, large))
  return value instanceof Message ? value.withCommitments(commitments) : value
}

function collectLarge(value: PlainValue, hashes: string[]): void {
  if (isPlainEntries(value)) for (const [, nested] of value) collectLarge(nested, hashes)
  else if (isReference(value)) hashes.push(value.data)
}

function collectLinks(entries: PlainEntries, ids: string[]): void {
  for (const [key, value] of entries) {
    if (isPlainEntries(value)) collectLinks(value, ids)
    else if (typeof value === 'string' && key.endsWith(LINK_SUFFIX)) ids.push(value)
  }
}

/**
 * The item a message is exactly the decoding of, if its only signed commitment is that item's.
 * The unsigned hmac beside it is kept in the record like any other commitment.
 */
function itemOf(message: Message): Uint8Array | undefined {
  let item: Uint8Array | undefined
  for (const { wire, committer } of message.commitments.values()) {
    if (committer === undefined) continue
    if (item !== undefined || wire?.kind !== 'ans104') return undefined
    item = wire.item
  }
  return item
}

/** All but the one that is the item itself. */
function plainCommitments(
  { commitments }: Message,
  item: Uint8Array | undefined,
  large: LargeValue[],
): PlainCommitment[] {
  const plain: PlainCommitment[] = []
  for (const commitment of commitments.values()) {
    if (item === undefined || commitment.wire?.kind !== 'ans104') {
      plain.push(plainCommitment(commitment, large))
    }
  }
  return plain
}

function plainCommitment(commitment: Commitment, large: LargeValue[]): PlainCommitment {
  const { id, device, type, committed, keyid, committer, signature, fields, wire } = commitment
  return [
    id,
    device,
    type,
    committed,
    keyid ?? null,
    committer ?? null,
    signature ?? null,
    fields.size === 0 ? [] : plainEntries(toTabm(new Message(fields), 'bundle'), large),
    plainWire(wire, large),
  ]
}

function plainWire(wire: CommitmentWire | undefined, large: LargeValue[]): PlainWire {
  if (wire === undefined) return null
  if (wire.kind === 'ans104') return ['a', wire.item]
  const base = toBytes(wire.base)
  return wire.body === undefined ? ['h', base] : ['h', base, plainBinary(wire.body, large)]
}

function plainEntries(tabm: Tabm, large: LargeValue[]): PlainEntries {
  const entries: [string, PlainValue][] = []
  for (const [key, value] of tabm) {
    const isNested = value instanceof Message
    entries.push([key, isNested ? plainEntries(value, large) : plainBinary(value, large)])
  }
  return entries
}

function plainBinary(value: Binary, large: LargeValue[]): Binary | PlainReference {
  if (byteLength(value) <= LARGE_VALUE_BYTES) return value
  const bytes = toBytes(value)
  const hash = hashpath(bytes)
  large.push({ hash, bytes })
  return { data: hash }
}

function unpackArray(bytes: Uint8Array): readonly unknown[] {
  try {
    const record: unknown = packr.unpack(bytes)
    if (Array.isArray(record) && record.length === 4) return record
  } catch (cause) {
    throw new AoError('store-failed', 'A message record in the store is corrupted', {}, cause)
  }
  throw new AoError('store-failed', 'A message record in the store is corrupted')
}

function readCommitment(plain: PlainCommitment, large: LargeValues): Commitment {
  const [id, device, type, committed, keyid, committer, signature, fields, wire] = plain
  return {
    id,
    device,
    type,
    committed,
    ...(keyid === null ? {} : { keyid }),
    ...(committer === null ? {} : { committer }),
    ...(signature === null ? {} : { signature }),
    fields: fields.length === 0 ? NO_FIELDS : new Map(fromTabm(readEntries(fields, large))),
    ...(wire === null ? {} : { wire: readWire(wire, large) }),
  }
}

const NO_FIELDS: ReadonlyMap<string, Value> = new Map()

function readWire([kind, bytes, body]: NonNullable<PlainWire>, large: LargeValues): CommitmentWire {
  if (kind === 'a') return { kind: 'ans104', item: bytes }
  const received = body === undefined ? {} : { body: toBytes(readBinary(body, large)) }
  return { kind: 'httpsig', base: bytes, ...received }
}

function readEntries(plain: PlainEntries, large: LargeValues): Tabm {
  const entries = new Map<string, TabmValue>()
  for (const [key, value] of plain) {
    entries.set(key, isPlainEntries(value) ? readEntries(value, large) : readBinary(value, large))
  }
  return Message.owning(entries)
}

function isPlainEntries(value: PlainValue): value is PlainEntries {
  return Array.isArray(value)
}

function isReference(value: Binary | PlainReference): value is PlainReference {
  return typeof value !== 'string' && !(value instanceof Uint8Array)
}

function readBinary(value: Binary | PlainReference, large: LargeValues): Binary {
  if (!isReference(value)) return value
  const bytes = large.get(value.data)
  if (bytes !== undefined) return bytes
  throw new AoError('store-failed', 'A large value is missing from the store', { hash: value.data })
}
