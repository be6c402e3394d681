/** What becomes, at the start of a node, of runs that its end cut off. */
import type { Task } from './task.ts'

/**
 * A message of a process that was signed is owed still, under its id. All else that had begun of an
 * active task is noted as left over and stays begun, as its record says, until `giveBack`; of a task
 * that is paused it is left out.
 */
export function takeUp(task: Task): void {
  const { intent, unsettled } = task
  if (unsettled.length === 0 && intent === undefined) return
  const begun = begunMessage(task)
  if (begun === undefined) delete task.intent
  task.live.leftOvers = unsettled.filter((due) => due !== begun)
  if (task.state !== 'active') task.missedRuns += giveBack(task).length
}

/** The due time of a message that was signed, and may be scheduled or not. */
export function begunMessage({ intent, unsettled }: Task): number | undefined {
  return intent !== undefined && unsettled.includes(intent.due) ? intent.due : undefined
}

/** The due times that were left over, now as if they had never begun: due, and missed. */
export function giveBack(task: Task): readonly number[] {
  const { leftOvers } = task.live
  if (leftOvers.length === 0) return leftOvers
  task.live.leftOvers = []
  task.runs -= leftOvers.length
  task.unsettled = task.unsettled.filter((due) => !leftOvers.includes(due))
  return leftOvers
}
