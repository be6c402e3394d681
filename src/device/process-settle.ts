/**
 * A state as it would be read from the store again: messages in it keep their signatures only where
 * these still cover all that they say. Otherwise a node that was restarted might compute something
 * else than one that was not.
 */
import { NO_COMMITMENTS } from '../message/commitment.ts'
import { committedKeys } from '../message/committed.ts'
import { Message } from '../message/message.ts'
import { isList, type List, type Value } from '../message/value.ts'

/** Settles states one after the other, without looking twice at parts that stay the same. */
export type Settle = (state: Message) => Message

export function createSettle(): Settle {
  const settled = new WeakSet<object>()
  const settle = (value: Value): Value => {
    if (!(value instanceof Message) && !isList(value)) return value
    if (settled.has(value)) return value
    const next = isList(value) ? settleList(value) : settleMessage(value)
    settled.add(next)
    return next
  }
  const settleList = (items: List): List => {
    const next = items.map(settle)
    return next.every((item, index) => item === items[index]) ? items : next
  }
  const settleMessage = (message: Message): Message => {
    const changed = changedEntries(message)
    const isProven = changed.length === 0 && coversAll(message)
    if (isProven && Object.keys(message.priv).length === 0) return message
    const entries = new Map([...message, ...changed])
    return new Message(entries, isProven ? message.commitments : NO_COMMITMENTS)
  }
  const changedEntries = (message: Message): [string, Value][] => {
    const changed: [string, Value][] = []
    for (const [key, value] of message) {
      const next = settle(value)
      if (next !== value) changed.push([key, next])
    }
    return changed
  }
  // The hashpath is not stored, but spares the next step the id of the whole state.
  return (state) => state.with(changedEntries(state)).withCommitments(NO_COMMITMENTS)
}

/** Whether whoever signed a message signed all of it; so does nobody. */
function coversAll(message: Message): boolean {
  if (message.commitments.size === 0) return true
  const covered = new Set(committedKeys(message))
  for (const key of message.keys()) if (!covered.has(key)) return false
  return true
}
