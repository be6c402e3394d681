/**
 * The values that a message holds, typed as HyperBEAM's structured@1.0 types them. Integers are
 * whole JS numbers or bigints; `Float`, `Atom` and `Link` exist because JavaScript has no other
 * way to tell 1.0 from 1, `true` from "true", and an id from a text.
 */
import type { Binary } from '../base/bytes.ts'
import type { Message } from './message.ts'

/** An integer of any size. A JS number here is always whole and safe. */
export type Integer = number | bigint

/** A finite IEEE double, distinct from an integer: `new Float(1)` is 1.0. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A name: `true`, `false`, `null`, `undefined` and `unset` are atoms like any other. */
export class Atom {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  static readonly true: Atom = new Atom('true')
  static readonly false: Atom = new Atom('false')
  static readonly null: Atom = new Atom('null')
}

/** A reference to a value by its id. */
export class Link {
  /** Id of the message, or, when lazy, the path whose content must be read first. */
  readonly id: string
  /** `link` for a message, else the scalar type of the value behind it. */
  readonly type: string
  readonly lazy: boolean

  constructor(id: string, options: { readonly type?: string; readonly lazy?: boolean } = {}) {
    this.id = id
    this.type = options.type ?? 'link'
    this.lazy = options.lazy ?? false
  }
}

export type List = readonly Value[]

export type Value = Binary | Integer | Float | Atom | Link | List | Message

export function isBinary(value: unknown): value is Binary {
  return typeof value === 'string' || value instanceof Uint8Array
}

export function isInteger(value: unknown): value is Integer {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))
}

export function isList(value: unknown): value is List {
  return Array.isArray(value)
}
