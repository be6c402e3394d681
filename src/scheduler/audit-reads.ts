/** The part of an audit that reads an assignment in every other way and compares what comes. */

import { isSigned } from '../message/commitment.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { messageId as idOf, unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { type Finding, finding } from './audit-finding.ts'
import type { ScheduleSource } from './audit-source.ts'
import type { AuditedSlot } from './auditor.ts'
import { integerOf } from './location.ts'

/** Compares what a page gave with the reads by slot, by id and by message. */
export async function auditReads(
  source: ScheduleSource,
  processId: string,
  audited: AuditedSlot,
): Promise<Finding[]> {
  const { slot, assignment, assignmentId, message, messageId } = audited
  const reads = [
    compare('assignment by slot', slot, assignment, () => source.assignment(processId, slot)),
    compare('assignment by id', slot, assignment, () => source.message(assignmentId)),
  ]
  if (message !== undefined && messageId !== undefined) {
    reads.push(
      compare('message by id', slot, message, () => source.message(messageId)),
      compareByMessage(source, processId, audited),
    )
  }
  return (await Promise.all(reads)).flat()
}

async function compare(
  what: string,
  slot: number,
  expected: Message,
  read: () => Promise<Message | undefined>,
): Promise<Finding[]> {
  try {
    const found = await read()
    if (found === undefined) return [finding('reads-differ', slot, `The ${what} is not found`)]
    if (isSame(found, expected)) return []
    return [finding('reads-differ', slot, `The ${what} is another one than in the page`)]
  } catch (error) {
    return [unreadable(what, slot, error)]
  }
}

/** The index of messages leads to the first slot of each. */
async function compareByMessage(
  { assignmentOf }: ScheduleSource,
  processId: string,
  { slot, assignment, messageId = '' }: AuditedSlot,
): Promise<Finding[]> {
  const what = 'assignment by message'
  if (assignmentOf === undefined) return []
  try {
    const found = await assignmentOf(processId, messageId)
    const first = found && integerOf(found, 'slot')
    if (found && first !== undefined && first < slot && holdsMessage(found, messageId)) {
      return [finding('message-repeated', slot, `The message is there before at slot ${first}`)]
    }
    return compare(what, slot, assignment, async () => found)
  } catch (error) {
    return [unreadable(what, slot, error)]
  }
}

function holdsMessage(assignment: Message, id: string): boolean {
  const body = assignment.get('body')
  return body instanceof Message && idOf(body, 'all') === id
}

function unreadable(what: string, slot: number, error: unknown): Finding {
  const reason = error instanceof Error ? error.message : String(error)
  return finding('reads-differ', slot, `The ${what} cannot be read: ${reason}`)
}

/**
 * Whether a message that was read has the commitments of another and says the same under them. A
 * reply over HTTP may have more keys, and the signature of the node on itself.
 */
function isSame(found: Message, expected: Message): boolean {
  const ids = namingIds(expected)
  const [left, right] = [found, expected].map((message) => {
    const kept = [...message.commitments].filter(([id]) => ids.includes(id))
    if (kept.length < ids.length) return undefined
    return unsignedId(withOnlyCommitted(message.withCommitments(new Map(kept))))
  })
  return left !== undefined && left === right
}

function namingIds({ commitments }: Message): string[] {
  const all = [...commitments]
  const signed = all.filter(([, commitment]) => isSigned(commitment))
  return (signed.length > 0 ? signed : all).map(([id]) => id)
}
