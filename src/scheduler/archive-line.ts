/**
 * A schedule as JSON lines: a header that names the process, then a line for each slot. What an
 * assignment has as its body stands beside it, so that both can be read without the other.
 */
import { AoError } from '../base/errors.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Link, type Value } from '../message/value.ts'
import { type ArchivedMessage, archiveMessage, restoreMessage } from './archive-message.ts'
import type { SlotAssignment } from './schedule-store.ts'

const FORMAT = 1

/** The first line of an archive. */
export interface ArchiveHeader {
  readonly processId: string
  /** Slots that follow, both ends inclusive. */
  readonly from: number
  readonly to: number
  /** The process message; absent where the source did not know it. */
  readonly process?: Message
}

interface HeaderLine {
  readonly 'ao-schedule': number
  readonly process: string
  readonly from: number
  readonly to: number
  readonly message?: ArchivedMessage
}

interface SlotLine {
  readonly slot: number
  /** id(all) of the assignment, for readers that look for it. */
  readonly id: string
  readonly 'message-id'?: string
  readonly message?: ArchivedMessage
  readonly assignment: ArchivedMessage
}

export async function formatHeaderLine(header: ArchiveHeader): Promise<string> {
  const { processId, from, to, process } = header
  const line: HeaderLine = {
    ...{ 'ao-schedule': FORMAT, process: processId, from, to },
    ...(process === undefined ? {} : { message: await archiveMessage(process) }),
  }
  return JSON.stringify(line)
}

/** @throws AoError `invalid-encoding` for anything else, also for a later format. */
export function parseHeaderLine(text: string): ArchiveHeader {
  const line = parseObject(text)
  if (line['ao-schedule'] !== FORMAT) {
    throw invalid(`the header of an archive of format ${FORMAT}: {"ao-schedule":${FORMAT},...}`)
  }
  const { process, from, to, message } = line
  if (typeof process !== 'string' || !/^[\w-]{43}$/.test(process))
    throw invalid('a process id in the header')
  const header = { processId: process, from: slotIn(from), to: slotIn(to) }
  return message === undefined ? header : { ...header, process: restoreMessage(message) }
}

export async function formatSlotLine({ slot, message }: SlotAssignment): Promise<string> {
  const body = message.get('body')
  const id = messageId(message, 'all')
  if (!(body instanceof Message)) {
    return JSON.stringify({ slot, id, assignment: await archiveMessage(message) })
  }
  const bodyId = messageId(body, 'all')
  const line: SlotLine = {
    ...{ slot, id, 'message-id': bodyId },
    message: await archiveMessage(body),
    assignment: await archiveMessage(withBody(message, new Link(bodyId))),
  }
  return JSON.stringify(line)
}

/**
 * The assignment of a line, its message in place. Nothing is checked but the form.
 * @throws AoError `invalid-encoding`, and what the codecs throw.
 */
export function parseSlotLine(text: string): SlotAssignment {
  const { slot, assignment, message } = parseObject(text)
  const restored = restoreMessage(assignment)
  const whole = message === undefined ? restored : withBody(restored, restoreMessage(message))
  return { slot: slotIn(slot), message: whole }
}

/** The assignment with its message in place of the link to it. */
export function withBody(assignment: Message, body: Value): Message {
  const entries = [...assignment].map(([key, v]) => [key, key === 'body' ? body : v] as const)
  return new Message<Value>(entries, assignment.commitments, assignment.priv)
}

function slotIn(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalid('a slot that is a whole number')
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>
  } catch (cause) {
    throw new AoError('invalid-encoding', 'Expected one JSON object on a line', {}, cause)
  }
  throw invalid('one JSON object on a line')
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected ${expected}`)
}
