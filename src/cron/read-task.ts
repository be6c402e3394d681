/**
 * From a request to the task that it asks for. The keys of HyperBEAM mean what they mean there
 * (`dev_cron`), with its reasons for what it refuses; all others are optional.
 */
import { Message } from '../message/message.ts'
import { assertCalendarRule } from './calendar.ts'
import { within } from './due-decision.ts'
import { parseDuration, parseInterval } from './interval.ts'
import { countAt, refused, textAt, timeAt, wordAt } from './read-request.ts'
import { createTask, type OverlapPolicy, type Task, type TaskDefinition } from './task.ts'
import { nextDue, shortestGapMs, type Timetable } from './timetable.ts'

export type CreateKey = 'once' | 'every' | 'cron'

export interface TaskTerms {
  readonly id: string
  readonly owners: readonly string[]
  readonly signatures: readonly string[]
  /** Whether the node's own wallet signed for it. */
  readonly isSigned: boolean
  readonly nowMs: number
  readonly height: number
  /** No time between due times may be shorter. */
  readonly minIntervalMs: number
}

const OVERLAPS: readonly OverlapPolicy[] = ['skip', 'queue', 'allow']
const MAX_CATCH_UP = 1_000
const MAX_RETRIES = 10
const DEFAULT_RETRIES = 3
/** A time to run at that is past by so much is no slip of a clock. */
const PAST_MS = 60_000
const MAX_PATH_LENGTH = 4_096

/** Keys of the request that are meant for the device: the run does not get them. */
const OWN_KEYS = [
  ...['at', 'cron', 'cron-path', 'every', 'in', 'interval', 'jitter', 'missed', 'once'],
  ...['overlap', 'retries', 'time-zone', 'times', 'until'],
]

/**
 * The task of a request.
 * @throws AoError `invalid-request` with the reason.
 */
export function readTask(key: CreateKey, request: Message, terms: TaskTerms): Task {
  const path = pathOf(key, request)
  const timetable = readTimetable(key, request, terms)
  const definition = readDefinition({ ...terms, path, kind: 'path' }, request)
  const gapMs = shortestGapMs(timetable, terms.nowMs)
  if (gapMs !== undefined && gapMs < terms.minIntervalMs) {
    throw refused(`Expected at least ${terms.minIntervalMs} milliseconds between runs`)
  }
  if (definition.jitterMs > 0 && definition.jitterMs >= (gapMs ?? Number.POSITIVE_INFINITY)) {
    throw refused('Expected jitter to be less than the time between runs')
  }
  return createTask(definition, timetable, firstDue(definition, timetable, terms))
}

/** What a run of the task sends, unsigned and without its path: but for what only the device reads. */
export function requestOfRuns(request: Message, calledKey: string): Message {
  const own = new Set([...OWN_KEYS, 'path', calledKey])
  return new Message([...request].filter(([key]) => !own.has(key)))
}

type Fixed = Pick<TaskDefinition, 'id' | 'kind' | 'path' | 'owners' | 'isSigned'> & {
  readonly signatures?: readonly string[]
  readonly nowMs: number
}

/** What a request or the tags of a process say beside the timetable. */
export function readDefinition(fixed: Fixed, keys: Message): TaskDefinition {
  const { id, kind, path, owners, signatures = [], isSigned, nowMs } = fixed
  const untilMs = timeAt(keys, 'until')
  const times = countAt(keys, 'times', { min: 1, max: Number.MAX_SAFE_INTEGER })
  if (untilMs !== undefined && untilMs <= nowMs) throw refused('Expected until to be in the future')
  const jitter = textAt(keys, 'jitter')
  return {
    ...{ id, kind, path, owners, isSigned, createdMs: nowMs },
    ...(signatures.length > 1 ? { signatures } : {}),
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(times === undefined ? {} : { times }),
    jitterMs: jitter === undefined ? 0 : parseDuration(jitter),
    catchUp: readCatchUp(keys),
    overlap: wordAt(keys, 'overlap', OVERLAPS) ?? 'skip',
    retries: countAt(keys, 'retries', { min: 0, max: MAX_RETRIES }) ?? DEFAULT_RETRIES,
  }
}

/** `skip` none, `once` the newest, `catch-up` up to 1,000, or `catch-up-N`. */
function readCatchUp(keys: Message): number {
  const text = textAt(keys, 'missed')?.toLowerCase() ?? 'once'
  if (text === 'skip') return 0
  if (text === 'once') return 1
  const [, limit = `${MAX_CATCH_UP}`] = /^catch-up(?:-(\d{1,9}))?$/.exec(text) ?? []
  const catchUp = Number(limit)
  if (text.startsWith('catch-up') && catchUp >= 1 && catchUp <= MAX_CATCH_UP) return catchUp
  throw refused(`Expected missed to be skip, once, or catch-up-N with N from 1 to ${MAX_CATCH_UP}`)
}

/** The value under the called key, as in `once="/path"`, else `cron-path`. */
function pathOf(key: CreateKey, request: Message): string {
  const called = textAt(request, 'path') ?? key
  const own = key === 'cron' ? undefined : textAt(request, called)
  const path = own ?? textAt(request, 'cron-path')
  if (path === undefined) throw refused('No cron path found in message.')
  if (path.length <= MAX_PATH_LENGTH) return path
  throw refused(`Expected a cron path of at most ${MAX_PATH_LENGTH} characters`)
}

function readTimetable(key: CreateKey, request: Message, { nowMs, height }: TaskTerms): Timetable {
  if (key === 'once') return { kind: 'once', atMs: readTime(request, nowMs) }
  const expression = textAt(request, 'cron')
  if (expression !== undefined) {
    const rule = { expression, timeZone: textAt(request, 'time-zone') ?? 'UTC' }
    assertCalendarRule(rule, nowMs)
    return { kind: 'calendar', ...rule }
  }
  if (key === 'cron') throw refused('No cron expression found in message.')
  const interval = textAt(request, 'interval')
  if (interval === undefined) throw refused('No interval found in message.')
  return intervalTimetable(interval, { startMs: nowMs, startHeight: height })
}

export interface TimetableStart {
  readonly startMs: number
  readonly startHeight: number
}

/** @throws AoError `invalid-request` for no interval, and for blocks where none are known. */
export function intervalTimetable(
  text: string,
  { startMs, startHeight }: TimetableStart,
): Timetable {
  const interval = parseInterval(text)
  if (interval.kind === 'time') return { kind: 'every', intervalMs: interval.ms, startMs }
  if (startHeight === 0) {
    throw refused('This node knows no blocks yet; it needs a gateway for an interval in blocks')
  }
  return { kind: 'blocks', blocks: interval.blocks, startHeight }
}

function readTime(request: Message, nowMs: number): number {
  const atMs = timeAt(request, 'at')
  const delay = textAt(request, 'in')
  if (atMs !== undefined && delay !== undefined) throw refused('Expected at or in, not both')
  if (delay !== undefined) return nowMs + parseDuration(delay)
  if (atMs !== undefined && atMs < nowMs - PAST_MS) throw refused('Expected at to be in the future')
  return Math.max(atMs ?? nowMs, nowMs)
}

/** `every` runs at once, a calendar when it says. */
function firstDue(
  definition: TaskDefinition,
  timetable: Timetable,
  { nowMs, height }: TaskTerms,
): number | undefined {
  const after = timetable.kind === 'blocks' ? height - 1 : nowMs
  const due = nextDue(timetable, timetable.kind === 'calendar' ? after : after - 1)
  return within({ definition, timetable }, due)
}
