/** A task: what runs when, for whom, and what became of it so far. */
import { RunHistory, type RunRecord } from './run-history.ts'
import type { Timetable } from './timetable.ts'

/** `path`: resolves a path of the node. `process`: schedules a message of a process for itself. */
export type TaskKind = 'path' | 'process'

/** A due time that comes while a run is under way is left out, waits, or runs beside it. */
export type OverlapPolicy = 'skip' | 'queue' | 'allow'

/** What was asked for; it never changes. */
export interface TaskDefinition {
  /** Of a path the id of the request that made it, of a process its id. */
  readonly id: string
  readonly kind: TaskKind
  /** What a run resolves; empty for a process. */
  readonly path: string
  /** Addresses that signed for it; none for a task that anybody may manage. */
  readonly owners: readonly string[]
  /** Ids of the signatures that asked for it, where the id of the task is not that of the only one. */
  readonly signatures?: readonly string[]
  /** Whether runs are signed by the node, since the node itself signed for the task. */
  readonly isSigned: boolean
  readonly createdMs: number
  /** No run is due after it. */
  readonly untilMs?: number
  /** Runs at most. */
  readonly times?: number
  /** Each run starts up to so much later, at random. */
  readonly jitterMs: number
  /** How many of the due times that were missed are made up for, the newest: 0 is none. */
  readonly catchUp: number
  readonly overlap: OverlapPolicy
  /** Attempts after a first one that failed. */
  readonly retries: number
}

/**
 * - `active`: has due times to come, or runs.
 * - `paused`: by its owner, or since it failed too often; `reason` says which.
 * - `finished`: the last due time is done.
 * - `stopped`: by its owner.
 */
export type TaskState = 'active' | 'paused' | 'finished' | 'stopped'

/** What the record of a task says beside its definition and its runs. */
export interface TaskProgress {
  timetable: Timetable
  state: TaskState
  reason?: string
  /** The first due time that is not begun; `undefined` when none comes any more. */
  nextDue: number | undefined
  lastDue: number | undefined
  /** Due times that were begun and are not done: a crash leaves them for the next start. */
  unsettled: number[]
  /** Due times that were begun. */
  runs: number
  failedRuns: number
  /** Failures since the last run that was none. */
  failuresInRow: number
  failingSinceMs: number | undefined
  /** Due times that nobody was there for and that the policy leaves out. */
  missedRuns: number
  /** Due times that came while a run was under way and were left out. */
  skippedRuns: number
  /** A message that is signed and may be scheduled or not. */
  intent?: MessageIntent
}

export interface MessageIntent {
  readonly due: number
  readonly message: string
}

/** A task in memory. */
export interface Task extends TaskProgress {
  readonly definition: TaskDefinition
  readonly history: RunHistory
  /** What only this run of the node knows. */
  readonly live: LiveTask
}

export interface LiveTask {
  /** Counts changes of when it wakes: older entries of the heap are stale. */
  wakeNumber: number
  running: number
  /** Due times that wait for the run under way. */
  waiting: number[]
  /** A failed run that waits for its next attempt. */
  retry: Retry | undefined
  /** Due times that an earlier run of the node had begun: begun again, or left out. */
  leftOvers: readonly number[]
}

export interface Retry {
  readonly atMs: number
  /** Of the attempts so far. */
  readonly record: RunRecord
}

export function createTask(
  definition: TaskDefinition,
  timetable: Timetable,
  firstDue: number | undefined,
): Task {
  return {
    definition,
    timetable,
    state: 'active',
    nextDue: firstDue,
    lastDue: undefined,
    unsettled: [],
    runs: 0,
    failedRuns: 0,
    failuresInRow: 0,
    failingSinceMs: undefined,
    missedRuns: 0,
    skippedRuns: 0,
    history: new RunHistory(),
    live: newLiveTask(),
  }
}

const NONE: readonly number[] = []

export function newLiveTask(): LiveTask {
  return { wakeNumber: 0, running: 0, waiting: [], retry: undefined, leftOvers: NONE }
}

/** Ids of the signatures that asked for a task. */
export function signaturesOf({ kind, owners, signatures, id }: TaskDefinition): readonly string[] {
  return signatures ?? (kind === 'path' && owners.length > 0 ? [id] : [])
}

/** Whether a task still counts: it runs, or may run again. */
export function isCurrent({ state }: Task): boolean {
  return state === 'active' || state === 'paused'
}
