/**
 * What of another scheduler's reply may be relied on: replies must be about the process, assignments
 * valid, signed by a scheduler of the process, consecutive and in one chain. Only keys that are
 * signed, or that a reply of its kind has, are kept, so that nothing else of a peer is passed on.
 */
import { AoError } from '../base/errors.ts'
import { verifyMessage } from '../codec/verify.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { follows } from './chain.ts'
import type { RemoteTarget, SlotRange } from './context.ts'
import { integerOf } from './location.ts'

/** The assignment that a peer made for a message. @throws AoError `remote-failed` */
export async function checkAssignment(
  reply: Message,
  target: RemoteTarget,
  scheduled: Message,
): Promise<Message> {
  const assignment = await signedBy(reply, target)
  if (assignment === undefined) throw failure('an assignment that its scheduler did not sign')
  assertProcess(assignment, target)
  assertType(assignment)
  const body = assignment.get('body')
  if (!(body instanceof Message) || messageId(body, 'all') !== messageId(scheduled, 'all')) {
    throw failure('an assignment of another message')
  }
  if ((integerOf(assignment, 'slot') ?? -1) < 0) throw failure('an assignment without a slot')
  return assignment
}

const SLOT_KEYS = [
  'process',
  'current',
  'timestamp',
  'block-height',
  'block-hash',
  'addresses',
  'cache-control',
]

/** The newest slot as a peer tells it; a node need not sign that. @throws AoError `remote-failed` */
export async function checkSlot(reply: Message, target: RemoteTarget): Promise<Message> {
  const slot = (await signedBy(reply, target)) ?? onlyKeys(reply, SLOT_KEYS)
  assertProcess(slot, target)
  if ((integerOf(slot, 'current') ?? -2) < -1) throw failure('no number of the newest slot')
  return slot
}

const PAGE_KEYS = [
  'type',
  'process',
  'continues',
  'timestamp',
  'block-height',
  'block-hash',
  'assignments',
]

/**
 * A page of a schedule. Older nodes leave the signatures of assignments out: there the signature of
 * the whole page must do. @throws AoError `remote-failed`
 */
export async function checkPage(
  reply: Message,
  target: RemoteTarget,
  { from, to = Number.POSITIVE_INFINITY }: SlotRange,
): Promise<Message> {
  const signed = await signedBy(reply, target)
  const page = signed ?? onlyKeys(reply, PAGE_KEYS)
  assertProcess(page, target)
  let before: Message | undefined
  for (const [slot, assignment] of slotsOf(page)) {
    const expected = before === undefined ? from : (integerOf(before, 'slot') ?? 0) + 1
    if (slot !== expected || slot > to) throw failure('slots that were not asked for', slot)
    await assertInPage(assignment, { target, slot, isPageSigned: signed !== undefined })
    if (before !== undefined && !follows(assignment, before)) {
      throw failure('an assignment that does not follow from the one before', slot)
    }
    before = assignment
  }
  return page
}

function slotsOf(page: Message): [number, Message][] {
  const assignments = page.get('assignments')
  if (!(assignments instanceof Message)) throw failure('a page without assignments')
  const slots: [number, Message][] = []
  for (const [key, assignment] of assignments) {
    if (!/^\d{1,15}$/.test(key)) continue
    if (!(assignment instanceof Message)) throw failure('an assignment that is no message')
    slots.push([Number(key), assignment])
  }
  return slots.sort(([left], [right]) => left - right)
}

interface PagePlace {
  readonly target: RemoteTarget
  readonly slot: number
  readonly isPageSigned: boolean
}

async function assertInPage(assignment: Message, place: PagePlace): Promise<void> {
  const { target, slot, isPageSigned } = place
  assertProcess(assignment, target)
  assertType(assignment)
  if (integerOf(assignment, 'slot') !== slot) throw failure('an assignment at another slot', slot)
  const signed = await signedBy(assignment, target)
  if (signed === undefined && !isPageSigned) {
    throw failure('an assignment that its scheduler did not sign', slot)
  }
  if (signed !== undefined && signed.size !== assignment.size) {
    throw failure('an assignment with keys that are not signed', slot)
  }
}

/**
 * The message, only what is signed of it, if a scheduler of the process signed it; `undefined` if
 * nobody did. A hint may lead to the scheduler of a process that this node does not know: then any
 * signature will do. @throws AoError `remote-failed` for a signature that does not hold.
 */
async function signedBy(
  message: Message,
  { schedulers }: RemoteTarget,
): Promise<Message | undefined> {
  const { valid, signers } = await verifyMessage(message)
  if (!valid) throw failure('a message whose signature does not hold')
  if (signers.length === 0) return undefined
  if (schedulers.length > 0 && !signers.some((signer) => schedulers.includes(signer))) {
    throw failure('a message that somebody else signed')
  }
  return withOnlyCommitted(message)
}

function onlyKeys(message: Message, keys: readonly string[]): Message {
  return new Message([...message].filter(([key]) => keys.includes(key)))
}

/** A reply that some other node signed has a status, and says whatever its client wanted. */
function assertType(assignment: Message): void {
  if (textOf(assignment, 'type') === 'Assignment' && !assignment.has('status')) return
  throw failure('something that is no assignment')
}

function assertProcess(message: Message, { processId }: RemoteTarget): void {
  const process = textOf(message, 'process')
  if (process === processId) return
  throw failure(process === undefined ? 'something that is no schedule' : 'for another process')
}

function failure(answer: string, slot?: number): AoError {
  return new AoError('remote-failed', `The remote scheduler answered ${answer}`, { slot })
}
