/** What happens to the tasks of cron@1.0. */

export interface CronEvents {
  /** A task of cron@1.0 was made and is durable. */
  cronTaskCreated(event: CronTaskCreated): void
  /** A task was stopped by somebody who may. */
  cronTaskStopped(event: { readonly task: string }): void
  /** The node paused a task that always fails. */
  cronTaskPaused(event: { readonly task: string; readonly reason: string }): void
  /** A run begins, so long after it was due. */
  cronRunStarted(event: { readonly lateMs: number }): void
  /** A run is over, after all its attempts. */
  cronRunEnded(event: CronRunEnded): void
  /** Due times were left out, as the policy of the task says. */
  cronRunsLeftOut(event: CronRunsLeftOut): void
  /** A process has cron tags that make no sense, or that this node does not take from it. */
  cronProcessRefused(event: { readonly process: string; readonly reason: string }): void
  /** Runs could not be written and are written again, or a task could not be read. */
  cronStoreFailed(event: { readonly error: unknown }): void
}

export type CronTaskCreated = {
  readonly task: string
  readonly kind: 'path' | 'process'
  readonly owners: readonly string[]
}

export type CronRunEnded = {
  readonly task: string
  readonly kind: 'path' | 'process'
  /** As HTTP would tell it. */
  readonly status: number
  /** Of the last attempt. */
  readonly durationMs: number
  readonly attempts: number
  readonly reason?: string
}

export type CronRunsLeftOut = {
  readonly task: string
  /** `missed`: nobody was there. `overlap`: a run was under way. */
  readonly reason: 'missed' | 'overlap'
  readonly count: number
}

export const silentCronEvents: CronEvents = {
  cronTaskCreated: () => undefined,
  cronTaskStopped: () => undefined,
  cronTaskPaused: () => undefined,
  cronRunStarted: () => undefined,
  cronRunEnded: () => undefined,
  cronRunsLeftOut: () => undefined,
  cronProcessRefused: () => undefined,
  cronStoreFailed: () => undefined,
}
