/** Keys beside a path and in it: their types (`slot+integer`), and the step they are for (`2.slot`). */
import { type Binary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeValue } from '../message/decode-value.ts'
import type { Message } from '../message/message.ts'
import { parseItem } from '../message/structured-fields.ts'
import { Atom, isBinary, type Value } from '../message/value.ts'
import type { PathScope } from './path-scope.ts'
import { type StepKeys, type StepValue, SubPath } from './path-step.ts'
import { cut, unquote } from './split.ts'

const TYPES: ReadonlySet<string> = new Set(['integer', 'float', 'atom', 'list', 'map', 'resolve'])

export interface NamedValue {
  /** With its type, if it has one. */
  readonly name: string
  readonly value: StepValue
}

export interface PathKeys {
  readonly globals: StepKeys
  readonly scoped: ReadonlyMap<number, StepKeys>
}

/**
 * The keys of a request and of its query, sorted by the step they are for. The query beats the
 * request, and a typed key one without a type.
 * @throws AoError `invalid-path` for a value that is not of its type, an unknown type or step.
 */
export function readKeys(
  request: Message,
  query: readonly [name: string, value: Binary | undefined][],
  scope: PathScope,
): PathKeys {
  const places: Places = { globals: new Map(), scoped: new Map() }
  for (const name of request.keys()) {
    const value = request.get(name) ?? ''
    if (!SAYS_MORE.test(name) && name !== 'path') places.globals.set(name, value)
    else {
      const key = isTyped(name, value) ? readKey({ name, value }, scope) : { name, value }
      place(places, key, { isQuery: false })
    }
  }
  if (query.length > 0) readQuery(places, query, scope)
  return places
}

/** Names that may have a type, or the number of a step. */
const SAYS_MORE = /[+ .]/

function readQuery(
  places: Places,
  query: readonly [name: string, value: Binary | undefined][],
  scope: PathScope,
): void {
  const pairs = query.map(([name, value]) => queryPair(name, value))
  for (const pair of pairs.filter(isPlain)) place(places, pair, { isQuery: true })
  for (const pair of pairs) {
    if (!isPlain(pair)) place(places, readKey(pair, scope), { isQuery: true })
  }
}

/**
 * A key without its type, its value of that type; `undefined` when the key counts as not given.
 * @throws AoError `invalid-path`
 */
export function readKey({ name, value }: NamedValue, scope: PathScope): NamedValue | undefined {
  const { head, separator, rest } = cut(name, '+ ')
  if (head === '') throw new AoError('invalid-path', 'Expected the name of a key before its value')
  if (separator === undefined) return { name, value }
  const text = value instanceof SubPath || !isBinary(value) ? undefined : toText(value)
  if (text === undefined) {
    throw new AoError('invalid-path', 'Expected text as the value of a key with a type', { name })
  }
  const type = rest.toLowerCase()
  if (type === 'resolve') return { name: head, value: scope.subPath(text) }
  const typed = typedValue(type, withoutQuotes(text))
  return typed === undefined ? undefined : { name: head, value: typed }
}

/**
 * Whether a key of the request itself has a type. Only known ones count: a tag of a data item may
 * have any name.
 */
function isTyped(name: string, value: Value): boolean {
  if (!name.includes('+') && !name.includes(' ')) return false
  const { separator, rest } = cut(name, '+ ')
  return separator !== undefined && isBinary(value) && TYPES.has(rest.toLowerCase())
}

function isPlain({ name }: NamedValue): boolean {
  return cut(name, '+ ').separator === undefined
}

/** A name without a value is true. */
function queryPair(name: string, value: Binary | undefined): NamedValue {
  if (value === undefined) return { name, value: Atom.true }
  return { name, value: typeof value === 'string' ? unquote(value) : value }
}

/**
 * @NOTE An item of another kind as an integer (`slot+integer=abc`) leaves the key out, as in
 * HyperBEAM, where the parsed item that is no integer vanishes with the next encoding.
 */
function typedValue(type: string, text: string): Value | undefined {
  if (!TYPES.has(type)) {
    throw new AoError('invalid-path', 'Expected a type: integer, float, atom, list, map, resolve', {
      type: type.slice(0, 32),
    })
  }
  try {
    return decodeValue(type, text)
  } catch (cause) {
    if (type === 'integer' && isItem(text)) return undefined
    throw new AoError('invalid-path', `Expected a value of type ${type}`, { type }, cause)
  }
}

function isItem(text: string): boolean {
  try {
    return parseItem(text).bare.kind !== 'integer'
  } catch {
    return false
  }
}

/** `\"` stands for a quote; a bare one only held the value together. */
function withoutQuotes(text: string): string {
  return text.includes('"') ? text.replaceAll(/\\?"/g, (quote) => quote.slice(1)) : text
}

interface Places {
  readonly globals: Map<string, StepValue>
  readonly scoped: Map<number, Map<string, StepValue>>
}

/** `N.key` is for step N, the base being 0; a key with no dot, or more than one, is for all. */
function place(
  { globals, scoped }: Places,
  named: NamedValue | undefined,
  { isQuery }: { readonly isQuery: boolean },
): void {
  if (named === undefined || named.name === 'path') return
  const { name, value } = named
  if (!name.includes('.')) {
    globals.set(name, value)
    return
  }
  const [front = '', key, ...more] = name.split('.')
  if (key === undefined || more.length > 0) {
    globals.set(name, value)
  } else if (STEP.test(front)) {
    const index = Number(front)
    const keys = scoped.get(index) ?? new Map<string, StepValue>()
    scoped.set(index, keys.set(key, value))
  } else if (isQuery) {
    throw new AoError('invalid-path', 'Expected the number of a step before the dot in a key', {
      key: name.slice(0, 64),
    })
  } else globals.set(name, value)
}

const STEP = /^[+-]?0+$|^\+?\d+$/
