/** How far the links of a message are followed when it is loaded, and what is said beyond that. */
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { List, Value } from '../message/value.ts'

export const MAX_LOAD_DEPTH = 64
/** Links that lead to the same message many times over would make a small message a huge one. */
export const MAX_LOADED_LINKS = 10_000

/** Ids that messages are stored under; a text that only has the length of one could be a path. */
export function isStoredId(id: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(id)
}

/** A list where a message is asked for. */
export function numberedList(list: List): Message {
  return new Message<Value>(list.map((value, index) => [String(index + 1), value] as const))
}

export function missingLink(id: string): AoError {
  return new AoError('link-not-found', 'A linked message is not in the store', { id })
}

export function tooDeep(): AoError {
  return new AoError('limit-exceeded', 'Links are nested too deeply to be loaded', {
    limit: MAX_LOAD_DEPTH,
  })
}

export function tooManyLinks(): AoError {
  return new AoError('limit-exceeded', 'The message links to too many others to be loaded', {
    limit: MAX_LOADED_LINKS,
  })
}
