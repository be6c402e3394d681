/**
 * JSON text to values. `JSON.parse` cannot be used: of equal members it keeps the last where the
 * first must win, and it has lost the digits of large integers, and whether a number was written as
 * a float, before a reviver could be asked about members it dropped.
 */
import { AoError } from '../base/errors.ts'
import { takeCommitments } from '../message/commitment-map.ts'
import { parseInteger } from '../message/decode-value.ts'
import { parseFloatText } from '../message/float.ts'
import { isPrivateKey, MAX_DEPTH } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { Atom, Float, type Value } from '../message/value.ts'
import { assertNestedCount, assertValueCount, type ValueLimits } from '../message/value-limit.ts'

/**
 * The value of a JSON text (RFC 8259): numbers with a fraction or an exponent are floats, `true`,
 * `false` and `null` atoms. Private members vanish, `commitments` become the message's.
 * @throws AoError `invalid-encoding` with the position, `limit-exceeded` beyond 128 levels
 * and the given limits, `invalid-commitment`.
 */
export function readJson(text: string, limits: ValueLimits): Value {
  return new JsonReader(text, limits).read()
}

class JsonReader {
  readonly #text: string
  readonly #limits: ValueLimits
  #at = 0
  #depth = 0
  #values = 0
  #nestedCount = 0

  constructor(text: string, limits: ValueLimits) {
    this.#text = text
    this.#limits = limits
  }

  read(): Value {
    const value = this.#value()
    if (!Number.isNaN(this.#next())) throw this.#unexpected('the end of the JSON text')
    return value
  }

  #value(): Value {
    assertValueCount(++this.#values, this.#limits.values)
    const code = this.#next()
    switch (code) {
      case 0x22:
        return this.#string()
      case 0x7b:
        return this.#nested(() => this.#object())
      case 0x5b:
        return this.#nested(() => this.#array())
      case 0x74:
        return this.#word('true', Atom.true)
      case 0x66:
        return this.#word('false', Atom.false)
      case 0x6e:
        return this.#word('null', Atom.null)
      default:
        return this.#number()
    }
  }

  #nested<T>(read: () => T): T {
    assertNestedCount(++this.#nestedCount, this.#limits.nested)
    if (++this.#depth > MAX_DEPTH) {
      throw new AoError('limit-exceeded', 'Expected JSON with fewer levels', { limit: MAX_DEPTH })
    }
    this.#at++
    const value = read()
    this.#depth--
    return value
  }

  #object(): Message {
    const entries = new Map<string, Value>()
    if (this.#skip(0x7d)) return new Message()
    do {
      if (this.#next() !== 0x22) throw this.#unexpected('a member name')
      const key = this.#string()
      if (!this.#skip(0x3a)) throw this.#unexpected('a colon')
      const value = this.#value()
      if (!entries.has(key) && !isPrivateKey(key)) entries.set(key, value)
    } while (this.#skip(0x2c))
    if (!this.#skip(0x7d)) throw this.#unexpected('a comma or }')
    const commitments = takeCommitments(entries)
    return new Message(entries, commitments)
  }

  #array(): Value[] {
    const items: Value[] = []
    if (this.#skip(0x5d)) return items
    do items.push(this.#value())
    while (this.#skip(0x2c))
    if (!this.#skip(0x5d)) throw this.#unexpected('a comma or ]')
    return items
  }

  #word(word: string, atom: Atom): Atom {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected('true, false or null')
    this.#at += word.length
    return atom
  }

  #string(): string {
    const text = this.#text
    const start = this.#at++
    let hasEscapes = false
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at)
      if (code === 0x22) return this.#wellFormed(this.#unescape(start, hasEscapes))
      if (code < 0x20) throw this.#unexpected('no control character in a string')
      if (code !== 0x5c) continue
      hasEscapes = true
      this.#at++
    }
    throw this.#unexpected('the end of a string')
  }

  /** What stands between the quotes, of which the position is on the last; it is moved on. */
  #unescape(start: number, hasEscapes: boolean): string {
    const end = this.#at++
    if (!hasEscapes) return this.#text.slice(start + 1, end)
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string
    } catch {
      throw this.#unexpected('escapes of JSON in a string')
    }
  }

  #wellFormed(text: string): string {
    if (text.isWellFormed()) return text
    throw this.#unexpected('escapes of surrogates in pairs')
  }

  #number(): Value {
    const start = this.#at
    if (this.#text.charCodeAt(start) === 0x2d) this.#at++
    const first = this.#text.charCodeAt(this.#at)
    const digits = this.#digits()
    if (digits === 0) throw this.#unexpected('a JSON value')
    if (digits > 1 && first === 0x30) throw this.#unexpected('a number without a leading zero')
    const isFraction = this.#fraction()
    const isFloat = this.#exponent() || isFraction
    const text = this.#text.slice(start, this.#at)
    return isFloat ? new Float(parseFloatText(text)) : parseInteger(text)
  }

  #fraction(): boolean {
    if (this.#text.charCodeAt(this.#at) !== 0x2e) return false
    this.#at++
    if (this.#digits() === 0) throw this.#unexpected('digits after the point')
    return true
  }

  #exponent(): boolean {
    if ((this.#text.charCodeAt(this.#at) | 0x20) !== 0x65) return false
    const sign = this.#text.charCodeAt(++this.#at)
    if (sign === 0x2b || sign === 0x2d) this.#at++
    if (this.#digits() === 0) throw this.#unexpected('digits of an exponent')
    return true
  }

  #digits(): number {
    const start = this.#at
    const text = this.#text
    let at = start
    for (let code = text.charCodeAt(at); code >= 0x30 && code <= 0x39; code = text.charCodeAt(at)) {
      at++
    }
    this.#at = at
    return at - start
  }

  #skip(code: number): boolean {
    if (this.#next() !== code) return false
    this.#at++
    return true
  }

  /** The code of the next character that is no white space, NaN at the end. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code
      this.#at++
    }
  }

  #unexpected(expected: string): AoError {
    return new AoError('invalid-encoding', `Expected ${expected} in JSON`, {
      position: this.#at,
      length: this.#text.length,
    })
  }
}
