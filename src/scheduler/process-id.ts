import { AoError } from '../base/errors.ts'
import type { MessageReader } from '../cache/cache.ts'
import { messageId } from '../message/id.ts'
import { isId } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { Link, type Value } from '../message/value.ts'

export function isProcess(message: Message): boolean {
  return textOf(message, 'type') === 'Process'
}

/** A process id as it was asked for, with the hint that may follow it: `PID?hint=URL`. */
export interface ProcessReference {
  readonly id: string
  readonly hint?: string
  /** The process message itself, where it is what a POST wants scheduled. */
  readonly message?: Message
}

/**
 * The process of a GET, or of a POST whose message names none: `target`, `process-id`, the request
 * itself, the base's `process`, the base, and what the base was loaded from.
 * @throws AoError `invalid-request` when nothing names a process, or the name is no id.
 */
export async function findProcess(
  reader: MessageReader,
  base: Message,
  request: Message,
): Promise<ProcessReference> {
  const named = textOf(request, 'target') ?? textOf(request, 'process-id')
  if (named !== undefined) return await canonical(reader, parseReference(named))
  if (isProcess(request)) return await idOf(reader, request)
  const found = messageAt(reader, base, 'process')
  const process = found instanceof Promise ? await found : found
  if (process !== undefined) return await idOf(reader, process)
  const { loadedFrom } = base.priv
  if (loadedFrom !== undefined) return await canonical(reader, parseReference(loadedFrom))
  if (isProcess(base)) return await idOf(reader, base)
  throw new AoError(
    'invalid-request',
    'No process is named; give its id as target or in the path: /PROCESS/schedule',
  )
}

/** The process that a message to be scheduled belongs to: itself, its `target`, or the request's. */
export async function processOfMessage(
  reader: MessageReader,
  message: Message,
  fallback: () => Promise<ProcessReference>,
): Promise<ProcessReference> {
  if (isProcess(message)) return { id: messageId(message, 'all'), message }
  const target = textOf(message, 'target')
  return target === undefined ? await fallback() : await canonical(reader, parseReference(target))
}

/**
 * The message to schedule: what `subject` names (`self` the request, `base` the base, else a key),
 * the request's `body`, else the request itself.
 */
export async function findSubject(
  reader: MessageReader,
  base: Message,
  request: Message,
): Promise<Message> {
  const subject = textOf(request, 'subject')
  if (subject === 'self') return request
  if (subject === 'base') return base
  const found = await messageAt(reader, request, subject ?? 'body')
  if (found !== undefined) return found
  if (subject === undefined) return request
  throw new AoError('invalid-request', 'The key that subject names holds no message', {
    subject: subject.slice(0, 64),
  })
}

function messageAt(
  reader: MessageReader,
  message: Message,
  key: string,
): Message | undefined | Promise<Message | undefined> {
  const value = message.get(key)
  return value instanceof Link ? reader.load(value).then(asMessage) : asMessage(value)
}

function asMessage(value: Value | undefined): Message | undefined {
  return value instanceof Message ? value : undefined
}

/** @NOTE Only the id is taken from it: nobody has checked its signatures. */
function idOf(reader: MessageReader, process: Message): Promise<ProcessReference> {
  return canonical(reader, { id: messageId(process, 'all') })
}

/** The signed id behind any id of a stored process; an id not stored here stays as it is. */
function canonical(reader: MessageReader, reference: ProcessReference): Promise<ProcessReference> {
  return reader
    .canonicalId(reference.id)
    .then((id) => (id === undefined || id === reference.id ? reference : { ...reference, id }))
}

function parseReference(text: string): ProcessReference {
  const name = text.startsWith('/') ? text.slice(1) : text
  const [id = '', hint, ...rest] = name.split('?hint=')
  if (rest.length > 0 || !isId(id)) {
    throw new AoError('invalid-id', 'Expected a process id of 43 base64url characters', {
      length: text.length,
    })
  }
  return hint === undefined ? { id } : { id, hint }
}
