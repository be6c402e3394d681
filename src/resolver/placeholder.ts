/**
 * A message can be posted for a process that this node does not know yet, with the process itself
 * in the body: `POST /PID/schedule`. Such a path must not end at its id.
 */
import { toText } from '../base/bytes.ts'
import { Message } from '../message/message.ts'
import { isBinary } from '../message/value.ts'
import { calledKey, type ParsedPath } from './path-step.ts'

const ACCEPTING_KEYS: ReadonlySet<string> = new Set(['schedule', 'push'])

/** Whether the first key that a path calls on its base may be called on an unknown process. */
export function takesUnknownBase({ steps, globals }: ParsedPath): boolean {
  const method = globals.get('method')
  const verb = isBinary(method) ? toText(method) : undefined
  if (verb?.toUpperCase() !== 'POST') return false
  for (const step of steps.slice(1)) {
    const key = calledKey(step)
    if (key !== undefined) return ACCEPTING_KEYS.has(key.toLowerCase())
    if (step.kind !== 'as') return false
  }
  return false
}

/** The base of such a path: a process of which only the id is known. */
export function placeholder(id: string): Message {
  return new Message([['device', 'process@1.0']], undefined, {
    loadedFrom: id,
    isPlaceholder: true,
  })
}
