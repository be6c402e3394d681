/**
 * A message and everything nested in it as one value: for messages that belong to one part of the
 * node and that nobody shall find by their ids. Unlike records in the store, it may hold signatures
 * that nobody has verified: they are under no id.
 */
import { Packr } from 'msgpackr'
import { AoError } from '../base/errors.ts'
import { messageId, unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, Link, type List, type Value } from '../message/value.ts'
import { decodeRecord, encodeRecord } from './record.ts'

const MAX_DEPTH = 64

const packr = new Packr({ useRecords: false, variableMapSize: true })

/** The record of the message, those of nested ones by their ids, and large values by their hashes. */
type Packed = readonly [
  root: Uint8Array,
  nested: readonly (readonly [string, Uint8Array])[],
  large: readonly (readonly [string, Uint8Array])[],
]

interface Parts {
  readonly nested: Map<string, Uint8Array>
  readonly large: Map<string, Uint8Array>
}

/** @throws AoError `limit-exceeded` for messages nested deeper than 64. */
export function packMessage(message: Message): Uint8Array {
  const parts: Parts = { nested: new Map(), large: new Map() }
  const root = record(message, parts, 0)
  const packed: Packed = [root, [...parts.nested], [...parts.large]]
  return packr.pack(packed)
}

/** @throws AoError `store-failed` for bytes that `packMessage` did not make. */
export async function unpackMessage(bytes: Uint8Array): Promise<Message> {
  const [root, nested, large] = unpack(bytes)
  const parts: Parts = { nested: new Map(nested), large: new Map(large) }
  const message = await read(root, parts)
  if (message instanceof Message) return message
  throw new AoError('store-failed', 'Expected a packed message, got a list; restore the store')
}

function record(value: Message | List, parts: Parts, depth: number): Uint8Array {
  if (depth > MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'Messages are nested too deeply to be stored', {
      limit: MAX_DEPTH,
    })
  }
  const children = isList(value) ? value : [...value].map(([, child]) => child)
  for (const child of children) {
    if (!(child instanceof Message) && !isList(child)) continue
    const id = isList(child) ? unsignedId(child) : messageId(child, 'all')
    if (!parts.nested.has(id)) parts.nested.set(id, record(child, parts, depth + 1))
  }
  const encoded = encodeRecord(value)
  for (const { hash, bytes } of encoded.large) parts.large.set(hash, bytes)
  return encoded.bytes
}

async function read(bytes: Uint8Array, parts: Parts): Promise<Message | List> {
  const value = await decodeRecord(bytes, async (hash) => parts.large.get(hash))
  if (parts.nested.size === 0) return value
  if (isList(value)) return Promise.all(value.map((item) => inline(item, parts)))
  const entries: [string, Value][] = []
  for (const [key, item] of value) entries.push([key, await inline(item, parts)])
  return new Message(entries, value.commitments)
}

/** A link of the message's own, to what is not nested in it, stays. */
async function inline(value: Value, parts: Parts): Promise<Value> {
  if (isList(value)) return Promise.all(value.map((item) => inline(item, parts)))
  const nested = value instanceof Link && !value.lazy ? parts.nested.get(value.id) : undefined
  return nested === undefined ? value : read(nested, parts)
}

function unpack(bytes: Uint8Array): Packed {
  try {
    const packed: unknown = packr.unpack(bytes)
    if (Array.isArray(packed) && packed.length === 3) return packed as unknown as Packed
  } catch (cause) {
    throw new AoError('store-failed', 'A packed message in the store is corrupted', {}, cause)
  }
  throw new AoError('store-failed', 'A packed message in the store is corrupted')
}
