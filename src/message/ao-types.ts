/** `ao-types`: the dictionary in which one level of a TABM keeps the types of its values. */
import { type Binary, compareText, ownText, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { LruMap } from '../base/lru-map.ts'
import { escapeKey, unescapeKey } from './escape.ts'
import { type BareItem, formatBareItem, type Member, parseDictionary } from './structured-fields.ts'

/** Types by key, in lower case; the key `.` types the level itself. */
export type AoTypes = ReadonlyMap<string, string>

const NO_TYPES: AoTypes = new Map()

/**
 * The types that a dictionary names. A type that is neither string, token nor byte sequence stays as
 * its own text, which is no type: it matters only when its key has a value.
 * @throws AoError `invalid-encoding` when the text is no dictionary.
 */
export function parseAoTypes(types: Binary | undefined): AoTypes {
  if (types === undefined || types.length === 0) return NO_TYPES
  const text = toText(types)
  if (text === undefined) throw new AoError('invalid-encoding', 'Expected ao-types to be UTF-8')
  const known = knownTypes.get(text)
  if (known !== undefined) return known
  if (text.length > MAX_KNOWN_LENGTH) return readTypes(text)
  const own = ownText(text)
  const parsed = readTypes(own)
  knownTypes.set(own, parsed)
  return parsed
}

/** Messages of one kind have the same types: those of all assignments are one text. */
const knownTypes = new LruMap<string, AoTypes>(64)
const MAX_KNOWN_LENGTH = 512

function readTypes(text: string): AoTypes {
  const parsed = new Map<string, string>()
  for (const [key, member] of parseDictionary(text, { keys: 'escaped' })) {
    parsed.set(unescapeKey(key), typeName(member).toLowerCase())
  }
  return parsed
}

/** `key="type"` of each pair, sorted by key. Sorts the given array in place. */
export function formatAoTypes(types: TypedKey[]): string {
  sortByKey(types)
  let text = ''
  for (const [key, type] of types) {
    text += `${text === '' ? '' : ', '}${escapeKey(key)}="${type}"`
  }
  return text
}

type TypedKey = [key: string, type: string]

/** Few types, mostly in order, are sorted by moving them: `sort` makes arrays of its own. */
function sortByKey(types: TypedKey[]): void {
  if (types.length > 16) {
    types.sort((left, right) => compareText(left[0], right[0]))
    return
  }
  for (let index = 1; index < types.length; index++) {
    const type = types[index] as TypedKey
    let place = index
    for (let before = types[place - 1]; before !== undefined; before = types[place - 1]) {
      if (compareText(before[0], type[0]) <= 0) break
      types[place--] = before
    }
    types[place] = type
  }
}

function typeName(member: Member): string {
  return member.kind === 'item' ? (itemText(member.bare) ?? formatBareItem(member.bare)) : '()'
}

/** The text of a string, token or byte sequence. */
export function itemText(bare: BareItem): string | undefined {
  if (bare.kind === 'string' || bare.kind === 'token') return bare.value
  return bare.kind === 'bytes' ? toText(bare.value) : undefined
}
