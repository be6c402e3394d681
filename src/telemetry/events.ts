/** The events of a node, each logged and counted in one place. Ids are logged, never labels. */
import type { Events } from '../base/events.ts'
import type { Logger } from '../base/log.ts'
import { createComputeEvents } from './compute-events.ts'
import { createCronEvents } from './cron-events.ts'
import { codeOf, DURATION_BUCKETS, type EventDeps } from './event-deps.ts'

export function createEvents({ logger, metrics }: EventDeps): Events {
  return {
    ...nodeEvents(logger),
    ...scheduleEvents({ logger, metrics }),
    ...serverEvents({ logger, metrics }),
    ...uploadEvents({ logger, metrics }),
    ...requestEvents({ logger, metrics }),
    ...createComputeEvents({ logger, metrics }),
    ...createCronEvents({ logger, metrics }),
  }
}

type NodeEvents = Pick<Events, 'nodeStarted' | 'nodeStopped'>

function nodeEvents(logger: Logger): NodeEvents {
  return {
    nodeStarted: (event) => logger.info(event, 'Node started'),
    nodeStopped: (event) => logger.info(event, 'Node stopped'),
  }
}

type ScheduleEvents = Pick<
  Events,
  'messageScheduled' | 'scheduleRefused' | 'scheduleFailed' | 'slotsLost'
>

function scheduleEvents({ logger, metrics }: EventDeps): ScheduleEvents {
  const scheduled = metrics.counter({
    name: 'ao_messages_scheduled_total',
    help: 'Messages that got a slot',
    labels: ['mode'],
  })
  const spawned = metrics.counter({
    name: 'ao_processes_spawned_total',
    help: 'Processes that got their first slot',
  })
  const seconds = metrics.histogram({
    name: 'ao_schedule_seconds',
    help: 'Time from a message to its slot, as durable as the mode promises',
    buckets: DURATION_BUCKETS,
  })
  const refused = metrics.counter({
    name: 'ao_schedule_refused_total',
    help: 'Messages that were not admitted',
  })
  const failed = metrics.counter({
    name: 'ao_schedule_failed_total',
    help: 'Admitted messages that got no slot',
    labels: ['code'],
  })
  const lost = metrics.counter({
    name: 'ao_slots_lost_total',
    help: 'Slots that were acknowledged and could not be written (mode aggressive)',
  })
  return {
    messageScheduled: (event) => {
      scheduled.inc({ mode: event.mode })
      seconds.observe(event.durationMs / 1_000)
      if (!event.isSpawn || event.slot !== 0) return logger.debug(event, 'Message scheduled')
      spawned.inc()
      logger.info(event, 'Process started')
    },
    scheduleRefused: (event) => {
      refused.inc()
      logger.info(event, 'Message refused')
    },
    scheduleFailed: (event) => {
      failed.inc({ code: codeOf(event.error) })
      logger.warn(event, 'Message got no slot')
    },
    slotsLost: ({ process, slots, error }) => {
      lost.inc({}, slots.length)
      const range = { firstSlot: slots[0], lastSlot: slots.at(-1) }
      logger.error({ process, ...range, error }, 'Acknowledged slots could not be written')
    },
  }
}

type ServerEvents = Pick<Events, 'serverOpened' | 'serverClosed' | 'locationStored'>

function serverEvents({ logger, metrics }: EventDeps): ServerEvents {
  const opened = metrics.counter({
    name: 'ao_servers_opened_total',
    help: 'Servers of processes that were opened',
  })
  const closed = metrics.counter({
    name: 'ao_servers_closed_total',
    help: 'Servers of processes that were closed',
    labels: ['reason'],
  })
  const locations = metrics.counter({
    name: 'ao_locations_stored_total',
    help: 'Scheduler locations that were verified and stored',
  })
  return {
    serverOpened: (event) => {
      opened.inc()
      logger.debug(event, 'Server of a process opened')
    },
    serverClosed: (event) => {
      closed.inc({ reason: event.reason })
      if (event.reason === 'failed') logger.warn(event, 'Server of a process failed')
      else logger.debug(event, 'Server of a process closed')
    },
    locationStored: (event) => {
      locations.inc()
      logger.info(event, 'Scheduler location stored')
    },
  }
}

type UploadEvents = Pick<Events, 'uploadDone' | 'uploadFailed' | 'remoteFailed'>

function uploadEvents({ logger, metrics }: EventDeps): UploadEvents {
  const uploads = metrics.counter({
    name: 'ao_uploads_total',
    help: 'Uploads to the bundler; a failed one is counted at each attempt',
    labels: ['outcome'],
  })
  const seconds = metrics.histogram({
    name: 'ao_upload_seconds',
    help: 'Time of an upload that reached the bundler',
    buckets: DURATION_BUCKETS,
  })
  const remote = metrics.counter({
    name: 'ao_remote_failures_total',
    help: 'Calls to other nodes and gateways that failed',
  })
  return {
    uploadDone: (event) => {
      uploads.inc({ outcome: 'done' })
      seconds.observe(event.durationMs / 1_000)
      logger.debug(event, 'Upload done')
    },
    uploadFailed: (event) => {
      const isFinal = event.retryInMs === undefined
      uploads.inc({ outcome: isFinal ? 'given-up' : 'failed' })
      if (isFinal) logger.error(event, 'Upload given up')
      else logger.warn(event, 'Upload failed, will be tried again')
    },
    remoteFailed: (event) => {
      remote.inc()
      logger.warn(event, 'Remote call failed')
    },
  }
}

type RequestEvents = Pick<Events, 'requestHandled' | 'requestFailed'>

function requestEvents({ logger, metrics }: EventDeps): RequestEvents {
  const seconds = metrics.histogram({
    name: 'ao_http_request_seconds',
    help: 'Time from the first byte of a request to its answer',
    labels: ['method', 'status'],
    buckets: DURATION_BUCKETS,
  })
  const failed = metrics.counter({
    name: 'ao_http_request_failures_total',
    help: 'Requests that met an error of the node',
    labels: ['code'],
  })
  return {
    requestHandled: ({ method, status, durationMs }) => {
      const labels = { method: methodLabel(method), status: `${Math.floor(status / 100)}xx` }
      seconds.observe(durationMs / 1_000, labels)
    },
    requestFailed: (event) => {
      failed.inc({ code: codeOf(event.error) })
      logger.error(event, 'Request failed')
    },
  }
}

const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
])

/** Labels are a small set, whatever a client makes up. */
function methodLabel(method: string): string {
  return KNOWN_METHODS.has(method) ? method : 'other'
}
