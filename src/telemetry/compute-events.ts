/** The events of computing and pushing, logged and counted. */
import type { ComputeEvents } from '../base/compute-events.ts'
import { codeOf, DURATION_BUCKETS, type EventDeps } from './event-deps.ts'

export function createComputeEvents({ logger, metrics }: EventDeps): ComputeEvents {
  return {
    ...stackEvents({ logger, metrics }),
    ...slotEvents({ logger, metrics }),
    ...pushEvents({ logger, metrics }),
  }
}

function stackEvents({ logger, metrics }: EventDeps): Pick<ComputeEvents, 'stackStep'> {
  const seconds = metrics.histogram({
    name: 'ao_stack_step_seconds',
    help: 'Time of a device in a stack',
    labels: ['device', 'outcome'],
    buckets: DURATION_BUCKETS,
  })
  return {
    stackStep: (event) => {
      const { device, outcome, durationMs } = event
      // What was not answered need not be a device of the node, but any text of a client.
      const isAnswered = outcome !== 'thrown' && outcome !== 'error'
      const label = isAnswered ? device : 'unknown'
      seconds.observe(durationMs / 1_000, { device: label, outcome })
      logger.debug(event, 'Device of a stack called')
    },
  }
}

type SlotEvents = Pick<ComputeEvents, 'slotComputed' | 'computeFailed' | 'snapshotStored'>

function slotEvents({ logger, metrics }: EventDeps): SlotEvents {
  const seconds = metrics.histogram({
    name: 'ao_slot_compute_seconds',
    help: 'Time to apply one slot to the state of its process',
    buckets: DURATION_BUCKETS,
  })
  const failed = metrics.counter({
    name: 'ao_slot_compute_failed_total',
    help: 'Slots that could not be applied, at each attempt',
    labels: ['code'],
  })
  const snapshots = metrics.counter({
    name: 'ao_process_snapshots_total',
    help: 'Snapshots of processes that were stored',
  })
  return {
    slotComputed: (event) => {
      seconds.observe(event.durationMs / 1_000)
      logger.debug(event, 'Slot computed')
    },
    computeFailed: (event) => {
      failed.inc({ code: codeOf(event.error) })
      logger.warn(event, 'Slot could not be computed')
    },
    snapshotStored: (event) => {
      snapshots.inc()
      logger.debug(event, 'Snapshot of a process stored')
    },
  }
}

function pushEvents({
  logger,
  metrics,
}: EventDeps): Pick<ComputeEvents, 'messagePushed' | 'pushFailed'> {
  const pushed = metrics.counter({
    name: 'ao_messages_pushed_total',
    help: 'Messages of outboxes by what came of them',
    labels: ['outcome'],
  })
  return {
    messagePushed: (event) => {
      pushed.inc({ outcome: 'delivered' })
      logger.debug(event, 'Message of an outbox delivered')
    },
    pushFailed: ({ hasTarget = true, ...event }) => {
      pushed.inc({ outcome: hasTarget ? 'failed' : 'no-target' })
      if (hasTarget) logger.warn(event, 'Message of an outbox not delivered')
      else logger.debug(event, 'Message of an outbox has no target here')
    },
  }
}
