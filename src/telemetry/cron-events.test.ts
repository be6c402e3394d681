import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogFields, Logger } from '../base/log.ts'
import { createCronEvents } from './cron-events.ts'
import { createMetrics } from './metrics.ts'

test('events of cron are logged with their level and counted without ids', async () => {
  const lines: string[] = []
  const at = (level: string) => (_fields: LogFields, message: string) =>
    void lines.push(`${level}: ${message}`)
  const logger: Logger = {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    child: () => logger,
  }
  const metrics = createMetrics({ ofProcess: false })
  const events = createCronEvents({ logger, metrics })
  const run = { task: 'ID', kind: 'path', durationMs: 20, attempts: 1 } as const
  events.cronTaskCreated({ task: 'ID', kind: 'path', owners: [] })
  events.cronRunStarted({ lateMs: 3 })
  events.cronRunEnded({ ...run, status: 200 })
  events.cronRunEnded({ ...run, status: 500, reason: 'broken' })
  events.cronRunsLeftOut({ task: 'ID', reason: 'missed', count: 7 })
  events.cronTaskPaused({ task: 'ID', reason: 'always fails' })
  assert.deepEqual(lines, [
    'info: Cron task created',
    'debug: Cron run done',
    'warn: Cron run failed',
    'debug: Cron runs left out',
    'error: Cron task paused by the node',
  ])
  const { text } = await metrics.render()
  for (const line of [
    'ao_cron_tasks_created_total{kind="path"} 1',
    'ao_cron_late_seconds_count 1',
    'ao_cron_run_seconds_count{outcome="done"} 1',
    'ao_cron_run_seconds_count{outcome="failed"} 1',
    'ao_cron_runs_left_out_total{reason="missed"} 7',
    'ao_cron_tasks_paused_total 1',
  ]) {
    assert.ok(text.includes(line), `${line}\n${text}`)
  }
  assert.ok(!text.includes('ID'))
})
