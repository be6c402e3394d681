/**
 * Which due times of a task run when it wakes: pure. A due time is on time until ten seconds after
 * it, unless a later one has come; every other one was missed, be it that the node was down, the
 * machine asleep, or the clock set. A run that a crash cut off counts as missed, too.
 */
import type { Task } from './task.ts'
import { dueTimes, isInBlocks, nextDue, type Timetable } from './timetable.ts'

const LATE_MS = 10_000

/** A calendar does not repeat what ran before the clock was set back by so much. */
const CORRECTION_MS = 3 * 3_600_000

export interface DueDecision {
  /** In order. */
  readonly run: readonly number[]
  /** How many due times are left out. */
  readonly missed: number
  /** If the task may still run then. */
  readonly nextDue: number | undefined
}

export interface Moment {
  readonly nowMs: number
  /** Of the newest block. */
  readonly height: number
}

/** Now, and since when somebody has been watching. */
export interface Watch extends Moment {
  readonly since: Moment
}

export function decideDue(
  task: Task,
  moment: Watch,
  leftOvers: readonly number[] = [],
): DueDecision {
  const { timetable } = task
  const { catchUp } = task.definition
  const to = reach(task, moment)
  const from = task.nextDue ?? Number.POSITIVE_INFINITY
  const { newest, count } = dueTimes(timetable, { from, to, limit: Math.max(catchUp, 1) })
  const last = newest.at(-1)
  const isOnTime = last !== undefined && isFresh(task, last, moment)
  const atMost = Math.max(catchUp, isOnTime ? 1 : 0)
  const candidates = catchUp === 0 ? newest : [...leftOvers, ...newest]
  const owed = atMost > 0 ? candidates.slice(-atMost) : []
  return {
    // What comes after the last of its times is neither owed nor missed.
    run: owed.slice(0, Math.max(runsLeft(task), 0)),
    missed: leftOvers.length + count - owed.length,
    nextDue: last === undefined ? task.nextDue : within(task, nextDue(timetable, last)),
  }
}

/**
 * Whether a due time is on time. What was due before somebody watched may have run then: who wants
 * none twice cannot have it now.
 */
function isFresh({ definition, timetable }: Task, due: number, { nowMs, since }: Watch): boolean {
  const isBlock = isInBlocks(timetable)
  if (!isBlock && nowMs - due > LATE_MS + definition.jitterMs) return false
  return definition.createdMs >= since.nowMs || due > (isBlock ? since.height : since.nowMs)
}

/** The due time, unless the task ends before it. */
export function within(
  { definition: { untilMs }, timetable }: Pick<Task, 'definition' | 'timetable'>,
  due: number | undefined,
): number | undefined {
  if (due === undefined || untilMs === undefined || isInBlocks(timetable)) return due
  return due <= untilMs ? due : undefined
}

function reach({ definition: { untilMs }, timetable }: Task, moment: Moment): number {
  const { nowMs, height } = moment
  if (!isInBlocks(timetable)) return Math.min(nowMs, untilMs ?? nowMs)
  return untilMs !== undefined && nowMs > untilMs ? Number.NEGATIVE_INFINITY : height
}

/** How many more runs a task may begin. */
export function runsLeft({ definition: { times }, runs }: Task): number {
  return times === undefined ? Number.POSITIVE_INFINITY : times - runs
}

export interface Retimed {
  readonly timetable: Timetable
  readonly nextDue: number
}

/**
 * When a task is due after the clock was set back: an interval goes on at its pace, a calendar goes
 * by the new time. `undefined` where nothing changes.
 */
export function retime(
  { timetable, nextDue: due, lastDue }: Task,
  nowMs: number,
): Retimed | undefined {
  if (due === undefined) return undefined
  if (timetable.kind === 'every') {
    if (due - nowMs <= timetable.intervalMs) return undefined
    const startMs = nowMs + timetable.intervalMs
    return { timetable: { ...timetable, startMs }, nextDue: startMs }
  }
  if (timetable.kind !== 'calendar') return undefined
  const isSmall = lastDue !== undefined && lastDue - nowMs <= CORRECTION_MS
  const next = nextDue(timetable, isSmall ? Math.max(lastDue, nowMs) : nowMs)
  return next === undefined || next >= due ? undefined : { timetable, nextDue: next }
}
