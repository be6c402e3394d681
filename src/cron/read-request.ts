/** Reading keys of a request for a task: texts, counts, times. */
import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import type { Message } from '../message/message.ts'
import { Atom, isBinary, isInteger } from '../message/value.ts'

/** The text under a key; a number as its digits, an atom as its name. */
export function textAt(request: Message, key: string): string | undefined {
  const value = request.get(key)
  if (value instanceof Atom) return value.name
  if (isInteger(value)) return value.toString()
  return isBinary(value) ? toText(value) : undefined
}

/** @throws AoError `invalid-request` for anything else than a whole number of the range. */
export function countAt(
  request: Message,
  key: string,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const text = textAt(request, key)
  if (text === undefined) return undefined
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (count >= min && count <= max) return count
  throw refused(`Expected ${key} to be a whole number from ${min} to ${max}`)
}

/** ISO 8601 with an offset; in a query `+` becomes a blank. */
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+ -]\d\d:\d\d)$/i

/**
 * A time as milliseconds since the Unix epoch: written so, or as `2026-01-31T09:00:00Z`.
 * @throws AoError `invalid-request`
 */
export function timeAt(request: Message, key: string): number | undefined {
  const text = textAt(request, key)
  if (text === undefined) return undefined
  const [, local, offset = ''] = ISO.exec(text) ?? []
  const isDigits = /^\d{1,15}$/.test(text)
  const ms = isDigits ? Number(text) : Date.parse(`${local}${offset.replace(' ', '+')}`)
  if (Number.isFinite(ms)) return ms
  throw refused(
    `Expected ${key} to be a time such as 2026-01-31T09:00:00Z, or milliseconds since 1970`,
  )
}

/** @throws AoError `invalid-request` for another word. */
export function wordAt<const T extends string>(
  request: Message,
  key: string,
  words: readonly T[],
): T | undefined {
  const text = textAt(request, key)?.toLowerCase()
  if (text === undefined) return undefined
  const word = words.find((known) => known === text)
  if (word !== undefined) return word
  throw refused(`Expected ${key} to be one of ${words.join(', ')}`)
}

/** The refusal of a signature that somebody may have recorded. */
export function madeBefore(): AoError {
  return refused('This request was made before; sign another one, with a nonce if need be')
}

export function refused(message: string): AoError {
  return new AoError('invalid-request', message)
}
