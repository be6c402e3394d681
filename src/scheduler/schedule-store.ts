/**
 * Schedules in a store. Under `~scheduler@1.0/`: `heads/<pid>` where a process stands,
 * `assignments/<pid>/<slot>` a link to each assignment, `published/<pid>` how many slots a bundler
 * has. The assignment and its message are ordinary messages of the cache; `messages/<id>@<pid>`
 * leads from a scheduled message to its first assignment. Stores of earlier versions have that at
 * `by-message/<pid>/<id>`, which is read, but not written any more.
 */

import { AoError } from '../base/errors.ts'
import { createMessageReader, type MessageReader } from '../cache/cache.ts'
import { type PreparedMessage, prepareMessage } from '../cache/prepare.ts'
import { createStoredReader, type ReadStored } from '../cache/stored-messages.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import type { Store, StoreLink, StoreWrite } from '../store/store.ts'
import type { ChainState } from './chain.ts'
import { dataBytes } from './data-bytes.ts'
import { isProcess } from './process-id.ts'

const ROOT = '~scheduler@1.0'
const HEADS = `${ROOT}/heads`
const ASSIGNMENTS = `${ROOT}/assignments`
const BY_MESSAGE = `${ROOT}/by-message`
const PUBLISHED = `${ROOT}/published`
/** Assignments that are read at once. */
const PART_SLOTS = 64
/** Names of slots have so many digits, so that their order as text is their order as numbers. */
const SLOT_DIGITS = 16

/** Where a process stands: all that the next assignment needs to know of those before it. */
export interface Head extends ChainState {
  /** Last assigned slot. */
  readonly slot: number
  /** Of the last assignment; the next one is never earlier. */
  readonly timestamp: number
}

/** A signed assignment, ready to be written. */
export interface AppendEntry {
  readonly head: Head
  readonly assignment: PreparedMessage
  /** id(all) of the scheduled message. */
  readonly messageId: string
}

export interface SlotPage {
  readonly from: number
  readonly limit: number
  /** Bytes of messages after which no further one is read. Default no limit. */
  readonly limitBytes?: number
}

export interface SlotAssignment {
  readonly slot: number
  /** Everything in it is loaded. */
  readonly message: Message
  /** Whether it came without the received bytes that some signatures need as a proof. */
  readonly lacksReceived?: boolean
}

/** Where an assignment is. */
export interface SlotLink {
  readonly slot: number
  /** id(all) of the assignment. */
  readonly id: string
}

export interface ScheduleStore extends MessageReader {
  /** Messages by id with all bytes of them, made when they are asked for. */
  readonly readStored: ReadStored
  head(processId: string): Promise<Head | undefined>
  /** The assignment of a slot with everything in it loaded, or `undefined`. */
  assignment(processId: string, slot: number): Promise<Message | undefined>
  /**
   * Assignments of consecutive slots, from one on; fewer than asked at the end, at a gap, or when
   * they are large.
   */
  assignments(processId: string, range: SlotPage): Promise<SlotAssignment[]>
  /** The same, but only where they are. */
  slots(processId: string, range: Omit<SlotPage, 'limitBytes'>): Promise<SlotLink[]>
  /** The first slot from one on that has an assignment. */
  nextSlot(processId: string, from: number): Promise<number | undefined>
  /** The first assignment of a message in the schedule of a process, if it has one. */
  assignmentOf(processId: string, messageId: string): Promise<Message | undefined>
  /** Ids of processes that have a schedule here, ordered. Default limit 1,000. */
  processes(options?: { readonly from?: string; readonly limit?: number }): Promise<string[]>
  /** How many slots of a process a bundler has, from the first on. */
  publishedSlots(processId: string): Promise<number>
  setPublishedSlots(processId: string, slots: number): Promise<void>
  /** Keeps a message that is in no schedule here; its signatures must have been verified. */
  keep(message: Message): Promise<void>
  /**
   * Writes assignments in order, and what else is given, all in one transaction; resolves when they
   * are durable.
   */
  append(
    processId: string,
    entries: readonly AppendEntry[],
    more?: readonly StoreWrite[],
  ): Promise<void>
}

export function createScheduleStore(store: Store): ScheduleStore {
  const reader = createMessageReader(store)
  const readStored = createStoredReader(store)
  const slots: ScheduleStore['slots'] = async (processId, { from, limit }) => {
    const range = { from: slotName(from), limit }
    const links = await store.links(`${ASSIGNMENTS}/${processId}`, range)
    return consecutive(links, from)
  }
  const read = async (path: string): Promise<Message | undefined> => {
    const target = await store.resolve(path)
    if (target === path) return undefined
    const id = target.slice(target.lastIndexOf('/') + 1)
    const assignment = await reader.readCommitted(id)
    return assignment && reader.loadAll(assignment)
  }
  let isOlder: Promise<boolean> | undefined
  const hasOlder = (): Promise<boolean> => {
    isOlder ??= store.kindOf(BY_MESSAGE).then((kind) => kind === 'group')
    // What could not be read is asked again.
    isOlder.catch(() => {
      isOlder = undefined
    })
    return isOlder
  }
  const inTurn = createSequences()
  const commitNamed = (processes: readonly Message[], writes: readonly StoreWrite[]) => {
    if (processes.length === 0) return store.commit(writes)
    let commit = async () => store.commit(await keepNames(store, processes, writes))
    const ids = new Set(processes.map((process) => messageId(process, 'none')))
    for (const id of [...ids].sort()) {
      const next = commit
      commit = () => inTurn(id, next)
    }
    return commit()
  }
  return {
    ...reader,
    head: async (processId) => {
      const bytes = await store.get(`${HEADS}/${processId}`)
      return bytes && parseHead(bytes, processId)
    },
    assignment: (processId, slot) => read(slotPath(processId, slot)),
    assignments: async (processId, range) =>
      readAssignments(readStored, await slots(processId, range), range.limitBytes),
    slots,
    readStored,
    nextSlot: async (processId, from) => {
      const options = { from: slotName(from), limit: 1 }
      const [name] = await store.list(`${ASSIGNMENTS}/${processId}`, options)
      return name === undefined ? undefined : Number(name)
    },
    assignmentOf: async (processId, messageId) => {
      const older = `${BY_MESSAGE}/${processId}/${messageId}`
      const first = (await hasOlder()) ? await read(older) : undefined
      return first ?? read(firstPath(processId, messageId))
    },
    processes: (options) => store.list(HEADS, options),
    publishedSlots: async (processId) => {
      const bytes = await store.get(`${PUBLISHED}/${processId}`)
      const slots = bytes === undefined ? 0 : Number(Buffer.from(bytes).toString())
      // Of a number that cannot be read nothing is lost: a bundler takes the same item again.
      return Number.isSafeInteger(slots) ? slots : 0
    },
    setPublishedSlots: (processId, slots) => {
      const value = Buffer.from(String(slots))
      return store.commit([{ kind: 'value', path: `${PUBLISHED}/${processId}`, value }])
    },
    keep: (message) => commitNamed([message], prepareMessage(message).writes),
    append: async (processId, entries, more = []) => {
      const writes = appendWrites(processId, entries)
      for (const write of more) writes.push(write)
      try {
        await commitNamed(processesIn(entries), writes)
      } catch (error) {
        if (!(await isWritten(store, processId, entries))) throw error
      }
    },
  }
}

async function readAssignments(
  readStored: ReadStored,
  links: readonly SlotLink[],
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<SlotAssignment[]> {
  const found: SlotAssignment[] = []
  let left = limitBytes
  while (found.length < links.length && left > 0) {
    const part = links.slice(found.length, found.length + PART_SLOTS)
    const stored = await readStored(part.map(({ id }) => id))
    for (const [index, { slot }] of part.entries()) {
      const message = stored[index]?.message()
      if (message === undefined || left <= 0) return found
      left -= dataBytes(message)
      found.push({ slot, message })
    }
  }
  return found
}

function appendWrites(processId: string, entries: readonly AppendEntry[]): StoreWrite[] {
  const last = entries.at(-1)
  if (last === undefined) return []
  const writes: StoreWrite[] = []
  for (const { head, assignment, messageId } of entries) {
    const target = `messages/${assignment.id}`
    for (const write of assignment.writes) writes.push(write)
    writes.push({ kind: 'link', path: slotPath(processId, head.slot), target })
    // Who posts a message again asks for the slot that it has.
    writes.push({ kind: 'link', path: firstPath(processId, messageId), target, onlyNew: true })
  }
  writes.push({
    kind: 'value',
    path: `${HEADS}/${processId}`,
    value: headBytes(last.head),
  })
  return writes
}

function headBytes(head: Head): Buffer {
  return Buffer.from(JSON.stringify(head))
}

/**
 * Whether assignments are there although the store said that writing them failed, as when only its
 * answer was lost. The next message would take the slot of another one that readers have seen.
 */
async function isWritten(
  store: Store,
  processId: string,
  entries: readonly AppendEntry[],
): Promise<boolean> {
  const last = entries.at(-1)
  const stored = await store.get(`${HEADS}/${processId}`).catch(() => undefined)
  return stored !== undefined && last !== undefined && headBytes(last.head).equals(stored)
}

/**
 * An id stays the name of the process that had it first: whoever signs the content of a process
 * again, or adds a signature to it, must not draw its messages away.
 */
async function keepNames(
  store: Store,
  processes: readonly Message[],
  writes: readonly StoreWrite[],
): Promise<readonly StoreWrite[]> {
  const taken = new Set<string>()
  for (const path of processes.flatMap(namesOf)) {
    if ((await store.kindOf(path)) !== undefined) taken.add(path)
  }
  if (taken.size === 0) return writes
  return writes.filter(({ kind, path }) => kind !== 'link' || !taken.has(path))
}

/** Where links to a process are, besides its id. */
function namesOf(process: Message): string[] {
  const ids = [messageId(process, 'none'), ...process.commitments.keys()]
  return ids.map((id) => `messages/${id}`)
}

function processesIn(entries: readonly AppendEntry[]): Message[] {
  const processes: Message[] = []
  for (const { assignment } of entries) {
    const body = assignment.message.get('body')
    if (body instanceof Message && isProcess(body)) processes.push(body)
  }
  return processes
}

/** Runs what is given for one key one after the other, and different keys side by side. */
function createSequences(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (key, run) => {
    const next = (last.get(key) ?? Promise.resolve()).then(run)
    const settled = next.catch(() => undefined)
    last.set(key, settled)
    try {
      return await next
    } finally {
      if (last.get(key) === settled) last.delete(key)
    }
  }
}

/** Links of slots from one on, up to the first that is missing. */
function consecutive(links: readonly StoreLink[], from: number): SlotLink[] {
  const slots: SlotLink[] = []
  for (const { name, target } of links) {
    const slot = Number(name)
    if (slot !== from + slots.length || target === undefined) break
    slots.push({ slot, id: target.slice(target.lastIndexOf('/') + 1) })
  }
  return slots
}

/** Beside the message, so that both are written in one place of an ordered store. */
function firstPath(processId: string, messageId: string): string {
  return `messages/${messageId}@${processId}`
}

function slotPath(processId: string, slot: number): string {
  return `${ASSIGNMENTS}/${processId}/${slotName(slot)}`
}

function slotName(slot: number): string {
  return String(slot).padStart(SLOT_DIGITS, '0')
}

function parseHead(bytes: Uint8Array, processId: string): Head {
  try {
    const head = JSON.parse(Buffer.from(bytes).toString('utf8')) as Head
    if (Number.isSafeInteger(head.slot) && typeof head.baseHashpath === 'string') return head
  } catch {
    // Falls through to the one error below.
  }
  throw new AoError('store-failed', 'The head of a schedule is corrupted; restore the store', {
    process: processId,
  })
}
