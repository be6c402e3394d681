/**
 * Structured field values for HTTP (RFC 8941, RFC 9651) as HyperBEAM's `hb_structured_fields` reads
 * and writes them: no dates and no display strings, dictionary keys with `%` and capitals, padding
 * of byte sequences required. Texts are scanned by `field-scanner.ts`.
 */
import { AoError } from '../base/errors.ts'
import { encodeBase64 } from '../crypto/base64url.ts'
import { FieldScanner, NO_PARAMETERS } from './field-scanner.ts'
import { assertValueCount } from './value-limit.ts'

export type BareItem =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'token'; readonly value: string }
  /** A whole number of at most 15 digits. */
  | { readonly kind: 'integer'; readonly value: number }
  /** At most 12 digits before and 3 after the point. */
  | { readonly kind: 'decimal'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }

export type Parameters = ReadonlyMap<string, BareItem>

export interface Item {
  readonly kind: 'item'
  readonly bare: BareItem
  readonly parameters: Parameters
}

export interface InnerList {
  readonly kind: 'inner-list'
  readonly items: readonly Item[]
  readonly parameters: Parameters
}

export type Member = Item | InnerList
export type Dictionary = ReadonlyMap<string, Member>

export interface DictionaryOptions {
  /**
   * `strict` (default) takes the keys that HyperBEAM takes; `escaped` also every key that the escape
   * of `ao-types` can give: with `/ ? &`, with `.` in front, empty.
   */
  readonly keys?: 'strict' | 'escaped'
  /**
   * `ascii` (default) refuses strings with other characters, as RFC 8941 wants; `any` takes them: keys
   * of messages may hold any text, and signatures list them as strings.
   */
  readonly strings?: 'ascii' | 'any'
}

/**
 * The members of a dictionary, in order; of equal keys the last value at the first position.
 * @throws AoError `invalid-encoding` for anything that is not accepted, wherever it stands;
 * `limit-exceeded` beyond 65,536 members.
 */
export function parseDictionary(text: string, options: DictionaryOptions = {}): Dictionary {
  const escaped = options.keys === 'escaped'
  const scanner = new FieldScanner(text, options.strings === 'any')
  const members = new Map<string, Member>()
  while (!scanner.isAtEnd || members.size > 0) {
    const key = escaped
      ? scanner.escapedKey()
      : scanner.dictionaryKey({ isFirst: members.size === 0 })
    members.set(key, scanner.memberValue())
    assertValueCount(members.size)
    if (!scanner.skipComma()) break
  }
  return members
}

/**
 * The members of a list. An empty text is the empty list.
 * @throws AoError `invalid-encoding`, `limit-exceeded` beyond 65,536 members
 */
export function parseList(text: string): Member[] {
  const scanner = new FieldScanner(text)
  const members: Member[] = []
  if (scanner.isAtEnd) return members
  do {
    scanner.skipBlanks()
    members.push(scanner.member())
    assertValueCount(members.length)
  } while (scanner.skipComma())
  return members
}

/**
 * One item with its parameters; no white space around it.
 * @throws AoError `invalid-encoding`
 */
export function parseItem(text: string): Item {
  const scanner = new FieldScanner(text)
  const item = scanner.item()
  if (!scanner.isAtEnd) throw scanner.unexpected('the end of the item')
  return item
}

/** An item, without parameters unless they are given. */
export function item(bare: BareItem, parameters: Parameters = NO_PARAMETERS): Item {
  return { kind: 'item', bare, parameters }
}

export function innerList(
  items: readonly Item[],
  parameters: Parameters = NO_PARAMETERS,
): InnerList {
  return { kind: 'inner-list', items, parameters }
}

/** `key=item, key=item`; a member that is plain true is its key alone. */
export function formatDictionary(members: Iterable<readonly [string, Member]>): string {
  let text = ''
  for (const [key, member] of members) {
    if (text !== '') text += ', '
    text += key
    if (member.kind === 'item' && isTrue(member.bare)) text += formatParameters(member.parameters)
    else text += `=${formatMember(member)}`
  }
  return text
}

export function formatList(members: Iterable<Member>): string {
  return Array.from(members, formatMember).join(', ')
}

export function formatItem({ bare, parameters }: Item): string {
  return formatBareItem(bare) + formatParameters(parameters)
}

/** `("a" "b");p="v"` */
export function formatInnerList({ items, parameters }: InnerList): string {
  return `(${items.map(formatItem).join(' ')})${formatParameters(parameters)}`
}

export function formatBareItem(bare: BareItem): string {
  switch (bare.kind) {
    case 'string':
      return formatString(bare.value)
    case 'bytes':
      return `:${encodeBase64(bare.value)}:`
    case 'boolean':
      return bare.value ? '?1' : '?0'
    case 'decimal':
      return formatDecimal(bare.value)
    case 'integer':
      return bare.value.toString()
    case 'token':
      return bare.value
  }
}

/** The text in quotes; only `\` and `"` are escaped, and any other character may stand in it. */
export function formatString(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function formatMember(member: Member): string {
  return member.kind === 'item' ? formatItem(member) : formatInnerList(member)
}

function formatParameters(parameters: Parameters): string {
  let text = ''
  for (const [key, bare] of parameters) {
    text += isTrue(bare) ? `;${key}` : `;${key}=${formatBareItem(bare)}`
  }
  return text
}

function isTrue(bare: BareItem): boolean {
  return bare.kind === 'boolean' && bare.value
}

/** Rounded to three digits, ties to even (RFC 8941 section 4.1.5), with at least one. */
function formatDecimal(value: number): string {
  const scaled = value * 1000
  const below = Math.floor(scaled)
  const rounded = scaled - below === 0.5 ? below + (Math.abs(below) % 2) : Math.round(scaled)
  if (!(Math.abs(rounded) < 1e15)) {
    throw new AoError('unencodable', 'Expected a decimal of at most 12 digits before the point')
  }
  const text = (rounded / 1000).toString()
  return text.includes('.') ? text : `${text}.0`
}
