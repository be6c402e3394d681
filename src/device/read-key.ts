/** Reading keys of messages as a device needs them: as text, as a switch, links loaded. */
import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { getKey } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { Atom, isBinary, isInteger, isList, Link, type Value } from '../message/value.ts'
import type { DeviceContext, Outcome } from './device.ts'
import { ok } from './device.ts'

/** The text under a key; an atom counts as its name. */
export function textAt(message: Message, key: string): string | undefined {
  return textOf(message.get(key))
}

/** The text of a binary, or the name of an atom. */
export function textOf(value: Value | undefined): string | undefined {
  if (value instanceof Atom) return value.name
  return isBinary(value) ? toText(value) : undefined
}

/** Whether a switch is on: the atom or the text `true`. */
export function isTrueAt(message: Message, key: string): boolean {
  return textAt(message, key) === 'true'
}

/** The number under a key, also where it came as text. */
export function numberAt(message: Message, key: string): number | undefined {
  const value = message.get(key)
  if (isInteger(value)) return Number(value)
  const text = textOf(value)
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}

/** The texts of a list, of a map numbered from 1, or of a single text. */
export function textsOf(value: Value | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const items = isList(value) ? value : value instanceof Message ? numberedItems(value) : [value]
  const texts: string[] = []
  for (const item of items) {
    const text = textOf(item)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts
}

/** The texts of a list, or of a text with commas, as a tag of a data item has them. */
export function listOf(value: Value | undefined): string[] | undefined {
  const texts = textsOf(value)
  if (texts === undefined || !isBinary(value)) return texts
  return texts.flatMap((text) => text.split(',')).map((text) => text.replaceAll('"', '').trim())
}

function numberedItems(message: Message): (Value | undefined)[] {
  return Array.from({ length: message.size }, (_, index) => message.get(`${index + 1}`))
}

/** The value of a key, loaded if it is a link; not ok when what it links to is missing. */
export async function loadKey(
  message: Message,
  key: string,
  context: DeviceContext,
): Promise<Outcome | undefined> {
  const value = getKey(message, key)
  if (value === undefined || !(value instanceof Link))
    return value === undefined ? value : ok(value)
  return context.resolve(new Message([['value', value]]), new Message([['path', 'value']]))
}

/**
 * The value under a key, loaded if it is a link; `undefined` where there is none.
 * @throws AoError `link-not-found` when what it links to is missing.
 */
export async function getLoaded(
  message: Message,
  key: string,
  context: DeviceContext,
): Promise<Value | undefined> {
  const outcome = await loadKey(message, key, context)
  if (outcome === undefined || outcome.kind === 'ok') return outcome?.value
  throw new AoError('link-not-found', 'A linked message is not in the store', { key })
}
