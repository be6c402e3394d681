/** Setting keys on a message, as `set` of message@1.0 and the steps of a path do it. */
import { equalBinary } from '../base/bytes.ts'
import { type Commitments, NO_COMMITMENTS } from '../message/commitment.ts'
import { unsignedId } from '../message/id.ts'
import { isPrivateKey } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { Atom, isBinary, type Value } from '../message/value.ts'

/** Keys with a meaning of their own in a request, which therefore cannot be set by one. */
const RESERVED: ReadonlySet<string> = new Set([
  'commitments',
  'committers',
  'id',
  'keys',
  'path',
  'remove',
  'set',
  'set-mode',
  'verify',
])

export interface SetOptions {
  /** `deep` (default) merges a message into the message that stands there; `explicit` replaces it. */
  readonly mode?: 'deep' | 'explicit'
}

/**
 * The message with these keys; the atom `unset` removes one. Private keys and those with a meaning
 * of their own in a request are left out. All commitments are dropped once a key that one of them
 * covers gets another value.
 */
export function setKeys(
  base: Message,
  values: Iterable<readonly [string, Value]>,
  { mode = 'deep' }: SetOptions = {},
): Message {
  const entries = new Map(base)
  const covered = coveredKeys(base.commitments)
  let isBroken = false
  for (const [key, value] of values) {
    if (RESERVED.has(key) || isPrivateKey(key)) continue
    const old = entries.get(key)
    const next = mode === 'deep' ? merged(old, value) : value
    if (isUnset(next)) entries.delete(key)
    else entries.set(key, next)
    if (covered.has(key) && !isSameValue(old, entries.get(key))) isBroken = true
  }
  return Message.owning(entries, isBroken ? NO_COMMITMENTS : base.commitments, base.priv)
}

/** The message under a device: the same as to set the key `device` alone, at less cost. */
export function setDevice(base: Message, device: Value): Message {
  const set = base.with([['device', device]])
  for (const { committed } of base.commitments.values()) {
    if (!committed.includes('device')) continue
    return isSameValue(base.get('device'), device) ? set : set.withCommitments(NO_COMMITMENTS)
  }
  return set
}

function merged(old: Value | undefined, value: Value): Value {
  return old instanceof Message && value instanceof Message ? setKeys(old, value) : value
}

/** Whether a value asks for its key to be removed. */
export function isUnset(value: Value): boolean {
  return value instanceof Atom && value.name === 'unset'
}

/** Whether two values read the same: equal in type and bytes. */
export function isSameValue(left: Value | undefined, right: Value | undefined): boolean {
  if (left === undefined || right === undefined || left === right) return left === right
  if (isBinary(left) && isBinary(right)) return equalBinary(left, right)
  return contentId(left) === contentId(right)
}

function contentId(value: Value): string {
  return unsignedId(new Message([['value', value]]))
}

/** The commitments that still hold after some keys changed: all, or none. */
export function commitmentsAfter(
  commitments: Commitments,
  changed: readonly string[],
): Commitments {
  const covered = coveredKeys(commitments)
  return changed.some((key) => covered.has(key)) ? NO_COMMITMENTS : commitments
}

function coveredKeys(commitments: Commitments): Set<string> {
  const covered = new Set<string>()
  for (const { committed } of commitments.values()) for (const key of committed) covered.add(key)
  return covered
}
