/** TABM to typed message (structured@1.0). */
import { type Binary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { parseAoTypes } from './ao-types.ts'
import { decodeValue } from './decode-value.ts'
import { isPrivateKey, linkedKey, MAX_DEPTH, TYPES_KEY } from './keys.ts'
import { Message } from './message.ts'
import type { Tabm } from './tabm.ts'
import { isBinary, isList, Link, type List, type Value } from './value.ts'

/**
 * The typed message or list that a TABM means; a level typed `.="list"` is a list. Values that are
 * typed already are kept, so that JSON with `ao-types` decodes by the same rules. A message without
 * types, links and nested levels is returned as it is.
 * @throws AoError `invalid-encoding` for a value that is not of its type, `invalid-message` for
 * `key` beside `key+link` and for a list whose keys are not 1 to n, `limit-exceeded`.
 */
export function decodeTabm(tabm: Tabm | Message): Message | List {
  return decodeLevel(tabm, 0)
}

function decodeLevel(level: Tabm | Message, depth: number): Message | List {
  if (depth > MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'Expected a message with fewer levels', {
      limit: MAX_DEPTH,
    })
  }
  if (isDecoded(level)) return level as Message
  const types = parseAoTypes(typesOf(level))
  const levelType = types.get('.')
  if (levelType !== undefined && levelType !== 'list') {
    throw new AoError('invalid-encoding', 'Expected the type list, or none, for the level itself', {
      type: levelType,
    })
  }
  const entries = new Map<string, Value>()
  for (const [key, value] of level) {
    if (key === TYPES_KEY) continue
    const base = linkedKey(key)
    if (base === undefined) entries.set(key, decodeEntry(value, types.get(key), depth))
    else entries.set(base, decodeLink(level, base, value))
  }
  if (levelType === 'list') return toList(entries)
  return new Message(entries, level.commitments, level.priv)
}

function isDecoded(level: Tabm | Message): boolean {
  for (const [key, value] of level) {
    if (key === TYPES_KEY || linkedKey(key) !== undefined) return false
    if (value instanceof Message || isList(value)) return false
  }
  return true
}

function typesOf(level: Tabm | Message): Binary | undefined {
  const types = level.get(TYPES_KEY)
  if (types === undefined || isBinary(types)) return types
  throw new AoError('invalid-message', 'Expected ao-types to be a text')
}

function decodeEntry(value: Value, type: string | undefined, depth: number): Value {
  if (isBinary(value)) return type === undefined ? value : decodeValue(type, value)
  if (value instanceof Message) return decodeLevel(value, depth + 1)
  return isList(value) ? decodeItems(value, depth + 1) : value
}

function decodeItems(items: List, depth: number): List {
  if (depth > MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'Expected a message with fewer levels', {
      limit: MAX_DEPTH,
    })
  }
  return items.map((item) => decodeEntry(item, undefined, depth))
}

function decodeLink(level: Tabm | Message, key: string, value: Value): Value {
  if (level.has(key)) {
    throw new AoError('invalid-message', 'Expected a key or its +link form, got both', { key })
  }
  if (value instanceof Link) return value
  const id = isBinary(value) ? toText(value) : undefined
  if (id === undefined) {
    throw new AoError('invalid-value', 'Expected an id under a key that ends in +link', { key })
  }
  return new Link(id)
}

/** The values of the keys 1 to n. HyperBEAM also takes lists that start elsewhere; nobody writes them. */
function toList(entries: Map<string, Value>): List {
  const items: Value[] = []
  for (let index = 1; index <= entries.size; index++) {
    const item = entries.get(index.toString())
    if (item === undefined) {
      if (hasPrivateOnly(entries, items.length)) break
      throw new AoError('invalid-message', 'Expected the keys of a list to be 1 to n', {
        missing: index,
      })
    }
    items.push(item)
  }
  return items
}

function hasPrivateOnly(entries: Map<string, Value>, known: number): boolean {
  let count = 0
  for (const key of entries.keys()) if (isPrivateKey(key)) count++
  return count === entries.size - known
}
