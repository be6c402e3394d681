/**
 * Typed message to TABM (structured@1.0). How a nested message becomes an id is the caller's: ids
 * are computed over TABMs, so `id.ts` stands on this file and `structured.ts` on both.
 */
import type { Binary } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { formatAoTypes } from './ao-types.ts'
import { formatFloat } from './float.ts'
import {
  isPrivateKey,
  isRegenerableKey,
  LINK_SUFFIX,
  linkedKey,
  MAX_DEPTH,
  TYPES_KEY,
} from './keys.ts'
import { Message } from './message.ts'
import type { Tabm } from './tabm.ts'
import { Atom, Float, isBinary, isInteger, isList, Link, type List, type Value } from './value.ts'

/**
 * The id under which a parent links a nested message or list. The TABM of the child is made on
 * demand: the id of a message with commitments is theirs.
 */
export type ChildId = (child: Message | List, encode: () => Tabm) => string

/**
 * The TABM of a message or list. A message whose values are all binaries is returned as it is.
 * Private and regenerable keys are dropped; commitments and the private part are passed on.
 * @param childId when given, nested messages and lists become `key+link`, else they stay inline.
 * @throws AoError `invalid-message` for keys that contradict each other (`ao-types` beside typed
 * values, `key` beside `key+link`), `invalid-key`, `invalid-value`, `limit-exceeded`.
 */
export function encodeTabm(value: Message | List, childId?: ChildId): Tabm {
  return encodeNested(value, { childId, depth: 0, types: 'all' }) as Tabm
}

/**
 * The same, but only atoms become text with a type (`encode-types` = `atom`): for formats that have
 * numbers and lists. A list without an atom or link among its items stays a list.
 * @throws AoError see `encodeTabm`.
 */
export function encodeAtoms(value: Message | List, childId?: ChildId): Message | List {
  return encodeNested(value, { childId, depth: 0, types: 'atom' })
}

interface Scope {
  readonly childId: ChildId | undefined
  readonly depth: number
  readonly types: 'all' | 'atom'
}

/** One level under construction. */
interface Level {
  readonly entries: Map<string, Value>
  readonly types: [key: string, type: string][]
  /** Keys whose +link form was set. */
  readonly linked: string[]
  readonly scope: Scope
}

function encodeNested(value: Message | List, scope: Scope): Message | List {
  if (scope.depth > MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'Expected a message with fewer levels', {
      limit: MAX_DEPTH,
    })
  }
  if (isList(value)) return encodeList(value, scope)
  if (isEncoded(value, scope)) return value
  const level: Level = { entries: new Map(), types: [], linked: [], scope }
  for (const key of value.keys()) addEntry(level, key, value.get(key) as Value)
  return finishLevel(level, value)
}

/** Whether nothing of a message has to be changed, which most messages on the wire are. */
function isEncoded(message: Message, scope: Scope): boolean {
  for (const key of message.keys()) {
    const value = message.get(key) as Value
    if (!isBinary(value) && !(isAlike(value, scope) && key !== TYPES_KEY)) return false
    if (isPrivateKey(key) || isRegenerableKey(key) || key === 'commitments') return false
    const base = linkedKey(key)
    if (base !== undefined && (!isBinary(value) || message.has(base))) return false
  }
  return true
}

/** Whether a value that is no binary is the same in a format that has numbers and lists. */
function isAlike(value: Value, { types, childId, depth }: Scope): boolean {
  if (types === 'all') return false
  if (isInteger(value)) return true
  if (!isList(value) || childId !== undefined || depth >= MAX_DEPTH) return false
  return value.every((item) => isBinary(item) || isInteger(item))
}

function encodeList(items: List, scope: Scope): Message | List {
  const level: Level = { entries: new Map(), types: [], linked: [], scope }
  let index = 0
  for (const item of items) addValue(level, (++index).toString(), item)
  if (scope.types === 'atom' && level.types.length + level.linked.length === 0) {
    return [...level.entries.values()]
  }
  level.types.push(['.', 'list'])
  return finishLevel(level)
}

function finishLevel({ entries, types, linked }: Level, source?: Message): Message {
  for (const key of linked) if (entries.has(key)) throw bothForms(key)
  if (types.length > 0) {
    if (entries.has(TYPES_KEY)) throw ownTypes()
    entries.set(TYPES_KEY, formatAoTypes(types))
  }
  return Message.owning(entries, source?.commitments, source?.priv)
}

function addEntry(level: Level, key: string, value: Value): void {
  if (isPrivateKey(key)) return
  if (key === 'commitments') {
    throw new AoError(
      'invalid-key',
      'Expected commitments beside the keys of a message, not among them',
    )
  }
  if (key === TYPES_KEY && !isBinary(value)) throw ownTypes()
  if (isRegenerableKey(key) && (level.scope.childId === undefined || !isNested(value))) return
  const base = linkedKey(key)
  if (base === undefined) {
    addValue(level, key, value)
  } else if (isBinary(value)) {
    setLink(level, base, value)
  } else {
    throw new AoError('invalid-value', 'Expected an id under a key that ends in +link', { key })
  }
}

function addValue(level: Level, key: string, value: Value): void {
  if (isBinary(value)) {
    level.entries.set(key, value)
  } else if (isNested(value)) {
    addNested(level, key, value)
  } else if (value instanceof Link) {
    setLink(level, key, linkText(key, value))
  } else {
    addScalar(level, key, value)
  }
}

function addNested(level: Level, key: string, value: Message | List): void {
  const { childId, depth, types } = level.scope
  if (childId === undefined) {
    level.entries.set(key, encodeNested(value, { childId, depth: depth + 1, types }))
  } else {
    const encode = (): Tabm =>
      encodeNested(value, { childId, depth: depth + 1, types: 'all' }) as Tabm
    setLink(level, key, childId(value, encode))
  }
}

/** Refuses `key` beside `key+link`: a reader could take only one of them. */
function setLink({ entries, linked }: Level, key: string, id: Binary): void {
  const linkKey = key + LINK_SUFFIX
  if (entries.has(linkKey)) throw bothForms(key)
  entries.set(linkKey, id)
  linked.push(key)
}

function linkText(key: string, link: Link): Binary {
  if (!link.lazy && link.type === 'link') return link.id
  throw new AoError('unencodable', 'Expected a loaded value; load lazy links before encoding', {
    key,
  })
}

function addScalar({ entries, types, scope }: Level, key: string, value: Value): void {
  const { type, text } = encodeScalar(value, key)
  if (scope.types === 'atom' && type !== 'atom') {
    entries.set(key, value)
    return
  }
  if (key === '.') {
    throw new AoError(
      'invalid-key',
      'Expected a binary under the key ".", whose type is that of the level',
    )
  }
  types.push([key, type])
  entries.set(key, text)
}

function bothForms(key: string): AoError {
  return new AoError('invalid-message', 'Expected a key or its +link form, got both', { key })
}

function isNested(value: Value): value is Message | List {
  return value instanceof Message || isList(value)
}

/**
 * The type and text of an integer, float or atom.
 * @throws AoError `invalid-value` for every other value, naming the key that it stands under.
 */
export function encodeScalar(value: Value, key = ''): { type: string; text: string } {
  if (isInteger(value)) return { type: 'integer', text: value.toString() }
  if (value instanceof Float) return { type: 'float', text: formatFloat(value.value) }
  if (value instanceof Atom) return { type: 'atom', text: value.name }
  throw new AoError(
    'invalid-value',
    'Expected a binary, a safe integer or bigint, a Float, an Atom, a Link, a list or a Message',
    { key, type: typeof value },
  )
}

function ownTypes(): AoError {
  return new AoError(
    'invalid-message',
    'Expected typed values or an ao-types text of your own, got both',
  )
}
