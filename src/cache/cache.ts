/**
 * Messages in a store. A message is one record under its signed id (its unsigned id if nobody
 * signed it); every other id it is known by is a link there; nested messages are records of their
 * own, large values lie under their hash. Writes can be taken as a list (`prepareMessage`), so that
 * the scheduler puts an assignment and all that belongs to it into one transaction.
 */
import { ByteLruMap } from '../base/byte-lru-map.ts'
import { isAoError } from '../base/errors.ts'
import { signersOf } from '../message/commitment.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, Link, type List, type Value } from '../message/value.ts'
import type { Store, StoreReader } from '../store/store.ts'
import {
  isStoredId,
  MAX_LOAD_DEPTH,
  MAX_LOADED_LINKS,
  missingLink,
  numberedList,
  tooDeep,
  tooManyLinks,
} from './load-limits.ts'
import { DATA, MESSAGES, prepareMessage } from './prepare.ts'
import { decodeRecord } from './record.ts'

export interface MessageReader {
  /** The message of a record that was read from the store by its path. */
  decode(record: Uint8Array): Promise<Message>
  /**
   * The message known by an id, with the commitments that the id names and its hmac: by its signed
   * id with all, by its unsigned id with none but the hmac. Nested messages are lazy links.
   */
  read(id: string): Promise<Message | undefined>
  /** The same message with every commitment that the store has for it. */
  readCommitted(id: string): Promise<Message | undefined>
  /** The signed id of the message that is known by `id`; `undefined` for an id not in the store. */
  canonicalId(id: string): Promise<string | undefined>
  /** The value at `id/key/sub`, links on the way loaded; the bytes at `data/<hash>`. */
  readPath(path: string): Promise<Value | undefined>
  /** What a link stands for. @throws AoError `link-not-found` when the store does not have it. */
  load(link: Link): Promise<Value>
  /**
   * The message with every link in it, at any depth, replaced by what it stands for.
   * @throws AoError `link-not-found`, and `limit-exceeded` for links deeper than 64.
   */
  loadAll(message: Message): Promise<Message>
}

export interface MessageCache extends MessageReader {
  /**
   * Writes a message and all below it; resolves to its unsigned id when that is durable.
   * Signatures must have been verified (see `prepareMessage`).
   */
  write(message: Message): Promise<string>
}

export function createMessageCache(store: Store): MessageCache {
  return {
    ...createMessageReader(store),
    write: async (message) => {
      const { unsignedId, writes } = prepareMessage(message)
      await store.commit(writes)
      return unsignedId
    },
  }
}

export function createMessageReader(store: StoreReader): MessageReader {
  const kept = new ByteLruMap<string, Message>(KEPT_BYTES)
  const readValue = createRecordReader(store, kept)
  const readCommitted = (id: string): Promise<Message | undefined> =>
    readValue(id).then((value) => (isList(value) ? numberedList(value) : value))
  const load = async (link: Link): Promise<Value> => {
    // A path to `key+link` is one to what that id stands for.
    const value = link.lazy
      ? await reader.readPath(link.id.replace(/\+link$/, ''))
      : await readValue(link.id)
    if (value === undefined) throw missingLink(link.id)
    return value
  }
  const reader: MessageReader = {
    decode: async (record) => {
      const value = await decodeStored(store, record)
      return isList(value) ? numberedList(value) : value
    },
    readCommitted,
    load,
    read: (id) => readCommitted(id).then((message) => message && onlyNamed(message, id)),
    canonicalId: async (id) => {
      if (kept.get(id) !== undefined) return id
      if (!isStoredId(id)) return undefined
      // Every other id is a link to the signed one, so that nothing need be read.
      const path = await store.resolve(`${MESSAGES}/${id}`)
      const isStored = (await store.kindOf(path)) === 'value'
      return isStored ? path.slice(MESSAGES.length + 1) : undefined
    },
    readPath: (path) => readPath(store, reader, path),
    loadAll: (message) => loadMessage(message, bounded(load), 0),
  }
  return reader
}

/**
 * Reads records by id. Signed messages that were read last are kept: processes are read for each
 * request about them. Under the id of all its signatures a message never changes; what other ids
 * name may.
 */
function createRecordReader(store: StoreReader, kept: ByteLruMap<string, Message>) {
  return async (id: string): Promise<Message | List | undefined> => {
    const known = kept.get(id)
    if (known !== undefined || !isStoredId(id)) return known
    const bytes = await store.get(`${MESSAGES}/${id}`)
    if (bytes === undefined) return undefined
    let isLarge = false
    const value = await decodeRecord(bytes, (hash) => {
      isLarge = true
      return store.get(`${DATA}/${hash}`)
    })
    if (!isLarge && isNamedBySigners(value, id))
      kept.set(id, value, ENTRY_BYTES + bytes.length * IN_MEMORY)
    return value
  }
}

const KEPT_BYTES = 8 * 1_024 * 1_024
/** What an entry takes besides, and how much more a message takes than its record. */
const ENTRY_BYTES = 1_024
const IN_MEMORY = 3

function isNamedBySigners(value: Message | List, id: string): value is Message {
  if (!(value instanceof Message) || messageId(value, 'all') !== id) return false
  return signersOf(value).length > 0
}

function decodeStored(store: StoreReader, record: Uint8Array): Promise<Message | List> {
  return decodeRecord(record, (hash) => store.get(`${DATA}/${hash}`))
}

/** The commitments that an id names: all for id(all), else the one of that id; always the hmac. */
function onlyNamed(message: Message, id: string): Message {
  if (messageId(message, 'all') === id) return message
  const named = [...message.commitments].filter(
    ([commitmentId, { committer }]) => commitmentId === id || committer === undefined,
  )
  return message.withCommitments(new Map(named))
}

async function readPath(
  store: StoreReader,
  reader: MessageReader,
  path: string,
): Promise<Value | undefined> {
  const [first = '', ...keys] = path.split('/')
  if (first === DATA) return store.get(`${DATA}/${keys.join('/')}`)
  let value: Value | undefined = await reader.read(first)
  for (const key of keys) {
    const base: Value | undefined = value instanceof Link ? await reader.load(value) : value
    value = valueAt(base, key)
    if (value === undefined) return undefined
  }
  return value instanceof Link ? reader.load(value) : value
}

/** `key+link` gives the id that the link under `key` holds, as the reference's cache does. */
function valueAt(base: Value | undefined, key: string): Value | undefined {
  if (isList(base)) return base[Number(key) - 1]
  if (!(base instanceof Message)) return undefined
  const value = base.get(key)
  if (value !== undefined || !key.endsWith('+link')) return value
  const target = base.get(key.slice(0, -'+link'.length))
  return target instanceof Link ? target.id : undefined
}

type LoadLink = (link: Link) => Promise<Value>

function bounded(load: LoadLink): LoadLink {
  let count = 0
  return (link) => {
    if (++count <= MAX_LOADED_LINKS) return load(link)
    throw tooManyLinks()
  }
}

async function loadMessage(message: Message, load: LoadLink, depth: number): Promise<Message> {
  if (!hasContainer(message)) return message
  let changed = false
  const entries: [string, Value][] = []
  for (const [key, value] of message) {
    const loaded = isContainer(value) ? await loadValue(value, load, depth + 1) : value
    changed ||= loaded !== value
    entries.push([key, loaded])
  }
  return changed ? new Message(entries, message.commitments, message.priv) : message
}

async function loadValue(value: Value, load: LoadLink, depth: number): Promise<Value> {
  if (depth > MAX_LOAD_DEPTH) throw tooDeep()
  if (value instanceof Link) return loadValue(await load(value), load, depth + 1)
  if (value instanceof Message) return loadMessage(value, load, depth)
  if (!isList(value) || !value.some(isContainer)) return value
  return Promise.all(value.map((item) => loadValue(item, load, depth + 1)))
}

function hasContainer(message: Message): boolean {
  for (const key of message.keys()) {
    const value = message.get(key)
    if (value !== undefined && isContainer(value)) return true
  }
  return false
}

function isContainer(value: Value): boolean {
  return value instanceof Link || value instanceof Message || isList(value)
}

/** Whether an error says that something a message links to is missing. */
export function isMissingLink(error: unknown): boolean {
  return isAoError(error, 'link-not-found')
}
