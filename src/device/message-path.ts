/**
 * Values deep inside a message, by the keys that lead to them. Links on the way are loaded; a list
 * counts from 1, and is a numbered message once something in it changes.
 */
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'
import type { DeviceContext } from './device.ts'
import { getLoaded } from './read-key.ts'
import { setKeys } from './set-keys.ts'

/** The keys of a path; slashes at its ends and double ones say nothing. */
export function pathKeys(path: string): string[] {
  return path.split('/').filter((key) => key !== '')
}

/** The value at a path, the message itself at the empty one; `undefined` where there is none. */
export async function getAt(
  message: Message,
  path: readonly string[],
  context: DeviceContext,
): Promise<Value | undefined> {
  let value: Value | undefined = message
  for (const key of path) {
    const container = asMessage(value)
    value = container && (await getLoaded(container, key, context))
  }
  return value
}

export interface PathChange {
  /** Not empty. */
  readonly path: readonly string[]
  /** The new value from the old one; `undefined` leaves none. */
  readonly change: (old: Value | undefined) => Value | undefined
}

/** The message with the value at a path changed; messages on the way come into being. */
export async function changeAt(
  message: Message,
  { path: [key = '', ...rest], change }: PathChange,
  context: DeviceContext,
): Promise<Message> {
  const old = await getLoaded(message, key, context)
  const next =
    rest.length === 0
      ? change(old)
      : await changeAt(asMessage(old) ?? new Message(), { path: rest, change }, context)
  if (next === undefined) return message.without(key)
  return setKeys(message, [[key, next]], { mode: 'explicit' })
}

/** A message, or the numbered message that a list is. */
export function asMessage(value: Value | undefined): Message | undefined {
  if (isList(value)) return new Message(value.map((item, index) => [String(index + 1), item]))
  return value instanceof Message ? value : undefined
}
