/**
 * Messages from plain JavaScript data: the strict way in for what code, and not a wire format,
 * writes. What the protocol could not give back as it was written is refused here.
 */
import { AoError } from '../base/errors.ts'
import { takeCommitments } from './commitment-map.ts'
import { isPrivateKey, LINK_SUFFIX, MAX_DEPTH, normalizeKey, TYPES_KEY } from './keys.ts'
import { Message } from './message.ts'
import { Atom, Float, isBinary, isList, Link, type Value } from './value.ts'

/** A plain object, or a map whose keys may also be integers and atoms. */
export type MessageInput = Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>

/** Characters that the types of a level cannot name for HyperBEAM's readers. */
const UNTYPABLE = ['/', '?', '&']

/**
 * A message of plain data: whole numbers are integers, others floats (`new Float(1)` for 1.0),
 * booleans and null atoms, nested objects messages, arrays lists. The key `commitments` becomes the
 * message's commitments.
 * @throws AoError `invalid-key`, `invalid-value`, `invalid-message`, `invalid-commitment`.
 *
 * @example
 * createMessage({ action: 'Eval', slot: 3, tags: ['a', 'b'] })
 */
export function createMessage(input: MessageInput): Message {
  return messageOf(input, 0)
}

function messageOf(input: MessageInput, depth: number): Message {
  if (depth > MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'Expected data with fewer levels, and no circle', {
      limit: MAX_DEPTH,
    })
  }
  const entries = new Map<string, Value>()
  for (const [name, item] of input instanceof Map ? input : Object.entries(input)) {
    const key = requireKey(name)
    if (entries.has(key)) throw new AoError('invalid-key', 'Expected each key once', { key })
    entries.set(key, toValue(item, { key, depth }))
  }
  const commitments = takeCommitments(entries)
  assertConsistent(entries)
  return new Message(entries, commitments)
}

/** Where a value stands: for errors, and to end circles. */
interface Place {
  readonly key: string
  readonly depth: number
}

function toValue(item: unknown, place: Place): Value {
  if (typeof item === 'string') return requireText(item, place)
  if (typeof item === 'number') return numberValue(item, place)
  if (typeof item === 'bigint' || isBinary(item)) return item
  if (typeof item === 'boolean') return item ? Atom.true : Atom.false
  if (item === null) return Atom.null
  if (item instanceof Float && Number.isFinite(item.value)) return item
  if (item instanceof Atom || item instanceof Link || item instanceof Message) return item
  if (isList(item)) return itemsOf(item, place)
  if (item instanceof Map || isPlainObject(item)) return messageOf(item, place.depth + 1)
  throw new AoError(
    'invalid-value',
    'Expected text, bytes, a finite number, bigint, boolean, null, array or plain object; leave absent keys out',
    { key: place.key, type: typeof item },
  )
}

function itemsOf(items: readonly unknown[], { key, depth }: Place): Value[] {
  if (depth >= MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'Expected data with fewer levels, and no circle', { key })
  }
  return Array.from(items, (item) => toValue(item, { key, depth: depth + 1 }))
}

function numberValue(number: number, { key }: Place): Value {
  if (Number.isSafeInteger(number)) return number + 0
  if (Number.isFinite(number) && !Number.isInteger(number)) return new Float(number)
  throw new AoError(
    'invalid-value',
    'Expected a safe integer or a fraction; use a bigint or a Float for larger numbers',
    { key, value: String(number) },
  )
}

function requireText(text: string, { key }: Place): string {
  if (text.isWellFormed()) return text
  throw new AoError('invalid-value', 'Expected well-formed Unicode; use bytes for other data', {
    key,
  })
}

function isPlainObject(item: unknown): item is Readonly<Record<string, unknown>> {
  if (typeof item !== 'object' || item === null) return false
  const prototype: unknown = Object.getPrototypeOf(item)
  return prototype === null || prototype === Object.prototype
}

function requireKey(name: unknown): string {
  const key = normalizeKey(name)
  if (!key.isWellFormed()) throw refusedKey(key, 'well-formed Unicode')
  if (isPrivateKey(key)) throw refusedKey(key, 'a name that does not start with priv')
  if (key === 'signature' || key === 'signature-input') {
    throw refusedKey(key, 'no header of a signature; use commitments')
  }
  if (key.includes('%')) throw refusedKey(key, 'no %, which starts an escape')
  return key
}

function assertConsistent(entries: ReadonlyMap<string, Value>): void {
  let hasTypes = false
  for (const [key, value] of entries) {
    if (entries.has(key + LINK_SUFFIX)) throw refusedKey(key, 'the key or its +link form, not both')
    if (isBinary(value) || value instanceof Message || value instanceof Link || isList(value))
      continue
    hasTypes = true
    if (key === '' || key.startsWith('.') || UNTYPABLE.some((char) => key.includes(char))) {
      throw refusedKey(key, 'a binary value, or a name without / ? & and with no . in front')
    }
  }
  if (hasTypes && entries.has(TYPES_KEY)) throw refusedKey(TYPES_KEY, 'it only beside binaries')
}

function refusedKey(key: string, expected: string): AoError {
  return new AoError('invalid-key', `Expected a key with ${expected}`, { key })
}
