/**
 * The form in which a task lies in the store: a line of JSON with its version, then a line for each
 * of its newest runs.
 */
import { AoError } from '../base/errors.ts'
import { RunHistory } from './run-history.ts'
import { newLiveTask, type Task, type TaskDefinition, type TaskProgress } from './task.ts'

const VERSION = 1
const NEWLINE = 10

interface TaskLine {
  readonly version: number
  readonly definition: TaskDefinition
  readonly progress: TaskProgress
}

export function encodeTask(task: Task): Uint8Array {
  const { definition, history, live: _, ...progress } = task
  const line: TaskLine = { version: VERSION, definition, progress }
  return Buffer.from(`${JSON.stringify(line)}\n${history.text()}`)
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
    ...progress,
    nextDue: progress.nextDue ?? undefined,
    lastDue: progress.lastDue ?? undefined,
    failingSinceMs: progress.failingSinceMs ?? undefined,
    definition,
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
