/** A schedule as a node gives it over HTTP to everybody: a source for audits and exports. */

import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { isBinary, isList } from '../message/value.ts'
import { isArchive, readArchive } from './archive-page.ts'
import type { ScheduleSource } from './audit-source.ts'
import { integerOf } from './location.ts'
import type { SlotAssignment } from './schedule-store.ts'

/**
 * Asks the node for a path, everything inline.
 * @throws AoError `remote-failed` when it does not answer with a message.
 */
export type GetMessage = (
  path: string,
) => Promise<{ readonly status: number; readonly message: Message }>

/** Slots that are asked for one by one behind a gap, before the rest is taken for missing. */
const MAX_PROBES = 100

/**
 * Asks the scheduler itself, since a process need not have a device that does, and for an archive,
 * which nodes that know none answer as any page.
 */
export function createNodeSource(get: GetMessage): ScheduleSource {
  const assignments = async (processId: string, from: number, to: number) => {
    const query = `target=${processId}&from=${from}&to=${to}&archive=true`
    const page = await read(get, `/~scheduler@1.0/schedule?${query}`)
    return page !== undefined && isArchive(page) ? readArchive(page, from) : inPage(page, from)
  }
  // In another way than the pages, so that the two can be compared.
  const assignment = async (processId: string, slot: number): Promise<Message | undefined> => {
    const query = `target=${processId}&from=${slot}&to=${slot}`
    return inPage(await read(get, `/~scheduler@1.0/schedule?${query}`), slot)[0]?.message
  }
  const message = (id: string): Promise<Message | undefined> => read(get, `/${id}`)
  const head = async (processId: string): Promise<{ slot: number } | undefined> => {
    const reply = await read(get, `/~scheduler@1.0/slot?target=${processId}`)
    const slot = reply && integerOf(reply, 'current')
    return slot === undefined || slot < 0 ? undefined : { slot }
  }
  return {
    processes: () => processesOf(get),
    process: message,
    head,
    assignments: (processId, { from, limit }) => assignments(processId, from, from + limit - 1),
    nextSlot: async (processId, from) => {
      const newest = (await head(processId))?.slot ?? -1
      const last = Math.max(from, Math.min(newest, from + MAX_PROBES - 1))
      for (let slot = from; slot <= last; slot++) {
        if ((await assignment(processId, slot)) !== undefined) return slot
      }
      return undefined
    },
    assignment,
    message,
  }
}

/** The reply's message, `undefined` for 404. @throws AoError `remote-failed` with the status. */
async function read(get: GetMessage, path: string): Promise<Message | undefined> {
  const { status, message } = await get(path)
  if (status === 404) return undefined
  if (status === 200) return message
  throw new AoError('remote-failed', `The node answered ${status} for ${path.split('?')[0]}`, {
    status,
  })
}

/** The assignments of a page from a slot on, up to the first that is not there. */
function inPage(page: Message | undefined, from: number): SlotAssignment[] {
  const slots = page?.get('assignments')
  const found: SlotAssignment[] = []
  if (!(slots instanceof Message)) return found
  for (let slot = from; ; slot++) {
    const message = slots.get(String(slot))
    if (!(message instanceof Message)) return found
    found.push({ slot, message, lacksReceived: true })
  }
}

async function* processesOf(get: GetMessage): AsyncGenerator<string> {
  for (let last: string | undefined = ''; last !== undefined; ) {
    const query: string = last === '' ? '' : `?from=${last}`
    const listed = idsIn(await read(get, `/~scheduler@1.0/status${query}`)).toSorted()
    // The page begins with the id that was asked from; nodes that know no paging begin anew.
    const found = listed.slice(listed.indexOf(last) + 1)
    yield* found
    last = last !== '' && listed[0] !== last ? undefined : found.at(-1)
  }
}

function idsIn(reply: Message | undefined): string[] {
  const list = reply?.get('processes')
  const values = list instanceof Message ? [...list].map(([, value]) => value) : list
  if (!isList(values)) return []
  return values.flatMap((value) => (isBinary(value) ? (toText(value) ?? []) : []))
}
