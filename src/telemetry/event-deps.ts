/** What all events need: where they are logged and counted, and how. */
import { isAoError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Metrics } from '../base/metrics.ts'

export interface EventDeps {
  readonly logger: Logger
  readonly metrics: Metrics
}

/** Seconds; from a cached read to the longest wait for a slot. */
export const DURATION_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

export function codeOf(error: unknown): string {
  return isAoError(error) ? error.code : 'unknown'
}
