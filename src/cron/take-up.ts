/** What becomes, at the start of a node, of runs that its end cut off. */
import type { Task } from './task.ts'

/**
 * A message of a process that was signed is owed still, under its id. All else that had begun of an
 * active task counts as missed time and goes by the policy of the task; of one that is paused it is
 * left out.
 */
export function takeUp(task: Task): void {
  const { intent, unsettled } = task
  if (unsettled.length === 0 && intent === undefined) return
  const isBegun = intent !== undefined && unsettled.includes(intent.due)
  if (!isBegun) delete task.intent
  task.unsettled = isBegun ? [intent.due] : []
  const cutOff = unsettled.filter((due) => !task.unsettled.includes(due))
  task.runs -= cutOff.length
  if (task.state === 'active') task.live.leftOvers = cutOff
  else task.missedRuns += cutOff.length
}
