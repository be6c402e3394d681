/** The form in which a task lies in the store: JSON, its version in front. */
import { AoError } from '../base/errors.ts'
import { newLiveTask, type Task, type TaskDefinition, type TaskProgress } from './task.ts'

const VERSION = 1

interface TaskRecord {
  readonly version: number
  readonly definition: TaskDefinition
  readonly progress: TaskProgress
}

export function encodeTask(task: Task): Uint8Array {
  const { definition, live: _, ...progress } = task
  const record: TaskRecord = { version: VERSION, definition, progress }
  return Buffer.from(JSON.stringify(record))
}

/** @throws AoError `store-failed` for a record of another version or a corrupted one. */
export function decodeTask(bytes: Uint8Array, id: string): Task {
  const { version, definition, progress } = parse(bytes, id)
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
    live: newLiveTask(),
  }
}

function parse(bytes: Uint8Array, id: string): Partial<TaskRecord> {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const record: unknown = JSON.parse(buffer.toString('utf8'))
    if (typeof record === 'object' && record !== null) return record
  } catch (cause) {
    throw new AoError('store-failed', 'A task in the store is corrupted', { task: id }, cause)
  }
  throw new AoError('store-failed', 'A task in the store is corrupted', { task: id })
}
