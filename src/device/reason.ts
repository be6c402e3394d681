/** Why something was refused, in words for a log. */
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { textAt, textOf } from './read-key.ts'

const MAX_LENGTH = 256
const KEYS = ['reason', 'error', 'body', 'message']

/** The reason that a refusal gives, shortened. */
export function reasonOf(refusal: Value): string {
  const texts =
    refusal instanceof Message ? KEYS.map((key) => textAt(refusal, key)) : [textOf(refusal)]
  const inner = refusal instanceof Message ? refusal.get('reason') : undefined
  const text = texts.find((found) => found !== undefined)
  if (text === undefined && inner instanceof Message) return reasonOf(inner)
  return (text ?? 'no reason given').slice(0, MAX_LENGTH)
}
