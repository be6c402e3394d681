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
export function decodeTabm(value: Tabm | Message): Message | List {
  return decodeLevel(value, 0)
}

/** The same for a list of values that are typed already, whose messages may not be. */
export function decodeItems(items: List, depth = 0): List {
  assertDepth(depth)
  let changed = false
  const decoded = items.map((item) => {
    const value = decodeEntry(item, undefined, depth)
    if (value !== item) changed = true
    return value
  })
  return changed ? decoded : items
}

function decodeLevel(level: Tabm | Message, depth: number): Message | List {
  assertDepth(depth)
  const kind = kindOf(level)
  if (kind === 'plain') return level as Message
  if (kind === 'nested') return decodeChildren(level as Message, depth)
  const types = parseAoTypes(typesOf(level))
  const levelType = types.get('.')
  if (levelType !== undefined && levelType !== 'list') {
    throw new AoError('invalid-encoding', 'Expected the type list, or none, for the level itself', {
      type: levelType,
    })
  }
  const entries = new Map<string, Value>()
  for (const key of level.keys()) {
    if (key === TYPES_KEY) continue
    const base = linkedKey(key)
    const value = level.get(key) as Value
    if (base === undefined) entries.set(key, decodeEntry(value, types.get(key), depth))
    else entries.set(base, decodeLink(level, base, value))
  }
  if (levelType === 'list') return toList(entries)
  return Message.owning(entries, level.commitments, level.priv)
}

/** A level of which nothing but what is nested in it can change. */
function decodeChildren(level: Message, depth: number): Message {
  const changed: [string, Value][] = []
  for (const [key, value] of level) {
    const decoded = decodeEntry(value, undefined, depth)
    if (decoded !== value) changed.push([key, decoded])
  }
  return changed.length === 0 ? level : level.with(changed)
}

/** Whether a level has types or links, or else nested levels, or nothing to decode. */
function kindOf(level: Tabm | Message): 'typed' | 'nested' | 'plain' {
  let kind: 'nested' | 'plain' = 'plain'
  for (const key of level.keys()) {
    if (key === TYPES_KEY || linkedKey(key) !== undefined) return 'typed'
    const value = level.get(key)
    if (value instanceof Message || isList(value)) kind = 'nested'
  }
  return kind
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

function assertDepth(depth: number): void {
  if (depth <= MAX_DEPTH) return
  throw new AoError('limit-exceeded', 'Expected a message with fewer levels', { limit: MAX_DEPTH })
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
