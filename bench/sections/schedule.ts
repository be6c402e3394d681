/** Durable scheduling for many processes: data items, RSA-4096 wallet. */
import { runScheduleLoad } from '../schedule-load.ts'
import { scheduleRows } from '../schedule-rows.ts'
import type { Section } from '../section.ts'

export const benchSchedule: Section = async ({ size }) => {
  const result = await runScheduleLoad({ processes: 64, messages: size(8_000, 400) })
  return scheduleRows('schedule, 64 processes', result, { limit: 'parallel', atLeast: 0.75 })
}
