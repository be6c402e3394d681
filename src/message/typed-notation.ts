/**
 * A JSON notation that loses no type: `{"t": TYPE, "v": VALUE}` with `bin`, `bin64`, `int`, `float`,
 * `atom`, `list`, `map` and `link`. For golden files, logs and tests; no wire format.
 */
import { toBinary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeBase64, encodeBase64 } from '../crypto/base64url.ts'
import { commitmentsToMessage, takeCommitments } from './commitment-map.ts'
import { decodeValue, parseInteger } from './decode-value.ts'
import { formatShortFloat } from './float.ts'
import { Message } from './message.ts'
import { Atom, Float, isInteger, isList, Link, type Value } from './value.ts'

export type TypedJson =
  | { readonly t: 'bin' | 'bin64' | 'int' | 'float' | 'atom'; readonly v: string }
  | { readonly t: 'list'; readonly v: readonly TypedJson[] }
  | { readonly t: 'map'; readonly v: Readonly<Record<string, TypedJson>> }
  | { readonly t: 'link'; readonly v: string; readonly type?: string; readonly lazy?: boolean }

/** Prefixes of keys that are no plain text; a plain key with such a prefix is written in base64. */
const KEY_PREFIXES = ['b64:', 'int:', 'atom:']

/**
 * The value of a notation; the key `commitments` of a map becomes the message's commitments.
 * @throws AoError `invalid-encoding` for anything else than the notation, `invalid-key` for two keys
 * that are the same text, `invalid-commitment`.
 */
export function parseTyped(json: unknown): Value {
  if (!isRecord(json)) throw invalid('an object with t and v')
  const { t, v } = json
  if (t === 'list') return parseItems(v)
  if (t === 'map') return parseMap(v)
  if (typeof v !== 'string') throw invalid('the text v')
  if (t === 'link') return parseLink(v, json)
  return parseScalar(t, v)
}

/** The notation of a value. */
export function formatTyped(value: Value): TypedJson {
  return formatWith(value, formatKey)
}

/**
 * The same, but keys stay in their order: JavaScript puts members that are numbers first, so these
 * are written in another way.
 */
export function formatOrdered(value: Value): TypedJson {
  return formatWith(value, (key) => (/^\d{1,16}$/.test(key) ? `int:${key}` : formatKey(key)))
}

type FormatKey = (key: string) => string

function formatWith(value: Value, keyOf: FormatKey): TypedJson {
  if (value instanceof Message) return formatMap(value, keyOf)
  if (isList(value)) return { t: 'list', v: value.map((item) => formatWith(item, keyOf)) }
  if (typeof value === 'string') return { t: 'bin', v: value }
  if (value instanceof Uint8Array) return formatBytes(value)
  if (isInteger(value)) return { t: 'int', v: value.toString() }
  if (value instanceof Float) return { t: 'float', v: formatShortFloat(value.value) }
  if (value instanceof Atom) return { t: 'atom', v: value.name }
  if (value instanceof Link) return { t: 'link', v: value.id, type: value.type, lazy: value.lazy }
  throw new AoError('invalid-value', 'Expected a value of a message', { type: typeof value })
}

function parseItems(items: unknown): Value[] {
  if (!Array.isArray(items)) throw invalid('the list v')
  return items.map(parseTyped)
}

function parseMap(map: unknown): Message {
  if (!isRecord(map)) throw invalid('the object v')
  const entries = new Map<string, Value>()
  for (const [written, json] of Object.entries(map)) {
    const key = parseKey(written)
    if (entries.has(key)) throw new AoError('invalid-key', 'Expected each key once', { key })
    entries.set(key, parseTyped(json))
  }
  const commitments = takeCommitments(entries)
  return new Message(entries, commitments)
}

function parseKey(written: string): string {
  if (written.startsWith('int:') || written.startsWith('atom:')) {
    return written.slice(written.indexOf(':') + 1)
  }
  if (!written.startsWith('b64:')) return written
  const key = toText(decodeBase64(written.slice('b64:'.length)))
  if (key === undefined) throw new AoError('invalid-key', 'Expected a key of UTF-8 text')
  return key
}

function parseScalar(type: unknown, text: string): Value {
  switch (type) {
    case 'bin':
      return text
    case 'bin64':
      return toBinary(decodeBase64(text))
    case 'int':
      return parseInteger(text)
    case 'float':
      return decodeValue('float', text)
    case 'atom':
      return new Atom(text)
    default:
      throw invalid('t to be bin, bin64, int, float, atom, list, map or link')
  }
}

function parseLink(id: string, { type, lazy }: Readonly<Record<string, unknown>>): Link {
  return new Link(id, { ...(typeof type === 'string' ? { type } : {}), lazy: lazy === true })
}

function formatMap(message: Message, keyOf: FormatKey): TypedJson {
  const entries: [string, TypedJson][] = []
  for (const [key, value] of message) entries.push([keyOf(key), formatWith(value, keyOf)])
  if (message.commitments.size > 0) {
    entries.push(['commitments', formatWith(commitmentsToMessage(message.commitments), keyOf)])
  }
  return { t: 'map', v: Object.fromEntries(entries) }
}

function formatKey(key: string): string {
  const isPlain = KEY_PREFIXES.every((prefix) => !key.startsWith(prefix))
  return isPlain ? key : `b64:${encodeBase64(Buffer.from(key))}`
}

function formatBytes(bytes: Uint8Array): TypedJson {
  const text = toText(bytes)
  return text === undefined ? { t: 'bin64', v: encodeBase64(bytes) } : { t: 'bin', v: text }
}

function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected ${expected} in the typed notation`)
}
