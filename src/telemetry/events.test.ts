import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AoError } from '../base/errors.ts'
import { silentEvents } from '../base/events.ts'
import { silentLogger } from '../base/log.ts'
import { createEvents } from './events.ts'
import { createLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'

test('createEvents() counts each event and logs it once', async () => {
  const metrics = createMetrics({ ofProcess: false })
  const lines: string[] = []
  const write = (line: string) => lines.push(line)
  const logger = createLogger({ format: 'json', level: 'debug', write })
  const events = createEvents({ logger, metrics })
  const scheduled = { process: 'P', slot: 0, message: 'M', mode: 'aggressive', durationMs: 5 }
  const error = new AoError('timeout', 'Late')
  events.nodeStarted({ url: 'u', address: 'a', store: 's' })
  events.messageScheduled({ ...scheduled, isSpawn: true })
  events.messageScheduled({ ...scheduled, slot: 1, isSpawn: false })
  events.scheduleRefused({ process: 'P', reason: 'r' })
  events.scheduleFailed({ process: 'P', mode: 'aggressive', error })
  events.slotsLost({ process: 'P', slots: [3, 4], error })
  events.serverOpened({ process: 'P', slot: -1 })
  events.serverClosed({ process: 'P', reason: 'idle' })
  events.serverClosed({ process: 'P', reason: 'failed' })
  events.locationStored({ signers: ['a'] })
  events.uploadDone({ id: 'i', durationMs: 1 })
  events.uploadFailed({ id: 'i', attempt: 1, retryInMs: 1, error })
  events.uploadFailed({ id: 'i', attempt: 2, error })
  events.remoteFailed({ url: 'u', error })
  events.requestHandled({ method: 'GET', status: 200, durationMs: 1 })
  events.requestHandled({ method: 'BREW', status: 418, durationMs: 1 })
  events.requestFailed({ requestId: 'r', method: 'GET', path: '/', error: new Error('x') })
  events.nodeStopped({ durationMs: 1 })
  assert.equal(lines.length, 16)
  const { text } = await metrics.render()
  for (const line of [
    'ao_messages_scheduled_total{mode="aggressive"} 2',
    'ao_processes_spawned_total 1',
    'ao_schedule_seconds_count 2',
    'ao_schedule_refused_total 1',
    'ao_schedule_failed_total{code="timeout"} 1',
    'ao_slots_lost_total 2',
    'ao_servers_opened_total 1',
    'ao_servers_closed_total{reason="failed"} 1',
    'ao_locations_stored_total 1',
    'ao_uploads_total{outcome="failed"} 1',
    'ao_uploads_total{outcome="given-up"} 1',
    'ao_remote_failures_total 1',
    'ao_http_request_seconds_count{method="GET",status="2xx"} 1',
    'ao_http_request_seconds_count{method="other",status="4xx"} 1',
    'ao_http_request_failures_total{code="unknown"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), line)
  }
})

test('no id, address or path becomes a label', async () => {
  const metrics = createMetrics({ ofProcess: false })
  const events = createEvents({ logger: silentLogger, metrics })
  const id = 'x'.repeat(43)
  const event = { process: id, slot: 0, message: id, mode: 'm', durationMs: 1, isSpawn: true }
  events.messageScheduled(event)
  events.requestFailed({ requestId: id, method: 'GET', path: `/${id}`, error: new Error(id) })
  assert.ok(!(await metrics.render()).text.includes(id))
})

test('silentEvents has every event', () => {
  const events = createEvents({
    logger: silentLogger,
    metrics: createMetrics({ ofProcess: false }),
  })
  assert.deepEqual(Object.keys(silentEvents).sort(), Object.keys(events).sort())
})
