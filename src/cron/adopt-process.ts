/** The task of a process with cron tags, made once its first slot has been written. */
import type { CronEvents } from '../base/cron-events.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { signersOf } from '../message/commitment.ts'
import type { Message } from '../message/message.ts'
import type { Store } from '../store/store.ts'
import type { CronOptions } from './cron-deps.ts'
import { messageTemplate, processTask } from './process-run.ts'
import { refused } from './read-request.ts'
import type { Task } from './task.ts'
import { type SpawnedProcess, type TaskStore, takenWrite } from './task-store.ts'
import type { TaskTable } from './task-table.ts'

export interface AdoptDeps {
  readonly operator: () => string
  readonly access: CronOptions['processAccess']
  readonly table: TaskTable
  readonly tasks: TaskStore
  readonly store: Store
  readonly events: CronEvents
  /** A process with its signatures, which were verified when it was scheduled. */
  readonly readProcess: (id: string) => Promise<Message | undefined>
  /** The task is durable. */
  readonly onMade: (task: Task) => void
}

export interface AdoptTerms {
  readonly nowMs: number
  readonly height: number
  readonly minIntervalMs: number
}

/** Makes the task of a process; one that asks for nonsense, or for too much, runs without. */
export async function adoptProcess(
  deps: AdoptDeps,
  spawned: SpawnedProcess,
  terms: AdoptTerms,
): Promise<void> {
  const { processId } = spawned
  try {
    await makeTask(deps, spawned, terms)
  } catch (error) {
    if (!isAoError(error, 'invalid-request', 'unauthorized', 'overloaded', 'limit-exceeded')) {
      throw error
    }
    deps.events.cronProcessRefused({ process: processId, reason: error.message })
    await deps.store.commit([takenWrite(processId)])
  }
}

async function makeTask(
  { operator, access, table, tasks, store, readProcess, onMade }: AdoptDeps,
  { processId, timestampMs }: SpawnedProcess,
  { minIntervalMs, ...moment }: AdoptTerms,
): Promise<void> {
  const writes = [takenWrite(processId)]
  const process = await readProcess(processId)
  if (process === undefined || table.get(processId) !== undefined) return store.commit(writes)
  const owners = [...new Set(signersOf(process))]
  const isOperator = owners.includes(operator())
  if (!isOperator && access === 'operator') throw notOfOperator()
  const task = processTask(process, { processId, owners, startMs: timestampMs, ...moment })
  assertSlowEnough(task, minIntervalMs)
  const release = table.reserve({ signers: owners, signatures: [], isOperator })
  try {
    await tasks.save(task, { request: messageTemplate(process, processId), writes })
  } finally {
    release()
  }
  onMade(task)
}

function notOfOperator(): AoError {
  return new AoError(
    'unauthorized',
    'This node sends messages to processes of its operator only; see its option cronProcessAccess',
  )
}

function assertSlowEnough({ timetable }: Task, minIntervalMs: number): void {
  if (timetable.kind !== 'every' || timetable.intervalMs >= minIntervalMs) return
  throw refused(`Expected at least ${minIntervalMs} milliseconds between messages of a process`)
}
