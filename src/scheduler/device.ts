/**
 * `~scheduler@1.0`: gives each message of a process its slot. This folder holds the scheduling
 * system: the device and its handlers, one server per process, the registry of servers, schedules
 * in the store and their formats, scheduler locations. `device/` and the node call it; it knows
 * nothing of HTTP. A reader of one POST goes device, post-schedule, registry, server.
 */
import { AoError } from '../base/errors.ts'
import type { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import type { SchedulerContext } from './context.ts'
import {
  getLocation,
  getRecord,
  knownRecords,
  nodeRecord,
  postLocation,
} from './location-handler.ts'
import { createNext } from './next.ts'
import { postSchedule } from './post-schedule.ts'
import { getSchedule, getSlot, getStatus } from './read-schedule.ts'
import { ok, type Reply } from './reply.ts'

export type SchedulerHandler = (base: Message, request: Message) => Promise<Reply>

/** The keys that `~scheduler@1.0` answers; every other key is looked up on the base. */
export interface SchedulerDevice {
  readonly schedule: SchedulerHandler
  readonly slot: SchedulerHandler
  readonly status: SchedulerHandler
  readonly next: SchedulerHandler
  readonly location: SchedulerHandler
  /** Same as `schedule`, as in the reference. */
  readonly init: SchedulerHandler
  /** The base, unchanged. */
  readonly checkpoint: SchedulerHandler
}

/** The keys of `~location@1.0`, which newer nodes use for the same records. */
export interface LocationDevice {
  readonly node: SchedulerHandler
  readonly known: SchedulerHandler
  /** Any other key is an address. */
  readonly record: SchedulerHandler
}

export function createLocationDevice(context: SchedulerContext): LocationDevice {
  return {
    node: (_base, request) => nodeRecord(context, request),
    known: (_base, request) => knownRecords(context, request),
    record: (_base, request) => getRecord(context, textOf(request, 'path') ?? ''),
  }
}

export function createSchedulerDevice(context: SchedulerContext): SchedulerDevice {
  const schedule = byMethod({
    GET: (base, request) => getSchedule(context, base, request),
    POST: (base, request) => postSchedule(context, base, request),
  })
  return {
    schedule,
    init: schedule,
    slot: (base, request) => getSlot(context, base, request),
    status: (_base, request) => getStatus(context, request),
    next: createNext(context),
    location: byMethod({
      GET: (_base, request) => getLocation(context, request),
      POST: (base, request) => postLocation(context, base, request),
    }),
    checkpoint: async (base) => ok(base),
  }
}

/** @throws AoError `method-not-allowed` for other methods than GET, HEAD and POST. */
function byMethod(handlers: Readonly<Record<'GET' | 'POST', SchedulerHandler>>): SchedulerHandler {
  return (base, request) => {
    const method = textOf(request, 'method')?.toUpperCase() ?? 'GET'
    if (method === 'POST') return handlers.POST(base, request)
    if (method === 'GET' || method === 'HEAD') return handlers.GET(base, request)
    const reason = `Expected GET or POST, not ${method.slice(0, 16)}`
    return Promise.reject(new AoError('method-not-allowed', reason))
  }
}
