/**
 * Slots of a schedule over HTTP with everything that is stored of them: the lines of an archive. A
 * page in any codec leaves out the received bytes that some signatures of clients need as a proof.
 */
import { setImmediate } from 'node:timers/promises'
import { toText } from '../base/bytes.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { isBinary, type Value } from '../message/value.ts'
import { formatSlotLine, parseSlotLine } from './archive-line.ts'
import type { SlotAssignment } from './schedule-store.ts'

const CONTENT_TYPE = 'application/jsonl'
/** Most slots of a page. */
export const ARCHIVE_SLOTS = 64
/** Lines that are made without a pause. */
const PART_SLOTS = 16

/** Made a few at a time, so that others are served meanwhile. */
export async function formatArchive(assignments: readonly SlotAssignment[]): Promise<Message> {
  const lines: string[] = []
  for (const assignment of assignments) {
    if (lines.length % PART_SLOTS === PART_SLOTS - 1) await setImmediate()
    lines.push(`${await formatSlotLine(assignment)}\n`)
  }
  return new Message<Value>([
    ['content-type', CONTENT_TYPE],
    ['cache-control', 'no-store'],
    ['body', lines.join('')],
  ])
}

/** Whether a reply is such a page. */
export function isArchive(reply: Message): boolean {
  return textOf(reply, 'content-type') === CONTENT_TYPE
}

/**
 * The assignments of such a page from a slot on, up to the first that is not there.
 * @throws AoError `invalid-encoding`
 */
export function readArchive(reply: Message, from: number): SlotAssignment[] {
  const body = reply.get('body')
  const text = isBinary(body) ? (toText(body) ?? '') : ''
  const found = text.split('\n').flatMap((line) => (line === '' ? [] : [parseSlotLine(line)]))
  const end = found.findIndex(({ slot }, index) => slot !== from + index)
  return end < 0 ? found : found.slice(0, end)
}
