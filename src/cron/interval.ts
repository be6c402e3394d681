/** Intervals as text: `500-milliseconds`, `10-blocks`. Source: HyperBEAM, `dev_cron`. */
import { AoError } from '../base/errors.ts'

export type Interval =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'blocks'; readonly blocks: number }

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** A unit is known by its beginning: `seconds` and `secondsX` are `second`. */
const UNITS: readonly (readonly [prefix: string, ms: number])[] = [
  ['millisecond', 1],
  ['second', SECOND_MS],
  ['minute', MINUTE_MS],
  ['hour', HOUR_MS],
  ['day', 24 * HOUR_MS],
]

/** As many milliseconds as a date may be away from 1970. */
const MAX_MS = 8.64e15

/**
 * An interval of `N-unit`. The units of HyperBEAM, and `block`, which the block clock counts.
 * @throws AoError `invalid-request` with HyperBEAM's reasons.
 */
export function parseInterval(text: string): Interval {
  const [, digits, unit = ''] = /^(\+?\d+)-(.*)$/s.exec(text) ?? []
  if (digits === undefined) {
    throw refused(
      `Error parsing interval: expected a whole number, a dash and a unit, such as 5-minutes, not ${text.slice(0, 64)}`,
    )
  }
  const amount = Number(digits)
  const name = unit.toLowerCase()
  const isBlocks = name.startsWith('block')
  const unitMs = UNITS.find(([prefix]) => name.startsWith(prefix))?.[1]
  if (unitMs === undefined && !isBlocks) throw refused(`Invalid time unit: ${unit.slice(0, 64)}`)
  if (amount <= 0 || amount * (unitMs ?? 1) > MAX_MS) throw refused('Invalid interval value.')
  return isBlocks
    ? { kind: 'blocks', blocks: amount }
    : { kind: 'time', ms: amount * (unitMs ?? 1) }
}

/**
 * An interval that only time can measure.
 * @throws AoError `invalid-request`, also for blocks.
 */
export function parseDuration(text: string): number {
  const interval = parseInterval(text)
  if (interval.kind === 'time') return interval.ms
  throw refused('Invalid time unit: block')
}

function refused(message: string): AoError {
  return new AoError('invalid-request', message)
}
