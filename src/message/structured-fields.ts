/**
 * Structured field values for HTTP (RFC 8941, RFC 9651) as HyperBEAM's `hb_structured_fields` reads
 * and writes them: no dates and no display strings, dictionary keys with `%` and capitals, padding
 * of byte sequences required. Parsing scans by character code, since every request passes here.
 */
import { AoError } from '../base/errors.ts'
import { encodeBase64 } from '../crypto/base64url.ts'
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

const NO_PARAMETERS: Parameters = new Map()
const TRUE: BareItem = { kind: 'boolean', value: true }
const FALSE: BareItem = { kind: 'boolean', value: false }

const DIGIT = 1
const LOWER = 2
const UPPER = 4
const TOKEN = 8
const KEY = 16
const PARAMETER = 32
const ESCAPED_KEY = 64
const BASE64 = 128
const CLASSES = characterClasses()

/**
 * The members of a dictionary, in order; of equal keys the last value at the first position.
 * @throws AoError `invalid-encoding` for anything that is not accepted, wherever it stands;
 * `limit-exceeded` beyond 65,536 members.
 */
export function parseDictionary(text: string, options: DictionaryOptions = {}): Dictionary {
  const escaped = options.keys === 'escaped'
  const scanner = new Scanner(text, options.strings === 'any')
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
  const scanner = new Scanner(text)
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
  const scanner = new Scanner(text)
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

class Scanner {
  readonly #text: string
  readonly #takesAnyString: boolean
  #at = 0

  constructor(text: string, takesAnyString = false) {
    this.#text = text
    this.#takesAnyString = takesAnyString
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  unexpected(expected: string): AoError {
    return new AoError('invalid-encoding', `Expected ${expected} in a structured field`, {
      position: this.#at,
      length: this.#text.length,
    })
  }

  dictionaryKey({ isFirst }: { isFirst: boolean }): string {
    const isDot = this.#code() === 0x2e
    if (!this.#isOf(KEY) || (isDot && !isFirst)) throw this.unexpected('a dictionary key')
    return this.keyOf(KEY)
  }

  /** May be empty, but then a value must follow. */
  escapedKey(): string {
    const key = this.keyOf(ESCAPED_KEY)
    if (key === '' && this.#code() !== 0x3d) throw this.unexpected('a dictionary key')
    return key
  }

  keyOf(characters: number): string {
    const start = this.#at
    while (this.#isOf(characters)) this.#at++
    return this.#text.slice(start, this.#at)
  }

  memberValue(): Member {
    if (this.#skip(0x3d)) return this.member()
    return item(TRUE, this.#parameters())
  }

  member(): Member {
    return this.#skip(0x28) ? this.#innerList() : this.item()
  }

  item(): Item {
    const bare = this.#bareItem()
    return item(bare, this.#parameters())
  }

  /** Whether another member follows; the blanks around the comma are skipped. */
  skipComma(): boolean {
    this.skipBlanks()
    if (this.isAtEnd) return false
    if (!this.#skip(0x2c)) throw this.unexpected('a comma')
    this.skipBlanks()
    return true
  }

  skipBlanks(): void {
    for (let code = this.#code(); code === 0x20 || code === 0x09; code = this.#code()) this.#at++
  }

  #innerList(): InnerList {
    const items: Item[] = []
    for (;;) {
      this.#skipSpaces()
      if (this.#skip(0x29)) return innerList(items, this.#parameters())
      items.push(this.item())
      if (this.#code() !== 0x20 && this.#code() !== 0x29) {
        throw this.unexpected('a blank or ) after an item of an inner list')
      }
    }
  }

  #parameters(): Parameters {
    if (this.#code() !== 0x3b) return NO_PARAMETERS
    const parameters = new Map<string, BareItem>()
    while (this.#skip(0x3b)) {
      this.#skipSpaces()
      if (!this.#isOf(LOWER) && this.#code() !== 0x2a) throw this.unexpected('a parameter key')
      const key = this.keyOf(PARAMETER)
      parameters.set(key, this.#skip(0x3d) ? this.#bareItem() : TRUE)
    }
    return parameters
  }

  #bareItem(): BareItem {
    const code = this.#code()
    if (code === 0x22) return { kind: 'string', value: this.#string() }
    if (code === 0x2d || this.#isOf(DIGIT)) return this.#number()
    if (code === 0x3a) return { kind: 'bytes', value: this.#bytes() }
    if (code === 0x3f) return this.#boolean()
    if (code === 0x2a || this.#isOf(LOWER | UPPER)) {
      return { kind: 'token', value: this.keyOf(TOKEN) }
    }
    throw this.unexpected('an item')
  }

  #string(): string {
    const text = this.#text
    let start = ++this.#at
    let value = ''
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) return value + text.slice(start, this.#at++)
      if ((code < 0x20 || code > 0x7e) && !this.#takesAnyString) {
        throw this.unexpected('printable ASCII in a string')
      }
      if (code !== 0x5c) continue
      value += text.slice(start, this.#at)
      start = ++this.#at
      const escaped = this.#code()
      if (escaped !== 0x22 && escaped !== 0x5c) throw this.unexpected('\\" or \\\\ in a string')
    }
    throw this.unexpected('the end of a string')
  }

  #number(): BareItem {
    const start = this.#at
    this.#skip(0x2d)
    const digits = this.#digits()
    if (this.#skip(0x2e)) {
      const decimals = this.#digits()
      if (digits < 1 || digits > 12 || decimals < 1 || decimals > 3) {
        throw this.unexpected('a decimal of at most 12 and 1 to 3 digits')
      }
      return { kind: 'decimal', value: Number(this.#text.slice(start, this.#at)) }
    }
    if (digits < 1 || digits > 15) throw this.unexpected('an integer of 1 to 15 digits')
    // Adding zero turns -0 into 0: integers have no negative zero.
    return { kind: 'integer', value: Number(this.#text.slice(start, this.#at)) + 0 }
  }

  #digits(): number {
    const start = this.#at
    while (this.#isOf(DIGIT)) this.#at++
    return this.#at - start
  }

  #bytes(): Uint8Array {
    const start = ++this.#at
    while (this.#isOf(BASE64)) this.#at++
    const encoded = this.#text.slice(start, this.#at)
    const padding = encoded.indexOf('=')
    const isPadded = padding < 0 || padding >= encoded.length - 2
    if (encoded.length % 4 !== 0 || !isPadded || (padding >= 0 && !encoded.endsWith('='))) {
      throw this.unexpected('base64 text with padding')
    }
    if (!this.#skip(0x3a)) throw this.unexpected('the end of a byte sequence')
    return Buffer.from(encoded, 'base64')
  }

  #boolean(): BareItem {
    const digit = this.#text.charCodeAt(this.#at + 1)
    if (digit !== 0x30 && digit !== 0x31) throw this.unexpected('?0 or ?1')
    this.#at += 2
    return digit === 0x31 ? TRUE : FALSE
  }

  #skipSpaces(): void {
    while (this.#code() === 0x20) this.#at++
  }

  #skip(code: number): boolean {
    if (this.#code() !== code) return false
    this.#at++
    return true
  }

  /** The code of the next character, or NaN at the end. */
  #code(): number {
    return this.#text.charCodeAt(this.#at)
  }

  #isOf(characters: number): boolean {
    return ((CLASSES[this.#code()] ?? 0) & characters) !== 0
  }
}

function characterClasses(): Uint8Array {
  const classes = new Uint8Array(128)
  const mark = (characters: string, bits: number) => {
    for (const character of characters) {
      const code = character.charCodeAt(0)
      classes[code] = (classes[code] ?? 0) | bits
    }
  }
  mark('0123456789', DIGIT | TOKEN | KEY | PARAMETER | ESCAPED_KEY | BASE64)
  mark('abcdefghijklmnopqrstuvwxyz', LOWER | TOKEN | KEY | PARAMETER | ESCAPED_KEY | BASE64)
  mark('ABCDEFGHIJKLMNOPQRSTUVWXYZ', UPPER | TOKEN | KEY | ESCAPED_KEY | BASE64)
  mark("!#$%&'*+-.^_`|~:/", TOKEN)
  mark('_-.*%', KEY | ESCAPED_KEY)
  mark('_-.*', PARAMETER)
  mark('/?&', ESCAPED_KEY)
  mark('+/=', BASE64)
  return classes
}
