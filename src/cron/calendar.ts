/**
 * Calendar expressions in a time zone, read by croner. A time that the clock leaves out in spring is
 * due at the first instant after the gap; a fixed time that comes twice in autumn is due once.
 */
import { Cron } from 'croner'
import { AoError } from '../base/errors.ts'

export interface CalendarRule {
  /** Five fields, or six with seconds in front; also `@daily` and its kin. */
  readonly expression: string
  /** Name of the IANA database: `Europe/Berlin`. */
  readonly timeZone: string
}

/**
 * The first time after `afterMs`, or `undefined` when there is none any more.
 * @throws AoError `invalid-request` for an expression or a zone that cannot be read.
 */
export function nextTime(rule: CalendarRule, afterMs: number): number | undefined {
  return patternOf(rule).nextRun(new Date(afterMs))?.getTime()
}

/** The newest times up to `untilMs`, itself included, in order. */
export function timesBefore(rule: CalendarRule, untilMs: number, limit: number): number[] {
  const pattern = patternOf(rule)
  // Times are whole seconds, so that the one at `untilMs` is before the next second.
  const found = pattern.previousRuns(limit, new Date(Math.floor(untilMs / 1_000 + 1) * 1_000))
  return found.map((date) => date.getTime()).sort((left, right) => left - right)
}

/** @throws AoError `invalid-request` when it is no expression, its zone is unknown or it is never due. */
export function assertCalendarRule(rule: CalendarRule, nowMs: number): void {
  const { expression, timeZone } = rule
  if (!isTimeZone(timeZone)) {
    throw new AoError(
      'invalid-request',
      `Expected time-zone to be a name such as Europe/Berlin, not ${timeZone.slice(0, 64)}`,
    )
  }
  if (nextTime(rule, nowMs) !== undefined) return
  throw new AoError(
    'invalid-request',
    `Expected cron to be due some day, ${expression.slice(0, 64)} never is`,
  )
}

function patternOf({ expression, timeZone }: CalendarRule): Cron {
  try {
    return new Cron(expression, { timezone: timeZone, mode: '5-or-6-parts', paused: true })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : ''
    throw new AoError(
      'invalid-request',
      `Expected cron to be five or six fields, ${expression.slice(0, 64)} is not: ${reason.slice(0, 256)}`,
      {},
      cause,
    )
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
