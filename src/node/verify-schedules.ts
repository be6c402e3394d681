/** Audits schedules one after the other and counts what is found. */
import { auditSchedule } from '../scheduler/audit.ts'
import type { Finding, FindingSeverity } from '../scheduler/audit-finding.ts'
import { openSource, type SchedulePlace } from './schedule-source.ts'

export interface VerifyOptions {
  /** Ids; all that the place has when there are none. */
  readonly processes: readonly string[]
  /** See `AuditOptions`; 1 for a store and 100 for a node when absent. */
  readonly readEvery?: number
  readonly onFinding: (processId: string, finding: Finding) => Promise<void>
  readonly onSlot: (processId: string, slot: number, last: number) => void
}

export interface VerifySummary extends Record<`${FindingSeverity}s`, number> {
  readonly processes: number
  readonly slots: number
  /** For people: what was audited. */
  readonly source: string
}

const READ_EVERY = { store: 1, node: 100 }

/** @throws AoError when the place cannot be opened, or stops to answer. */
export async function verifySchedules(
  place: SchedulePlace,
  options: VerifyOptions,
): Promise<VerifySummary> {
  const { onFinding, onSlot, readEvery = READ_EVERY[place.kind] } = options
  await using opened = await openSource(place)
  const { source, name } = opened
  const counts = { error: 0, warning: 0, note: 0 }
  let processes = 0
  let slots = 0
  for await (const processId of chosen(options.processes, source.processes())) {
    processes++
    const audit = auditSchedule(source, processId, {
      readEvery,
      onSlot: ({ slot }, head) => {
        slots++
        onSlot(processId, slot, head.slot)
      },
    })
    for await (const finding of audit) {
      counts[finding.severity]++
      await onFinding(processId, finding)
    }
  }
  const { error: errors, warning: warnings, note: notes } = counts
  return { source: name, processes, slots, errors, warnings, notes }
}

async function* chosen(
  named: readonly string[],
  all: AsyncIterable<string>,
): AsyncGenerator<string> {
  if (named.length > 0) yield* named
  else yield* all
}
