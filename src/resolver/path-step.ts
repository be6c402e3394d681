/** What a request path says, as data: steps and the keys that go with each of them. */
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'

/** A path in parentheses, or the value of `key+resolve`: it is resolved first, its result stands here. */
export class SubPath {
  readonly kind = 'resolve'
  readonly path: ParsedPath

  constructor(path: ParsedPath) {
    this.path = path
  }
}

export type StepValue = Value | SubPath
export type StepKeys = ReadonlyMap<string, StepValue>

export type PathStep =
  /** An id: the base that is loaded, or, further right, a key of that name. */
  | { readonly kind: 'id'; readonly id: string }
  /** A message with these keys of its own; the key called is under `path`. The base has no `path`. */
  | { readonly kind: 'message'; readonly keys: StepKeys }
  /** The same under a device; without a `path` it only sets device and keys. */
  | { readonly kind: 'as'; readonly device: string | SubPath; readonly keys: StepKeys }
  | SubPath

export interface ParsedPath {
  /** Left to right, the base first. Empty for the path `/`. */
  readonly steps: readonly PathStep[]
  /** Keys of every step: headers, query and body. */
  readonly globals: StepKeys
  /** Keys of one step, by its index; they beat the global ones. */
  readonly scoped: ReadonlyMap<number, StepKeys>
  /** The request that the path came from, as it arrived; empty for a path inside a path. */
  readonly request: Message
}

/**
 * All keys of a step: its own beat those scoped to it, which beat the global ones. A step on an id
 * has its own keys only.
 */
export function stepKeys(path: ParsedPath, index: number): Map<string, StepValue> {
  const keys = new Map<string, StepValue>()
  const step = path.steps[index]
  if (step === undefined || !('keys' in step)) return keys
  if (!isOnId(step)) {
    addKeys(keys, path.globals)
    addKeys(keys, path.scoped.get(index))
  }
  return addKeys(keys, step.keys)
}

/** The keys of a step without the global ones. */
export function ownKeys(path: ParsedPath, index: number): Map<string, StepValue> {
  const keys = new Map<string, StepValue>()
  const step = path.steps[index]
  if (step === undefined || !('keys' in step)) return keys
  if (!isOnId(step)) addKeys(keys, path.scoped.get(index))
  return addKeys(keys, step.keys)
}

/** The keys in order; to go through entries takes twice the memory. */
function addKeys<V>(keys: Map<string, V>, others: ReadonlyMap<string, V> | undefined) {
  if (others === undefined) return keys
  for (const key of others.keys()) keys.set(key, others.get(key) as V)
  return keys
}

/** The key that a step calls, if it is written as text. */
export function calledKey(step: PathStep): string | undefined {
  if (!('keys' in step)) return undefined
  const key = step.keys.get('path')
  return typeof key === 'string' ? key : undefined
}

/** Whether a step puts the message of an id under a device: `ID~device`. */
export function isOnId(step: PathStep): boolean {
  return step.kind === 'as' && isPathId(calledKey(step) ?? '')
}

/**
 * Whether a segment is an id: 43 base64url characters or an Ethereum address.
 *
 * @NOTE HyperBEAM goes by the length alone (`hb.hrl`, `IS_ID`), so that `/500-milliseconds="..."`
 * of 42 bytes is an id there. Here it is a key.
 */
export function isPathId(text: string): boolean {
  return text.length === 43 ? ID.test(text) : text.length === 42 && ADDRESS.test(text)
}

const ID = /^[A-Za-z0-9_-]{43}$/
const ADDRESS = /^0x[0-9a-fA-F]{40}$/

export const NO_REQUEST: Message = new Message()
