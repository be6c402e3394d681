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
import { Message } from '../message/message.ts'
import { fromTabm, fromTabmValue, toTabm } from '../message/structured.ts'
import type { Tabm, TabmValue } from '../message/tabm.ts'
import type { List } from '../message/value.ts'

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

/** Reads the bytes of a large value by its hash. */
export type LoadLarge = (hash: string) => Promise<Uint8Array | undefined>

/** The record of a message, or of the numbered map that a list is as TABM. */
export function encodeRecord(value: Message | List): EncodedRecord {
  const large: LargeValue[] = []
  const item = value instanceof Message ? itemOf(value) : undefined
  const commitments = value instanceof Message ? plainCommitments(value, large) : []
  const plain = item
    ? [VERSION, KIND_ITEM, commitments, plainBinary(item, large)]
    : [VERSION, KIND_TABM, commitments, plainEntries(toTabm(value, 'link'), large)]
  return { bytes: packr.pack(plain), large }
}

/** @throws AoError `store-failed` when the bytes are no record of a version this node knows. */
export async function decodeRecord(bytes: Uint8Array, load: LoadLarge): Promise<Message | List> {
  const record = unpack(bytes)
  const commitments = new Map<string, Commitment>()
  for (const plain of record.commitments) {
    commitments.set(plain[0], await readCommitment(plain, load))
  }
  if (record.kind === KIND_ITEM) {
    const item = toBytes(await readBinary(record.content as Binary | PlainReference, load))
    const decoded = decodeAns104(item)
    return decoded.withCommitments(new Map([...decoded.commitments, ...commitments]))
  }
  const tabm = await readEntries(record.content as PlainEntries, load)
  const value = fromTabmValue(tabm)
  return value instanceof Message ? value.withCommitments(commitments) : value
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

function plainCommitments(message: Message, large: LargeValue[]): PlainCommitment[] {
  const asItem = itemOf(message) !== undefined
  const plain: PlainCommitment[] = []
  for (const commitment of message.commitments.values()) {
    if (asItem && commitment.wire?.kind === 'ans104') continue
    const { id, device, type, committed, keyid, committer, signature, fields, wire } = commitment
    const entries = plainEntries(toTabm(new Message(fields), 'bundle'), large)
    const optional = [keyid ?? null, committer ?? null, signature ?? null] as const
    plain.push([id, device, type, committed, ...optional, entries, plainWire(wire, large)])
  }
  return plain
}

function plainWire(wire: CommitmentWire | undefined, large: LargeValue[]): PlainWire {
  if (wire === undefined) return null
  if (wire.kind === 'ans104') return ['a', wire.item]
  return wire.body === undefined
    ? ['h', wire.base]
    : ['h', wire.base, plainBinary(wire.body, large)]
}

function plainEntries(tabm: Tabm, large: LargeValue[]): PlainEntries {
  const entries: [string, PlainValue][] = []
  for (const [key, value] of tabm) {
    entries.push([
      key,
      value instanceof Message ? plainEntries(value, large) : plainBinary(value, large),
    ])
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

interface UnpackedRecord {
  readonly kind: number
  readonly commitments: readonly PlainCommitment[]
  readonly content: PlainValue
}

function unpack(bytes: Uint8Array): UnpackedRecord {
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

function unpackArray(bytes: Uint8Array): readonly unknown[] {
  try {
    const record: unknown = packr.unpack(bytes)
    if (Array.isArray(record) && record.length === 4) return record
  } catch (cause) {
    throw new AoError('store-failed', 'A message record in the store is corrupted', {}, cause)
  }
  throw new AoError('store-failed', 'A message record in the store is corrupted')
}

async function readCommitment(plain: PlainCommitment, load: LoadLarge): Promise<Commitment> {
  const [id, device, type, committed, keyid, committer, signature, fields, wire] = plain
  return {
    id,
    device,
    type,
    committed,
    ...(keyid === null ? {} : { keyid }),
    ...(committer === null ? {} : { committer }),
    ...(signature === null ? {} : { signature }),
    fields: new Map(fromTabm(await readEntries(fields, load))),
    ...(wire === null ? {} : { wire: await readWire(wire, load) }),
  }
}

async function readWire(
  [kind, bytes, body]: NonNullable<PlainWire>,
  load: LoadLarge,
): Promise<CommitmentWire> {
  if (kind === 'a') return { kind: 'ans104', item: bytes }
  const received = body === undefined ? {} : { body: toBytes(await readBinary(body, load)) }
  return { kind: 'httpsig', base: bytes, ...received }
}

async function readEntries(plain: PlainEntries, load: LoadLarge): Promise<Tabm> {
  const entries: [string, TabmValue][] = []
  for (const [key, value] of plain) {
    entries.push([
      key,
      isPlainEntries(value) ? await readEntries(value, load) : await readBinary(value, load),
    ])
  }
  return new Message(entries)
}

function isPlainEntries(value: PlainValue): value is PlainEntries {
  return Array.isArray(value)
}

async function readBinary(value: Binary | PlainReference, load: LoadLarge): Promise<Binary> {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  const bytes = await load(value.data)
  if (bytes !== undefined) return bytes
  throw new AoError('store-failed', 'A large value is missing from the store', { hash: value.data })
}
