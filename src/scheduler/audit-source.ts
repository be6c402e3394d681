/** Where an audit reads a schedule from: the seam, and its form over a store. */
import type { Message } from '../message/message.ts'
import type { Head, ScheduleStore, SlotAssignment, SlotPage } from './schedule-store.ts'

/** Where a process stands, as far as the source can tell: the slot, and the chains from a store. */
export type SourceHead = Pick<Head, 'slot'> & Partial<Head>

/** Every read throws an AoError for what is there but cannot be read. */
export interface ScheduleSource {
  /** Ids of the processes that have a schedule, in pages of the source. */
  processes(): AsyncIterable<string>
  /** The process message itself, also where it is not in the schedule. */
  process(processId: string): Promise<Message | undefined>
  head(processId: string): Promise<SourceHead | undefined>
  /** Assignments of consecutive slots, everything in them loaded; shorter at the end or a gap. */
  assignments(processId: string, range: SlotPage): Promise<SlotAssignment[]>
  /** The first slot from one on that has an assignment, as far as the source cares to look. */
  nextSlot(processId: string, from: number): Promise<number | undefined>
  /** The assignment of one slot. */
  assignment(processId: string, slot: number): Promise<Message | undefined>
  /** A message by its id, everything in it loaded. */
  message(id: string): Promise<Message | undefined>
  /** The newest assignment of a message in the schedule, where the source has an index of them. */
  assignmentOf?(processId: string, messageId: string): Promise<Message | undefined>
}

/** Ids that one look into the store lists. */
const LIST_LIMIT = 1_000

export function createStoreSource(store: ScheduleStore): ScheduleSource {
  const message = async (id: string): Promise<Message | undefined> => {
    const found = await store.read(id)
    return found && store.loadAll(found)
  }
  return {
    processes: () => processesOf(store),
    process: message,
    head: (processId) => store.head(processId),
    assignments: (processId, range) => store.assignments(processId, range),
    nextSlot: (processId, from) => store.nextSlot(processId, from),
    assignment: (processId, slot) => store.assignment(processId, slot),
    message,
    assignmentOf: (processId, messageId) => store.assignmentOf(processId, messageId),
  }
}

async function* processesOf(store: ScheduleStore): AsyncGenerator<string> {
  for (let from: string | undefined = ''; from !== undefined; ) {
    const options = { limit: LIST_LIMIT, ...(from === '' ? {} : { from }) }
    const found: string[] = await store.processes(options)
    yield* from === '' ? found : found.filter((id) => id !== from)
    from = found.length < LIST_LIMIT ? undefined : found.at(-1)
  }
}
