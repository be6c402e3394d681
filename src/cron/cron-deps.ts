/** What cron needs of the rest of the node, and what its operator decides. */
import type { Clock } from '../base/clock.ts'
import type { CronEvents } from '../base/cron-events.ts'
import type { Store } from '../store/store.ts'
import type { AccessDeps } from './access.ts'
import type { PathRunDeps } from './path-run.ts'
import type { ProcessRunDeps } from './process-run.ts'
import type { Timers } from './timers.ts'

export interface CronDeps {
  readonly store: Store
  readonly clock: Clock
  /** Default: those of the system. */
  readonly timers?: Timers
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
  readonly events: CronEvents
  readonly access: Omit<AccessDeps, 'access'>
  /** Height of the newest block, 0 where none is known. */
  readonly blockHeight: () => number
  readonly paths: Omit<PathRunDeps, 'requestOf'>
  readonly processes: Omit<ProcessRunDeps, 'nowMs' | 'templateOf' | 'save'>
}

export interface CronOptions {
  readonly access: AccessDeps['access']
  /** The same for the tasks of processes, by who signed the process. */
  readonly processAccess: 'operator' | 'signed'
  readonly maxTasks: number
  readonly maxTasksPerOwner: number
  readonly minIntervalMs: number
  /** The same for messages of processes, which cost a signature and space for ever. */
  readonly processMinIntervalMs: number
  readonly maxRuns: number
  readonly runTimeoutMs: number
  readonly historyLength: number
  /** Tasks that are finished or stopped and can still be looked at. Default 1,000. */
  readonly maxEnded?: number
}
