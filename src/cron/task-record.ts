/**
 * The form in which a task lies in the store: a line of JSON with its version, then a line for each
 * of its newest runs.
 */
import { AoError } from '../base/errors.ts'
import { RunHistory } from './run-history.ts'
import { newLiveTask, type Task, type TaskDefinition, type TaskProgress } from './task.ts'

const VERSION = 1
const NEWLINE = 10

/**
 * What most tasks have. A record leaves it out: a node may have a hundred thousand of them to read at
 * its start. Stored tasks depend on these values, which are part of the version.
 */
const USUAL_DEFINITION = {
  kind: 'path',
  owners: [],
  isSigned: false,
  jitterMs: 0,
  catchUp: 1,
  overlap: 'skip',
  retries: 3,
} as const
const USUAL_PROGRESS = {
  state: 'active',
  runs: 0,
  failedRuns: 0,
  failuresInRow: 0,
  missedRuns: 0,
  skippedRuns: 0,
} as const

interface TaskLine {
  readonly version: number
  readonly definition: Omit<TaskDefinition, keyof typeof USUAL_DEFINITION>
  readonly progress: Omit<TaskProgress, keyof typeof USUAL_PROGRESS | 'unsettled'>
}

export function encodeTask(task: Task): Uint8Array {
  const { definition, history, live: _, unsettled, ...progress } = task
  const line = {
    version: VERSION,
    definition: unusual(definition, USUAL_DEFINITION),
    progress: {
      ...unusual(progress, USUAL_PROGRESS),
      ...(unsettled.length > 0 ? { unsettled } : {}),
    },
  }
  return Buffer.from(`${JSON.stringify(line)}\n${history.text()}`)
}

/** The members of an object that are not as usual. */
function unusual(object: object, usual: Readonly<Record<string, unknown>>) {
  const entries = Object.entries(object)
  return Object.fromEntries(entries.filter(([key, value]) => !isSame(value, usual[key])))
}

function isSame(value: unknown, usual: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 && Array.isArray(usual)
  return value === usual
}

/** @throws AoError `store-failed` for a record of another version or a corrupted one. */
export function decodeTask(bytes: Uint8Array, id: string): Task {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = buffer.indexOf(NEWLINE)
  const { version, definition, progress } = parse(buffer.toString('utf8', 0, end), id)
  if (version !== VERSION || definition?.id !== id || progress === undefined) {
    throw new AoError(
      'store-failed',
      'Expected a task of a version that this node knows; upgrade the node or restore the store',
      { task: id, version: Number(version) },
    )
  }
  return {
    ...USUAL_PROGRESS,
    unsettled: [],
    ...progress,
    nextDue: progress.nextDue ?? undefined,
    lastDue: progress.lastDue ?? undefined,
    failingSinceMs: progress.failingSinceMs ?? undefined,
    definition: { ...USUAL_DEFINITION, ...definition },
    // Not read before somebody asks: a node may have a hundred thousand tasks.
    history: new RunHistory(buffer.toString('utf8', end + 1)),
    live: newLiveTask(),
  }
}

function parse(line: string, id: string): Partial<TaskLine> {
  try {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch (cause) {
    throw new AoError('store-failed', 'A task in the store is corrupted', { task: id }, cause)
  }
  throw new AoError('store-failed', 'A task in the store is corrupted', { task: id })
}
