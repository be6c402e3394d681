/** The events of cron tasks, logged and counted. */
import type { CronEvents } from '../base/cron-events.ts'
import { DURATION_BUCKETS, type EventDeps } from './event-deps.ts'

export function createCronEvents(deps: EventDeps): CronEvents {
  return { ...taskEvents(deps), ...runEvents(deps) }
}

type TaskEvents = Pick<
  CronEvents,
  'cronTaskCreated' | 'cronTaskStopped' | 'cronTaskPaused' | 'cronProcessRefused'
>

function taskEvents({ logger, metrics }: EventDeps): TaskEvents {
  const created = metrics.counter({
    name: 'ao_cron_tasks_created_total',
    help: 'Tasks of cron@1.0 that were made',
    labels: ['kind'],
  })
  const paused = metrics.counter({
    name: 'ao_cron_tasks_paused_total',
    help: 'Tasks that the node paused: they always failed',
  })
  return {
    cronTaskCreated: (event) => {
      created.inc({ kind: event.kind })
      logger.info(event, 'Cron task created')
    },
    cronTaskStopped: (event) => logger.info(event, 'Cron task stopped'),
    cronTaskPaused: (event) => {
      paused.inc()
      logger.error(event, 'Cron task paused by the node')
    },
    cronProcessRefused: (event) => logger.warn(event, 'Cron tags of a process refused'),
  }
}

type RunEvents = Pick<
  CronEvents,
  'cronRunStarted' | 'cronRunEnded' | 'cronRunsLeftOut' | 'cronStoreFailed'
>

function runEvents({ logger, metrics }: EventDeps): RunEvents {
  const lateSeconds = metrics.histogram({
    name: 'ao_cron_late_seconds',
    help: 'How long after its due time a run began',
    buckets: DURATION_BUCKETS,
  })
  const runSeconds = metrics.histogram({
    name: 'ao_cron_run_seconds',
    help: 'Time of a run, of its last attempt',
    labels: ['outcome'],
    buckets: DURATION_BUCKETS,
  })
  const leftOut = metrics.counter({
    name: 'ao_cron_runs_left_out_total',
    help: 'Due times that the policy of their task left out',
    labels: ['reason'],
  })
  return {
    cronRunStarted: ({ lateMs }) => lateSeconds.observe(Math.max(lateMs, 0) / 1_000),
    cronRunEnded: (event) => {
      const hasFailed = event.status >= 400
      runSeconds.observe(event.durationMs / 1_000, { outcome: hasFailed ? 'failed' : 'done' })
      if (hasFailed) logger.warn(event, 'Cron run failed')
      else logger.debug(event, 'Cron run done')
    },
    cronRunsLeftOut: (event) => {
      leftOut.inc({ reason: event.reason }, event.count)
      logger.debug(event, 'Cron runs left out')
    },
    cronStoreFailed: (event) => logger.error(event, 'Cron tasks could not be written or read'),
  }
}
