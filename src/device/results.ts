/** What an execution device is given and gives back, in the forms that clients and processes know. */
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'

/** A message to another process: `target` its id, `data`, and any other keys, which become tags. */
export type OutboxMessage = Readonly<Record<string, string | number | boolean | Message>>

export interface ResultsInput {
  /** What came of the message, for whoever sent it. */
  readonly output?: string | number | Message
  /** Messages that `push` sends on, in order. */
  readonly messages?: readonly OutboxMessage[]
  /** Why nothing came of it. The process goes on with the next slot all the same. */
  readonly error?: string
}

/**
 * The value for the key `results` of a state: `data`, `outbox`, `error`, and under `raw` the same as
 * aoconnect's `result()` gives it to its callers (`Output`, `Messages`, `Error`).
 *
 * @throws AoError `invalid-value` and others for values that no message can hold.
 * @example
 * createResults({ output: 'Sent', messages: [{ target: friend, action: 'Greet', data: 'Hello' }] })
 */
export function createResults({ output, messages = [], error }: ResultsInput): Message {
  const outbox = messages.map((message, index) => [String(index + 1), outboxMessage(message)])
  const entries: [string, unknown][] = [['outbox', Object.fromEntries(outbox)]]
  if (output !== undefined) entries.push(['data', output])
  if (error !== undefined) entries.push(['error', error])
  return createMessage(new Map([...entries, ['raw', rawResults({ output, messages, error })]]))
}

function outboxMessage(message: OutboxMessage): Message {
  const entries = Object.entries(message).map(([key, value]) => [key.toLowerCase(), value] as const)
  return createMessage(new Map(entries))
}

interface CompleteResults {
  readonly output: ResultsInput['output']
  readonly messages: readonly OutboxMessage[]
  readonly error: string | undefined
}

function rawResults({ output, messages, error }: CompleteResults): Record<string, unknown> {
  return {
    Output: output === undefined ? {} : { data: output },
    Messages: messages.map(rawMessage),
    Spawns: [],
    Assignments: [],
    ...(error === undefined ? {} : { Error: error }),
  }
}

function rawMessage(message: OutboxMessage): Record<string, unknown> {
  const fields = new Map(Object.entries(message).map(([key, value]) => [key.toLowerCase(), value]))
  const tags = Object.entries(message).filter(
    ([key, value]) => !isField(key) && !(value instanceof Message),
  )
  return {
    Target: fields.get('target') ?? '',
    Data: fields.get('data') ?? '',
    Tags: tags.map(([name, value]) => ({ name, value: String(value) })),
  }
}

function isField(key: string): boolean {
  return ['target', 'data'].includes(key.toLowerCase())
}

/**
 * The message that an execution device is to compute, keys in lower case: the one that was scheduled,
 * or what came with a dry run, of which nobody has checked the signatures.
 */
export function inputOf(request: Message): Message {
  const body: Value | undefined = request.get('body')
  if (body instanceof Message) return body
  const entries = [...request].map(([key, value]) => [key.toLowerCase(), value] as const)
  return new Message(entries, request.commitments)
}

/** Whether a request is of the schedule of the process, and not only a try. */
export function isScheduled(request: Message): boolean {
  return request.priv.isScheduled === true
}
