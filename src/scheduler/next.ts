/** `next`: the assignment after a process's state, for the device that computes it. */
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import type { SchedulerContext } from './context.ts'
import { findProcess } from './process-id.ts'
import { slotOf } from './read-schedule.ts'
import { ok, type Reply } from './reply.ts'

export async function getNext(
  context: SchedulerContext,
  base: Message,
  request: Message,
): Promise<Reply> {
  const atSlot = slotOf(base, 'at-slot')
  if (atSlot === undefined) {
    throw new AoError('invalid-request', 'Expected at-slot in the state whose next slot is asked')
  }
  const { id } = await findProcess(context.store, base, request)
  const assignment = await context.store.assignment(id, atSlot + 1)
  if (assignment === undefined) {
    const reason = 'Requested slot not yet available in schedule.'
    return {
      status: 404,
      value: new Message<Value>([
        ['status', 404],
        ['reason', reason],
      ]),
    }
  }
  return ok(
    new Message<Value>([
      ['body', assignment],
      ['state', base],
    ]),
  )
}
