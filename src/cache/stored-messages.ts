/**
 * Many messages at once, with all that they link to. First the records are read, level by level and
 * each but once, which costs little and tells how large a message is; the message itself is made
 * when it is asked for.
 */
import { linksOfItem } from '../codec/ans104/item-links.ts'
import { Message } from '../message/message.ts'
import { isList, Link, type List, type Value } from '../message/value.ts'
import type { StoreReader } from '../store/store.ts'
import {
  isStoredId,
  MAX_LOAD_DEPTH,
  MAX_LOADED_LINKS,
  missingLink,
  numberedList,
  tooDeep,
  tooManyLinks,
} from './load-limits.ts'
import { DATA, MESSAGES } from './prepare.ts'
import {
  buildRecord,
  itemOfRecord,
  largeValuesOf,
  linksOfRecord,
  type UnpackedRecord,
  unpackRecord,
} from './record.ts'

/** A message of which all bytes have been read. */
export interface StoredMessage {
  /** Bytes of its records and large values, and of those of all that it links to. */
  readonly bytes: number
  /** Makes the message, everything in it loaded. @throws AoError for bytes that are damaged. */
  message(): Message
}

/**
 * Reads messages by their ids, in the order of the ids; `undefined` for one that is not stored.
 * @throws AoError `link-not-found` when a message links to one that is not stored, `limit-exceeded`
 * for links deeper than 64 or more than 10,000 in one message, `store-failed` for damaged records.
 */
export type ReadStored = (ids: readonly string[]) => Promise<(StoredMessage | undefined)[]>

export function createStoredReader(store: StoreReader): ReadStored {
  return async (ids) => {
    const records = await readRecords(store, ids)
    return ids.map((id) => {
      const root = records.get(id)
      if (root === undefined) return undefined
      const { bytes } = measure(root, records, 0)
      return { bytes, message: () => asMessage(build(root, records)) }
    })
  }
}

/** A record and what it needs. */
interface StoredRecord {
  readonly record: UnpackedRecord
  readonly large: Map<string, Uint8Array | undefined>
  /** Without what it links to. */
  readonly ownBytes: number
  readonly links: readonly string[]
  size: Size | 'being measured' | undefined
}

interface Size {
  readonly bytes: number
  /** How many links are followed, one that is met twice counting twice. */
  readonly links: number
}

type Records = ReadonlyMap<string, StoredRecord | undefined>

async function readRecords(store: StoreReader, ids: readonly string[]): Promise<Records> {
  const records = new Map<string, StoredRecord | undefined>()
  let wanted = [...new Set(ids)]
  for (let depth = 0; wanted.length > 0 && depth <= MAX_LOAD_DEPTH; depth++) {
    const found = await readLevel(store, wanted)
    for (const [index, id] of wanted.entries()) records.set(id, found[index])
    const linked = new Set(found.flatMap((stored) => stored?.links ?? []))
    wanted = [...linked].filter((id) => !records.has(id))
  }
  return records
}

async function readLevel(
  store: StoreReader,
  ids: readonly string[],
): Promise<(StoredRecord | undefined)[]> {
  const stored = ids.filter(isStoredId)
  const values = await store.getMany(stored.map((id) => `${MESSAGES}/${id}`))
  const bytesOf = new Map(stored.map((id, index) => [id, values[index]] as const))
  const records = ids.map((id) => {
    const bytes = bytesOf.get(id)
    return bytes && { bytes: bytes.length, record: unpackRecord(bytes) }
  })
  const hashes = records.flatMap((found) => (found ? largeValuesOf(found.record) : []))
  const large = await readLarge(store, hashes)
  return records.map((found) => found && storedRecord(found, large))
}

async function readLarge(
  store: StoreReader,
  hashes: readonly string[],
): Promise<Map<string, Uint8Array | undefined>> {
  if (hashes.length === 0) return new Map()
  const unique = [...new Set(hashes)]
  const values = await store.getMany(unique.map((hash) => `${DATA}/${hash}`))
  return new Map(unique.map((hash, index) => [hash, values[index]] as const))
}

function storedRecord(
  { bytes, record }: { readonly bytes: number; readonly record: UnpackedRecord },
  values: ReadonlyMap<string, Uint8Array | undefined>,
): StoredRecord {
  const large = new Map<string, Uint8Array | undefined>()
  let ownBytes = bytes
  for (const hash of largeValuesOf(record)) {
    const value = values.get(hash)
    large.set(hash, value)
    ownBytes += value?.length ?? 0
  }
  const item = itemOfRecord(record, large)
  const links = item === undefined ? linksOfRecord(record) : linksOfItem(item)
  return { record, large, ownBytes, links, size: undefined }
}

function measure(stored: StoredRecord, records: Records, depth: number): Size {
  if (depth > MAX_LOAD_DEPTH || stored.size === 'being measured') throw tooDeep()
  if (stored.size !== undefined) return stored.size
  stored.size = 'being measured'
  let bytes = stored.ownBytes
  let links = stored.links.length
  for (const id of stored.links) {
    const linked = measure(requireRecord(id, records), records, depth + 1)
    bytes += linked.bytes
    links += linked.links
  }
  if (links > MAX_LOADED_LINKS) throw tooManyLinks()
  const size = { bytes, links }
  stored.size = size
  return size
}

function build({ record, large }: StoredRecord, records: Records): Message | List {
  return inline(buildRecord(record, large), records) as Message | List
}

/** The value with what its links stand for. */
function inline(value: Value, records: Records): Value {
  if (value instanceof Link) return build(requireRecord(value.id, records), records)
  if (isList(value)) return value.map((item) => inline(item, records))
  if (!(value instanceof Message)) return value
  const changed: [string, Value][] = []
  for (const [key, item] of value) {
    const inlined = inline(item, records)
    if (inlined !== item) changed.push([key, inlined])
  }
  return changed.length === 0 ? value : value.with(changed)
}

function requireRecord(id: string, records: Records): StoredRecord {
  const stored = records.get(id)
  if (stored === undefined) throw missingLink(id)
  return stored
}

function asMessage(value: Message | List): Message {
  return isList(value) ? numberedList(value) : value
}
