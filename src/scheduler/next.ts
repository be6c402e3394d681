/**
 * `next`: the assignment after a process's state, for the device that computes it. It comes from this
 * node's schedule, or from the scheduler of the process, several at a time.
 */
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import type { SchedulerContext } from './context.ts'
import { dataBytes } from './data-bytes.ts'
import { type PageAssignment, parsePage } from './formats.ts'
import { handOn } from './hand-on.ts'
import { locateScheduler } from './locate.ts'
import { createLookAhead, type LookAhead } from './look-ahead.ts'
import { locateDeps } from './post-schedule.ts'
import { findProcess, type ProcessReference } from './process-id.ts'
import { slotOf } from './read-schedule.ts'
import { ok, type Reply } from './reply.ts'

/** Slots that are read at once, and processes that this is done for. */
const LOOK_AHEAD = { slots: 16, processes: 64 }
/** Bytes of messages that are kept ahead for one process. */
const MAX_AHEAD_BYTES = 16 * 1_024 * 1_024

export function createNext(
  context: SchedulerContext,
): (base: Message, request: Message) => Promise<Reply> {
  const lookAhead = createLookAhead(LOOK_AHEAD)
  return (base, request) => getNext({ context, lookAhead }, base, request)
}

interface NextParts {
  readonly context: SchedulerContext
  readonly lookAhead: LookAhead
}

async function getNext(parts: NextParts, base: Message, request: Message): Promise<Reply> {
  const atSlot = slotOf(base, 'at-slot')
  if (atSlot === undefined) {
    throw new AoError('invalid-request', 'Expected at-slot in the state whose next slot is asked')
  }
  const reference = await findProcess(parts.context.store, base, request)
  const source = new ScheduleSource(parts.context, reference, request)
  const assignment = await parts.lookAhead.take(reference.id, atSlot + 1, (from, limit) =>
    source.read(from, limit),
  )
  if (assignment === undefined) return source.refusal ?? notAvailable()
  return ok(
    new Message<Value>([
      ['body', assignment.message],
      ['state', base],
    ]),
  )
}

function notAvailable(): Reply {
  return {
    status: 404,
    value: new Message<Value>([
      ['status', 404],
      ['reason', 'Requested slot not yet available in schedule.'],
    ]),
  }
}

/** The schedule of one process, wherever it is. */
class ScheduleSource {
  readonly #context: SchedulerContext
  readonly #reference: ProcessReference
  readonly #request: Message
  /** Why the scheduler of the process did not give its schedule. */
  refusal: Reply | undefined

  constructor(context: SchedulerContext, reference: ProcessReference, request: Message) {
    this.#context = context
    this.#reference = reference
    this.#request = request
  }

  async read(from: number, limit: number): Promise<readonly PageAssignment[]> {
    const { store } = this.#context
    const stored = await store.assignments(this.#reference.id, { from, limit })
    return withinBytes(stored.length > 0 ? stored : await this.#readRemote(from, limit))
  }

  async #readRemote(from: number, limit: number): Promise<readonly PageAssignment[]> {
    const context = this.#context
    const located = await locateScheduler(locateDeps(context), this.#reference)
    if (located.kind !== 'remote') return []
    const range = { from, to: from + limit - 1 }
    const reply = await handOn(context, { located, request: this.#request }, (target) =>
      context.remote.schedule(target, range),
    )
    if (reply.status === 200 && reply.value instanceof Message) {
      return parsePage(reply.value).assignments
    }
    this.refusal = reply
    return []
  }
}

/** Of huge messages one at a time is enough. */
function withinBytes(assignments: readonly PageAssignment[]): readonly PageAssignment[] {
  let bytes = 0
  return assignments.filter(({ message }, index) => {
    bytes += dataBytes(message)
    return index === 0 || bytes <= MAX_AHEAD_BYTES
  })
}
