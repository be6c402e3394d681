/**
 * When a task is due: pure arithmetic on numbers. A due time is milliseconds since the Unix epoch,
 * for a timetable in blocks the height of a block. All due times of a timetable lie on one grid, so
 * that a late run makes none after it late, and each has one name across restarts.
 */
import { type CalendarRule, nextTime, timesBefore } from './calendar.ts'

export type Timetable =
  | { readonly kind: 'once'; readonly atMs: number }
  | { readonly kind: 'every'; readonly intervalMs: number; readonly startMs: number }
  | { readonly kind: 'blocks'; readonly blocks: number; readonly startHeight: number }
  | ({ readonly kind: 'calendar' } & CalendarRule)

export interface DueRange {
  /** The first due time that may come, itself one of the timetable. */
  readonly from: number
  /** Inclusive. */
  readonly to: number
  /** Due times that are listed at most, the newest. */
  readonly limit: number
}

export interface DueTimes {
  /** In order. */
  readonly newest: readonly number[]
  /** How many there are; of a calendar no more than 1,000 are counted. */
  readonly count: number
}

const MAX_COUNTED = 1_000

/** The first due time after `after`; `undefined` when none comes any more. */
export function nextDue(timetable: Timetable, after: number): number | undefined {
  switch (timetable.kind) {
    case 'once':
      return timetable.atMs > after ? timetable.atMs : undefined
    case 'every':
      return nextOnGrid(timetable.startMs, timetable.intervalMs, after)
    case 'blocks':
      return nextOnGrid(timetable.startHeight, timetable.blocks, after)
    case 'calendar':
      return nextTime(timetable, after)
  }
}

/** The due times of a range, whose size costs nothing. */
export function dueTimes(timetable: Timetable, { from, to, limit }: DueRange): DueTimes {
  if (from > to) return { newest: [], count: 0 }
  switch (timetable.kind) {
    case 'once':
      return { newest: [from].slice(0, limit), count: 1 }
    case 'every':
      return gridTimes(timetable.intervalMs, { from, to, limit })
    case 'blocks':
      return gridTimes(timetable.blocks, { from, to, limit })
    case 'calendar':
      return calendarTimes(timetable, { from, to, limit })
  }
}

/** Whether due times are heights of blocks. */
export function isInBlocks(timetable: Timetable): boolean {
  return timetable.kind === 'blocks'
}

/** The shortest time between due times, of a calendar among its next ones; `undefined` for one run. */
export function shortestGapMs(timetable: Timetable, nowMs: number): number | undefined {
  if (timetable.kind === 'every') return timetable.intervalMs
  if (timetable.kind !== 'calendar') return undefined
  let shortest: number | undefined
  let before = nextDue(timetable, nowMs)
  for (let n = 0; n < GAPS_SEEN && before !== undefined; n++) {
    const due = nextDue(timetable, before)
    if (due === undefined) break
    shortest = Math.min(shortest ?? Number.POSITIVE_INFINITY, due - before)
    before = due
  }
  return shortest
}

const GAPS_SEEN = 8

function nextOnGrid(start: number, step: number, after: number): number {
  return after < start ? start : start + (Math.floor((after - start) / step) + 1) * step
}

function gridTimes(step: number, { from, to, limit }: DueRange): DueTimes {
  const count = Math.floor((to - from) / step) + 1
  const listed = Math.min(count, limit)
  const newest = Array.from({ length: listed }, (_, n) => from + (count - listed + n) * step)
  return { newest, count }
}

function calendarTimes(rule: CalendarRule, { from, to, limit }: DueRange): DueTimes {
  const times: number[] = []
  for (let due: number | undefined = from; due !== undefined && due <= to; ) {
    if (times.push(due) > MAX_COUNTED) {
      return { newest: limit === 0 ? [] : timesBefore(rule, to, limit), count: MAX_COUNTED }
    }
    due = nextTime(rule, due)
  }
  return { newest: limit === 0 ? [] : times.slice(-limit), count: times.length }
}
