/** The same with messages that come as signed HTTP messages, in a request or as one. */
import type { Row } from '../row.ts'
import { runScheduleLoad } from '../schedule-load.ts'
import { scheduleRows } from '../schedule-rows.ts'
import type { Section } from '../section.ts'

export const benchHttpsig: Section = async ({ size }) => {
  const rows: Row[] = []
  for (const form of ['httpsig-wrapped', 'httpsig-direct'] as const) {
    const result = await runScheduleLoad({ form, processes: 64, messages: size(6_000, 300) })
    rows.push(...scheduleRows(`schedule, ${form}`, result, { limit: 'parallel', atLeast: 0.65 }))
  }
  return rows
}
