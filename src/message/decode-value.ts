/** Text of one typed value to the value, as structured@1.0 reads it. */
import { type Binary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { itemText } from './ao-types.ts'
import { parseFloatText } from './float.ts'
import { Message } from './message.ts'
import {
  type BareItem,
  type Member,
  parseDictionary,
  parseItem,
  parseList,
} from './structured-fields.ts'
import { Atom, Float, type Integer, type List, type Value } from './value.ts'

/** Integers up to this many digits are JS numbers, longer ones bigints. */
const NUMBER_DIGITS = 15

/** Longer integers are refused: the time that it takes to read one grows faster than its length. */
const INTEGER_DIGITS_LIMIT = 4096

/**
 * The value that a text of a type means: `integer`, `float`, `atom`, and the compact forms of `list`
 * and `map`. Integers may have 4096 digits, far more than HyperBEAM's 15, and atoms any name.
 * @throws AoError `invalid-encoding` when the text is not of the type, or the type is unknown.
 */
export function decodeValue(type: string, binary: Binary): Value {
  const text = toText(binary)
  if (text === undefined) throw malformed(type, binary.length)
  switch (type) {
    case 'integer':
      return parseInteger(text)
    case 'float':
      return new Float(parseFloatText(text))
    case 'atom':
      return parseAtom(text)
    case 'list':
      return parseCompactList(text)
    case 'map':
      return parseCompactMap(text)
    default:
      throw malformed(type, text.length)
  }
}

/**
 * An integer of up to 4096 digits; parameters after it (`5;a=1`) are ignored.
 * @throws AoError `invalid-encoding`, `limit-exceeded`
 */
export function parseInteger(text: string): Integer {
  const end = endOfInteger(text)
  if (end < text.length) parseItem(`0${text.slice(end)}`)
  const digits = end < text.length ? text.slice(0, end) : text
  if (digits.length > INTEGER_DIGITS_LIMIT) {
    throw new AoError('limit-exceeded', 'Expected an integer of fewer digits', {
      limit: INTEGER_DIGITS_LIMIT,
      length: digits.length,
    })
  }
  // Adding zero turns -0 into 0: integers have no negative zero.
  return digits.length <= NUMBER_DIGITS ? Number(digits) + 0 : narrow(BigInt(digits))
}

/** A bigint as a JS number where that is exact: one form for each integer. */
function narrow(value: bigint): Integer {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function endOfInteger(text: string): number {
  let end = text.charCodeAt(0) === 0x2d ? 1 : 0
  const start = end
  for (let code = text.charCodeAt(end); code >= 0x30 && code <= 0x39; code = text.charCodeAt(end)) {
    end++
  }
  if (end === start || (end < text.length && text.charCodeAt(end) !== 0x3b)) {
    throw malformed('integer', text.length)
  }
  return end
}

/** The name in a token, string or byte sequence; any other text is the name itself. */
function parseAtom(text: string): Atom {
  switch (text) {
    case 'true':
      return Atom.true
    case 'false':
      return Atom.false
    case 'null':
      return Atom.null
    default:
      return new Atom(itemName(text) ?? text)
  }
}

function itemName(text: string): string | undefined {
  const first = text[0]
  if (first !== '"' && first !== ':' && !text.includes(';')) return undefined
  try {
    return itemText(parseItem(text).bare)
  } catch {
    return undefined
  }
}

function parseCompactList(text: string): List {
  return parseList(text).map(memberValue)
}

function parseCompactMap(text: string): Message {
  const entries = new Map<string, Value>()
  for (const [key, member] of parseDictionary(text)) {
    if (member.kind === 'item') entries.set(key, bareValue(member.bare))
    else throw malformed('map', text.length)
  }
  return new Message(entries)
}

/** Items of a list; the string `(ao-type-T) V` is the text V of type T, an older form. */
function memberValue(member: Member): Value {
  if (member.kind !== 'item') throw malformed('list', member.items.length)
  const { bare } = member
  if (bare.kind !== 'string' || !bare.value.startsWith('(ao-type-')) return bareValue(bare)
  const end = bare.value.indexOf(') ')
  if (end < 0) throw malformed('list', bare.value.length)
  return decodeValue(
    bare.value.slice('(ao-type-'.length, end).toLowerCase(),
    bare.value.slice(end + 2),
  )
}

function bareValue(bare: BareItem): Value {
  switch (bare.kind) {
    case 'decimal':
      return new Float(bare.value)
    case 'boolean':
      return bare.value ? Atom.true : Atom.false
    case 'token':
      return new Atom(bare.value)
    case 'bytes':
      return toText(bare.value) ?? bare.value
    case 'string':
    case 'integer':
      return bare.value
  }
}

function malformed(type: string, length: number): AoError {
  return new AoError('invalid-encoding', `Expected a value of type ${type.slice(0, 32)}`, {
    type,
    length,
  })
}
