/**
 * Runs tasks: a bounded number at once, each due time as the overlap policy of its task says, a
 * failed one again after a while. It keeps the progress of a task; when its timetable is due is
 * none of its business.
 */
import type { Clock } from '../base/clock.ts'
import type { CronEvents } from '../base/cron-events.ts'
import type { RunRecord } from './run-history.ts'
import type { Task } from './task.ts'
import type { Timers } from './timers.ts'
import { isInBlocks } from './timetable.ts'

/** What came of one attempt. */
export interface RunResult {
  /** As HTTP would tell it: below 400 is a success. */
  readonly status: number
  readonly result?: string
  readonly reason?: string
}

export interface TaskRunnerDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: () => number
  readonly events: CronEvents
  /** One attempt. What it throws is a failure of the node. */
  readonly runTask: (task: Task, due: number) => Promise<RunResult>
  /** A run is over, or was left out: the task has changed. */
  readonly onSettled: (task: Task) => void
  /** A failed run waits in `live.retry`: `retry` must be called at its time. */
  readonly onRetry: (task: Task) => void
}

export interface TaskRunnerOptions {
  /** Runs under way at most; more wait. */
  readonly maxRuns: number
  readonly runTimeoutMs: number
  /** Runs of a task that are kept. */
  readonly historyLength: number
}

/** Runs of one task beside each other at most, where it allows that. */
const MAX_BESIDE = 16
/** Due times of a process that wait: each becomes a message. */
const MAX_WAITING_MESSAGES = 100
const BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 60_000
const MAX_REASON_LENGTH = 256

interface Job {
  readonly task: Task
  readonly due: number
  /** Those before this one. */
  readonly attempts: number
  /** Of the first attempt. */
  readonly startedMs?: number
}

export class TaskRunner {
  readonly #deps: TaskRunnerDeps
  readonly #options: TaskRunnerOptions
  /** From `#nextReady` on. */
  readonly #ready: Job[] = []
  #nextReady = 0
  #active = 0
  #isClosed = false
  #onIdle: (() => void) | undefined

  constructor(deps: TaskRunnerDeps, options: TaskRunnerOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Attempts under way. */
  get active(): number {
    return this.#active
  }

  /** Begins a due time; one that is `owed` waits for its turn whatever the overlap policy says. */
  start(task: Task, due: number, isOwed: boolean): void {
    const { live, definition } = task
    const overtaken = definition.overlap === 'queue' ? undefined : this.#takeRetry(task)
    if (hasRoom(task)) {
      this.#begin(task, due)
      this.#launch({ task, due, attempts: 0 })
    } else if (isOwed || live.waiting.length < waitingLimit(task)) {
      this.#begin(task, due)
      live.waiting.push(due)
    } else {
      task.skippedRuns++
      this.#deps.events.cronRunsLeftOut({ task: definition.id, reason: 'overlap', count: 1 })
      this.#deps.onSettled(task)
    }
    if (overtaken !== undefined) this.#settle(task, overtaken)
  }

  /** Goes on with a due time that was begun before, by an earlier run of the node. */
  resume(task: Task, due: number): void {
    this.#launch({ task, due, attempts: 0 })
  }

  /** The next attempt of the run that waits for it. */
  retry(task: Task): void {
    const record = this.#takeRetry(task)
    if (record !== undefined) this.#launch({ ...record, task })
  }

  /** Leaves out what waits: the task is paused or stopped. */
  drop(task: Task): void {
    const dropped = task.live.waiting.splice(0)
    for (const due of dropped) removeOne(task.unsettled, due)
    task.runs -= dropped.length
    task.skippedRuns += dropped.length
    const record = this.#takeRetry(task)
    if (record !== undefined) this.#settle(task, record)
  }

  /** Begins nothing more; resolves when nothing runs any more, or after so long. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true
    if (this.#active === 0) return
    await new Promise<void>((resolve) => {
      const cancel = this.#deps.timers.set(resolve, graceMs)
      this.#onIdle = () => {
        cancel()
        resolve()
      }
    })
  }

  #begin(task: Task, due: number): void {
    task.unsettled.push(due)
    task.runs++
  }

  #launch(job: Job): void {
    if (this.#isClosed) return
    job.task.live.running++
    if (this.#active < this.#options.maxRuns) void this.#execute(job)
    else this.#ready.push(job)
  }

  #discard({ task, due }: Job): void {
    task.live.running--
    removeOne(task.unsettled, due)
  }

  #takeRetry({ live }: Task): RunRecord | undefined {
    const record = live.retry?.record
    live.retry = undefined
    return record
  }

  async #execute({ task, due, attempts, startedMs }: Job): Promise<void> {
    const { clock, events } = this.#deps
    this.#active++
    const beganMs = clock.now()
    if (attempts === 0 && !isInBlocks(task.timetable))
      events.cronRunStarted({ lateMs: beganMs - due })
    const result = await this.#attempt(task, due)
    this.#active--
    task.live.running--
    const record = recordOf(result, {
      due,
      startedMs: startedMs ?? beganMs,
      durationMs: clock.now() - beganMs,
      attempts: attempts + 1,
    })
    if (this.#mayRetry(task, record)) this.#waitToRetry(task, record)
    else this.#settle(task, record)
    this.#advance()
  }

  async #attempt(task: Task, due: number): Promise<RunResult> {
    const { timers, runTask } = this.#deps
    const { runTimeoutMs } = this.#options
    const { promise, resolve } = Promise.withResolvers<RunResult>()
    const reason = `The run did not end within ${runTimeoutMs} ms`
    const cancel = timers.set(() => resolve({ status: 504, reason }), runTimeoutMs)
    const run = runTask(task, due).catch((error: unknown) => failureOf(error))
    const result = await Promise.race([run, promise])
    cancel()
    return result
  }

  #mayRetry({ definition, state }: Task, { status, attempts }: RunRecord): boolean {
    const mayPass = status >= 500 || status === 408 || status === 429
    return mayPass && attempts <= definition.retries && state === 'active'
  }

  /** A run that is to be tried again when the node stops stays begun: the next start sees it. */
  #waitToRetry(task: Task, record: RunRecord): void {
    if (this.#isClosed) return
    const overtaken = this.#takeRetry(task)
    const backoffMs = Math.min(BACKOFF_MS * 2 ** (record.attempts - 1), MAX_BACKOFF_MS)
    const spreadMs = Math.round(backoffMs * (0.75 + this.#deps.random() / 2))
    task.live.retry = { atMs: this.#deps.clock.now() + spreadMs, record }
    this.#deps.onRetry(task)
    if (overtaken !== undefined) this.#settle(task, overtaken)
  }

  #settle(task: Task, record: RunRecord): void {
    const { definition, live, history } = task
    removeOne(task.unsettled, record.due)
    task.lastDue = Math.max(task.lastDue ?? record.due, record.due)
    history.push(record, this.#options.historyLength)
    countOutcome(task, record)
    const { id, kind } = definition
    const { status, durationMs, attempts, reason } = record
    this.#deps.events.cronRunEnded({
      ...{ task: id, kind, status, durationMs, attempts },
      ...(reason === undefined ? {} : { reason }),
    })
    const next = hasRoom(task) ? live.waiting.shift() : undefined
    if (next !== undefined) this.#launch({ task, due: next, attempts: 0 })
    this.#deps.onSettled(task)
  }

  #advance(): void {
    while (this.#active < this.#options.maxRuns && !this.#isClosed) {
      const job = this.#ready[this.#nextReady]
      if (job === undefined) break
      this.#nextReady++
      if (job.task.state === 'stopped') this.#discard(job)
      else void this.#execute(job)
    }
    if (this.#nextReady * 2 > this.#ready.length) {
      this.#ready.splice(0, this.#nextReady)
      this.#nextReady = 0
    }
    if (this.#active === 0) this.#onIdle?.()
  }
}

/** Whether a run of the task is under way, or waits to be tried again. */
export function isBusy({ live }: Task): boolean {
  return live.running > 0 || live.retry !== undefined
}

/** Whether a task may begin a run now. */
function hasRoom(task: Task): boolean {
  const mayRunBeside = task.definition.overlap === 'allow' && task.live.running < MAX_BESIDE
  return mayRunBeside || !isBusy(task)
}

function waitingLimit({ definition: { kind, overlap } }: Task): number {
  if (overlap !== 'queue') return 0
  return kind === 'process' ? MAX_WAITING_MESSAGES : 1
}

function removeOne(dues: number[], due: number): void {
  const place = dues.indexOf(due)
  if (place >= 0) dues.splice(place, 1)
}

function countOutcome(task: Task, { status, startedMs }: RunRecord): void {
  if (status < 400) {
    task.failuresInRow = 0
    task.failingSinceMs = undefined
    return
  }
  task.failedRuns++
  task.failuresInRow++
  task.failingSinceMs ??= startedMs
}

function recordOf(
  { status, result, reason }: RunResult,
  run: Pick<RunRecord, 'due' | 'startedMs' | 'durationMs' | 'attempts'>,
): RunRecord {
  return {
    ...run,
    status,
    ...(result === undefined ? {} : { result }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON_LENGTH) }),
  }
}

function failureOf(error: unknown): RunResult {
  return { status: 500, reason: error instanceof Error ? error.message : 'Unknown failure' }
}
