/**
 * What every message needs to know of its process: who schedules it, and how its assignments are
 * made. To read and decode the whole process for each message takes as long as to store the message.
 */
import { LruMap } from '../base/lru-map.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'

/** The keys of a process that the scheduler obeys. */
const FACTS = [
  'type',
  'scheduler',
  'scheduler-location',
  'scheduler-commitment-spec',
  'hashpath-alg',
] as const

type ReadProcess = (id: string) => Promise<Message | undefined>

/**
 * Reads of processes by their signed id, each remembered with the keys above alone. What is known
 * stays true: an id is that of its content. Other ids of a process are looked up each time.
 */
export function createKnownProcesses(read: ReadProcess, capacity = 10_000): ReadProcess {
  const known = new LruMap<string, Message>(capacity)
  const learn = async (id: string): Promise<Message | undefined> => {
    const process = await read(id)
    if (process === undefined || messageId(process, 'all') !== id) return process
    const found = factsOf(process)
    known.set(id, found)
    return found
  }
  return (id) => {
    const facts = known.get(id)
    return facts === undefined ? learn(id) : Promise.resolve(facts)
  }
}

function factsOf(process: Message): Message {
  const facts: [string, Value][] = []
  for (const key of FACTS) {
    const value = process.get(key)
    if (value !== undefined) facts.push([key, value])
  }
  return new Message(facts)
}
