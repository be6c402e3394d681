/**
 * Which process a base stands for, and the state that its computation starts from. A base may come
 * from anybody, with any keys: only the id of its process is taken from it, the process itself from
 * the store, where nothing lies that was not verified.
 */
import type { MessageReader } from '../cache/cache.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import { isProcess } from '../scheduler/process-id.ts'

export interface KnownProcess {
  /** The one id that all others of the process lead to. */
  readonly id: string
  /** Its committed keys with its commitments, everything in it loaded. */
  readonly message: Message
}

export type ProcessReader = Pick<MessageReader, 'canonicalId' | 'readCommitted' | 'loadAll'>

/** The process of a base: its key `process`, else what it was loaded from, else itself. */
export async function findProcess(
  reader: ProcessReader,
  base: Message,
): Promise<KnownProcess | undefined> {
  const id = await reader.canonicalId(namedId(base))
  const found = id === undefined ? undefined : await reader.readCommitted(id)
  if (id === undefined || found === undefined || !isProcess(found)) return undefined
  return { id, message: await reader.loadAll(withOnlyCommitted(found)) }
}

/** @NOTE Nothing is said about who signed a base: the id only leads to what is stored. */
function namedId(base: Message): string {
  const process = base.get('process')
  if (process instanceof Link) return process.id
  if (process instanceof Message) return messageId(process, 'all')
  return base.priv.loadedFrom ?? messageId(base, 'all')
}

/** The keys of a process, unsigned, and under `process` the process itself. */
export function firstState({ message }: KnownProcess): Message {
  return new Message<Value>([...message, ['process', message]])
}
