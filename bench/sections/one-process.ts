/** All messages for one process: with base hashpaths signatures are made one after the other. */
import type { Row } from '../row.ts'
import { runScheduleLoad } from '../schedule-load.ts'
import { type RateGoal, scheduleRows } from '../schedule-rows.ts'
import type { Section } from '../section.ts'

const GOALS = {
  'base-hashpath': { limit: 'serial', atLeast: 0.8 },
  'hash-chain': { limit: 'parallel', atLeast: 0.75 },
} as const satisfies Record<string, RateGoal>

export const benchOneProcess: Section = async ({ size }) => {
  const rows: Row[] = []
  for (const assignmentChain of ['base-hashpath', 'hash-chain'] as const) {
    const result = await runScheduleLoad({
      ...{ processes: 1, messages: size(6_000, 300), options: { assignmentChain } },
    })
    const name = `schedule, one process, ${assignmentChain}`
    rows.push(...scheduleRows(name, result, GOALS[assignmentChain]))
  }
  return rows
}
