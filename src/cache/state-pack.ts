/**
 * States of a process as bytes: each either whole, or as what changed since the state before. Values
 * keep their types and messages the order of their keys, so that a state that is read is the state
 * that was written. Messages are immutable, so that parts that are the same object did not change.
 */
import { Packr } from 'msgpackr'
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { Atom, Float, isBinary, isList, Link, type Value } from '../message/value.ts'
import { packMessage, unpackMessage } from './packed-message.ts'

const VERSION = 1
const MAX_DEPTH = 128

/** Strings, bytes and safe integers stand for themselves; all else is an array with a word first. */
type Plain = string | Uint8Array | number | readonly [word: string, ...rest: unknown[]]

const packr = new Packr({ useRecords: false, variableMapSize: true })

/** The bytes of a state; with the state before only its changes. */
export function packState(state: Message, before?: Message): Uint8Array {
  const plain = before === undefined ? plainValue(state, 0) : changedValue(before, state, 0)
  return packr.pack([VERSION, plain])
}

/** Whether the bytes hold a whole state. @throws AoError `store-failed` */
export function isWholeState(bytes: Uint8Array): boolean {
  return wordOf(unpack(bytes)) !== 'change'
}

/**
 * The state in these bytes; where they hold changes only, applied to the state before.
 * @throws AoError `store-failed` for other bytes, or without the state before.
 */
export async function unpackState(bytes: Uint8Array, before?: Message): Promise<Message> {
  const state = await readValue(unpack(bytes), before)
  if (state instanceof Message) return state
  throw corrupted()
}

function plainValue(value: Value, depth: number): Plain {
  if (depth > MAX_DEPTH) {
    throw new AoError('limit-exceeded', 'The state is nested too deeply to be stored', {
      limit: MAX_DEPTH,
    })
  }
  if (isBinary(value) || typeof value === 'number') return value
  if (typeof value === 'bigint') return ['integer', value.toString()]
  if (value instanceof Float) return ['float', packedNumber(value.value)]
  if (value instanceof Atom) return ['atom', value.name]
  if (value instanceof Link) return ['link', value.id, value.type, value.lazy]
  if (isList(value)) return ['list', ...value.map((item) => plainValue(item, depth + 1))]
  if (value.commitments.size > 0) return ['signed', packMessage(value)]
  return ['map', ...[...value].map(([key, item]) => [key, plainValue(item, depth + 1)])]
}

/** As a text where the packing of a number would lose its sign. */
function packedNumber(value: number): number | string {
  return Object.is(value, -0) ? '-0' : value
}

function changedValue(before: Value, value: Value, depth: number): Plain {
  const canChange = isPlainMessage(before) && isPlainMessage(value) && depth < MAX_DEPTH
  if (!canChange || !keepsOrder(before, value)) return plainValue(value, depth)
  const removed = [...before.keys()].filter((key) => !value.has(key))
  const changed: [string, Plain][] = []
  for (const [key, item] of value) {
    const old = before.get(key)
    if (old === item) continue
    changed.push([
      key,
      old === undefined ? plainValue(item, depth + 1) : changedValue(old, item, depth + 1),
    ])
  }
  return ['change', removed, changed]
}

function isPlainMessage(value: Value): value is Message {
  return value instanceof Message && value.commitments.size === 0
}

/** Whether removing keys from a message and then setting others gives the keys in their order. */
function keepsOrder(before: Message, after: Message): boolean {
  const kept = [...before.keys()].filter((key) => after.has(key))
  const added = [...after.keys()].filter((key) => !before.has(key))
  let at = 0
  for (const key of after.keys()) {
    const expected = at < kept.length ? kept[at] : added[at - kept.length]
    if (key !== expected) return false
    at++
  }
  return true
}

/** A promise only where a signed message is in it: states may have very many values. */
function readValue(plain: Plain, before: Value | undefined): Value | Promise<Value> {
  if (typeof plain === 'string' || typeof plain === 'number') return plain
  if (plain instanceof Uint8Array) return plain
  const [word, ...rest] = plain
  switch (word) {
    case 'integer':
      return BigInt(rest[0] as string)
    case 'float':
      return new Float(Number(rest[0]))
    case 'atom':
      return new Atom(rest[0] as string)
    case 'link':
      return new Link(rest[0] as string, { type: rest[1] as string, lazy: rest[2] as boolean })
    case 'list':
      return all(rest.map((item) => readValue(item as Plain, undefined)))
    case 'signed':
      return unpackMessage(rest[0] as Uint8Array)
    case 'map':
      return readEntries(rest as PlainEntry[], undefined)
    case 'change':
      return readChange(rest as [string[], PlainEntry[]], before)
    default:
      throw corrupted()
  }
}

type PlainEntry = readonly [key: string, value: Plain]

function readEntries(
  entries: readonly PlainEntry[],
  before: Message | undefined,
): Message | Promise<Message> {
  const values = all(entries.map(([key, plain]) => readValue(plain, before?.get(key))))
  const build = (read: readonly Value[]): Message => {
    const named = entries.map(([key], index) => [key, read[index] as Value] as const)
    return before === undefined ? new Message(named) : before.with(named)
  }
  return values instanceof Promise ? values.then(build) : build(values)
}

function readChange(
  [removed, changed]: [string[], PlainEntry[]],
  before: Value | undefined,
): Message | Promise<Message> {
  if (!(before instanceof Message)) throw corrupted()
  return readEntries(changed, before.without(...removed))
}

function all(values: (Value | Promise<Value>)[]): Value[] | Promise<Value[]> {
  const isReady = values.every((value) => !(value instanceof Promise))
  return isReady ? (values as Value[]) : Promise.all(values)
}

function wordOf(plain: Plain): unknown {
  return Array.isArray(plain) ? plain[0] : undefined
}

function unpack(bytes: Uint8Array): Plain {
  try {
    const record: unknown = packr.unpack(bytes)
    if (Array.isArray(record) && record[0] === VERSION) return record[1] as Plain
  } catch (cause) {
    throw corrupted(cause)
  }
  throw corrupted()
}

function corrupted(cause?: unknown): AoError {
  return new AoError(
    'store-failed',
    'The state of a process in the store is corrupted, or of a newer version of this node',
    {},
    cause,
  )
}
