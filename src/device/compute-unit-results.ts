/** What a compute unit answers, as the results of a slot. Source: HyperBEAM, `dev_json_iface`. */
import { AoError, isAoError } from '../base/errors.ts'
import { createMessage } from '../message/create-message.ts'
import { isPrivateKey, LINK_SUFFIX, TYPES_KEY } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { failed, type Outcome, ok } from './device.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * The results in a reply: `outbox`, `patches`, `data`, the text itself under `json`, and under `raw`
 * what it says, which is where aoconnect looks. A reply of `ok: false` is an error.
 * @throws AoError `remote-failed` for text that is no JSON object.
 */
export function unitResults(text: string): Outcome {
  const reply = parse(text)
  if (reply.ok === false) {
    const reason = typeof reply.error === 'string' ? reply.error : 'The compute unit failed'
    return failed(400, new Message([['error', reason]]))
  }
  const messages = reply.Error === undefined ? listOf(reply.Messages) : []
  const entries: [string, Value][] = [
    ['outbox', numbered(messages.map(outboxMessage))],
    ['patches', listOf(reply.patches).map((patch) => messageOf(tagsOf(patch)))],
    ['data', dataOf(reply)],
    ['json', new Message(Object.entries({ 'content-type': 'application/json', body: text }))],
  ]
  const raw = rawOf(reply)
  return ok(new Message(raw === undefined ? entries : [...entries, ['raw', raw]]))
}

function parse(text: string): Json {
  try {
    const reply: unknown = JSON.parse(text)
    if (isObject(reply)) return reply
  } catch {
    // Falls through to the one error below.
  }
  throw new AoError('remote-failed', 'The compute unit did not answer with a JSON object')
}

function dataOf(reply: Json): Value {
  const output = isObject(reply.Output) ? reply.Output.data : undefined
  const data = reply.Error ?? output ?? reply.Data ?? ''
  if (typeof data === 'string') return data
  return messageOf({ data }).get('data') ?? JSON.stringify(data)
}

/** Fields that the node sets itself, or that are given as keys of their own. */
const DROPPED = new Set(['from-process', 'from-image', 'anchor', 'tags'])

function outboxMessage(message: Json): Message {
  const fields = Object.entries(message).map(([key, value]) => [key.toLowerCase(), value] as const)
  const kept = fields.filter(([key]) => !DROPPED.has(key))
  return messageOf({ ...Object.fromEntries(kept), ...tagsOf(message) })
}

function tagsOf(message: Json): Json {
  const tags = listOf(message.Tags ?? message.tags)
  const pairs = tags.map(({ name, value }) => [String(name).toLowerCase(), value] as const)
  return Object.fromEntries(pairs)
}

/** A message of what JSON says; what no message can hold is left out. */
function messageOf(json: Json): Message {
  const entries: (readonly [string, Value])[] = []
  for (const [key, value] of Object.entries(json)) {
    if (value === null || value === undefined || isReserved(key)) continue
    const made = attempt(() => createMessage(new Map([[key, value]])))
    if (made !== undefined) entries.push(...made)
  }
  return new Message(entries)
}

/** Keys that say how a message is written, and not what it says. */
function isReserved(key: string): boolean {
  return (
    key === '' ||
    isPrivateKey(key) ||
    key === TYPES_KEY ||
    key === 'commitments' ||
    key.endsWith(LINK_SUFFIX)
  )
}

function rawOf(reply: Json): Message | undefined {
  return attempt(() => createMessage(reply))
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}

function numbered(messages: readonly Message[]): Message {
  return new Message(messages.map((message, index) => [String(index + 1), message] as const))
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
