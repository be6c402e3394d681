/**
 * A text for all that a small message says: equal texts, equal messages. Cheaper than an id by far,
 * and good for nothing but looking up what was made of an equal message before.
 */
import { Message } from '../message/message.ts'
import { Atom, Float, isList, Link, type Value } from '../message/value.ts'

const MAX_LENGTH = 2_048

/** The text, or `undefined` for messages that are large, hold bytes, or have commitments. */
export function contentKey(message: Message): string | undefined {
  const text = messageText(message, MAX_LENGTH)
  return text === undefined ? undefined : `${message.priv.hashpath ?? ''} ${text}`
}

function messageText(message: Message, limit: number): string | undefined {
  if (message.commitments.size > 0) return undefined
  let text = '{'
  for (const [key, value] of message) {
    const shown = valueText(value, limit - text.length)
    if (shown === undefined) return undefined
    text += `${key.length}:${key}${shown}`
    if (text.length > limit) return undefined
  }
  return `${text}}`
}

function valueText(value: Value, limit: number): string | undefined {
  if (typeof value === 'string') return `s${value.length}:${value}`
  if (typeof value === 'number' || typeof value === 'bigint') return `i${value};`
  if (value instanceof Atom) return `a${value.name.length}:${value.name}`
  if (value instanceof Float) return `f${Object.is(value.value, -0) ? '-0' : value.value};`
  if (value instanceof Link) return `l${value.lazy}${value.type.length}:${value.type}${value.id};`
  if (value instanceof Message) return messageText(value, limit)
  return isList(value) ? listText(value, limit) : undefined
}

function listText(list: readonly Value[], limit: number): string | undefined {
  let text = '['
  for (const item of list) {
    const shown = valueText(item, limit - text.length)
    if (shown === undefined) return undefined
    text += shown
    if (text.length > limit) return undefined
  }
  return `${text}]`
}
