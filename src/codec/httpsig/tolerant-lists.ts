/** Lists as other clients write them, brought into the form that structured@1.0 decodes. */
import { type Binary, toText } from '../../base/bytes.ts'
import { formatAoTypes, parseAoTypes } from '../../message/ao-types.ts'
import { decodeValue } from '../../message/decode-value.ts'
import { TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { isBinary, type List, type Value } from '../../message/value.ts'

const ITEM_TYPE = '(ao-type-'
const NEXT_ITEM = `,${ITEM_TYPE}`

/** Changes the entries of one level in place. */
export function mendLists(
  entries: Map<string, Value>,
  { isForeign }: { readonly isForeign: boolean },
): void {
  const types = entries.get(TYPES_KEY)
  if (isBinary(types) && (toText(types) ?? '').includes('list')) {
    mendTyped(entries, types)
    if (isForeign) mendNumbered(entries, types)
  }
  if (isForeign) for (const [key, value] of entries) mendZeroBased(entries, key, value)
}

function mendTyped(entries: Map<string, Value>, written: Binary): void {
  const types = parseAoTypes(written)
  for (const [key, type] of types) {
    const value = entries.get(key)
    if (type !== 'list' || !isBinary(value)) continue
    const text = toText(value)
    if (text?.startsWith(ITEM_TYPE)) entries.set(key, parseTypedItems(text))
  }
  if (types.get('.') === 'list' && !entries.has('1')) renumber(entries, types)
}

/** aoconnect joins items by commas, without quotes: `(ao-type-binary) a,(ao-type-integer) 1`. */
function parseTypedItems(text: string): List {
  const items: Value[] = []
  for (let start = 0; start >= 0 && start < text.length; ) {
    const next = text.indexOf(NEXT_ITEM, start)
    items.push(parseTypedItem(text.slice(start, next < 0 ? text.length : next)))
    start = next < 0 ? text.length : next + 1
  }
  return items
}

function parseTypedItem(item: string): Value {
  const end = item.indexOf(')')
  const type = item.slice(ITEM_TYPE.length, end < 0 ? undefined : end).toLowerCase()
  const text = item.slice(end + 1 + (item[end + 1] === ' ' ? 1 : 0))
  if (type === 'binary') return text
  return decodeValue(type === 'boolean' ? 'atom' : type, text)
}

/** A list may start at any number; written again it starts at 1. */
function renumber(entries: Map<string, Value>, types: ReadonlyMap<string, string>): void {
  const numbers = [...entries.keys()].filter(isNumber).map(Number)
  const first = numbers.reduce((least, number) => Math.min(least, number), Number.POSITIVE_INFINITY)
  if (numbers.length === 0) return
  const shift = (key: string): string => (isNumber(key) ? `${Number(key) - first + 1}` : key)
  const moved = [...entries]
  entries.clear()
  for (const [key, value] of moved) entries.set(shift(key), value)
  entries.set(
    TYPES_KEY,
    formatAoTypes([...types].map(([key, type]) => [shift(key), type] as [string, string])),
  )
}

/** hbsig types a list of maps where it stands; structured@1.0 does so in the numbered map that it is. */
function mendNumbered(entries: Map<string, Value>, written: Binary): void {
  for (const [key, type] of parseAoTypes(written)) {
    const value = entries.get(key)
    if (type !== 'list' || !(value instanceof Message) || value.commitments.size > 0) continue
    const inner = value.get(TYPES_KEY)
    const types = new Map(parseAoTypes(isBinary(inner) ? inner : undefined))
    const size = value.size - (inner === undefined ? 0 : 1)
    if (!hasNumbers(value, size)) continue
    const typed: [string, Value] = [TYPES_KEY, formatAoTypes([...types.set('.', 'list')])]
    entries.set(key, value.with([typed]))
  }
}

/** Whether a map has the keys 1 to n. */
function hasNumbers(map: Message, size: number): boolean {
  for (let number = 1; number <= size; number++) if (!map.has(`${number}`)) return false
  return size > 0
}

/** aoconnect sends a list of maps as a map of the keys 0 to n-1, without a type. */
function mendZeroBased(entries: Map<string, Value>, key: string, value: Value): void {
  if (!(value instanceof Message) || value.size === 0 || value.commitments.size > 0) return
  const items: Value[] = []
  for (let index = 0; index < value.size; index++) {
    const item = value.get(`${index}`)
    if (item === undefined) return
    items.push(item)
  }
  if (items.some((item) => item instanceof Message)) entries.set(key, items)
}

function isNumber(key: string): boolean {
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return key !== '' && key.length < 16
}
