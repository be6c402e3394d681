/**
 * Reads the pieces of structured field values, character by character: every request passes here.
 * What they are put together to stands in `structured-fields.ts`.
 */
import { AoError } from '../base/errors.ts'
import type { BareItem, InnerList, Item, Member, Parameters } from './structured-fields.ts'

export const NO_PARAMETERS: Parameters = new Map()
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

export class FieldScanner {
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
    return this.#unexpectedAt(this.#at, expected)
  }

  #unexpectedAt(position: number, expected: string): AoError {
    return new AoError('invalid-encoding', `Expected ${expected} in a structured field`, {
      position,
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
    this.#skipAll(characters)
    return this.#text.slice(start, this.#at)
  }

  memberValue(): Member {
    if (this.#skip(0x3d)) return this.member()
    return { kind: 'item', bare: TRUE, parameters: this.#parameters() }
  }

  member(): Member {
    return this.#skip(0x28) ? this.#innerList() : this.item()
  }

  item(): Item {
    const bare = this.#bareItem()
    return { kind: 'item', bare, parameters: this.#parameters() }
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
      if (this.#skip(0x29)) {
        return { kind: 'inner-list', items, parameters: this.#parameters() }
      }
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
    let start = this.#at + 1
    let value = ''
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        this.#at = at + 1
        return value + text.slice(start, at)
      }
      if ((code < 0x20 || code > 0x7e) && !this.#takesAnyString) {
        throw this.#unexpectedAt(at, 'printable ASCII in a string')
      }
      if (code !== 0x5c) continue
      value += text.slice(start, at)
      start = ++at
      const escaped = text.charCodeAt(at)
      if (escaped !== 0x22 && escaped !== 0x5c) {
        throw this.#unexpectedAt(at, '\\" or \\\\ in a string')
      }
    }
    throw this.#unexpectedAt(text.length, 'the end of a string')
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
    this.#skipAll(DIGIT)
    return this.#at - start
  }

  #bytes(): Uint8Array {
    const start = ++this.#at
    this.#skipAll(BASE64)
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

  /** Skips all characters of a class from here on. */
  #skipAll(characters: number): void {
    const text = this.#text
    let at = this.#at
    while (((CLASSES[text.charCodeAt(at)] ?? 0) & characters) !== 0) at++
    this.#at = at
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
