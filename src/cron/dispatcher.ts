/**
 * Wakes tasks when they are due: one heap and one timer for all of them, a second heap for those
 * that go by the height of blocks. The timer never waits longer than ten seconds, so that a clock
 * that is set and a machine that slept are noticed.
 */
import type { Clock } from '../base/clock.ts'
import type { CronEvents } from '../base/cron-events.ts'
import { decideDue, type Moment, retime, runsLeft } from './due-decision.ts'
import { DueHeap } from './due-heap.ts'
import { begunMessage, giveBack } from './take-up.ts'
import type { Task } from './task.ts'
import { isBusy, type RunResult, TaskRunner, type TaskRunnerOptions } from './task-runner.ts'
import type { Timers } from './timers.ts'
import { isInBlocks } from './timetable.ts'

export interface DispatcherDeps {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: () => number
  /** Height of the newest block, 0 where none is known. */
  readonly blockHeight: () => number
  readonly events: CronEvents
  /** All tasks, for when the clock was set back. */
  readonly tasks: () => Iterable<Task>
  readonly runTask: (task: Task, due: number) => Promise<RunResult>
  /** The progress of a task has changed and can be written with others. */
  readonly onProgress: (task: Task) => void
  /** The last due time of a task is done. */
  readonly onFinished: (task: Task) => void
}

interface Wake {
  readonly task: Task
  readonly number: number
}

const MAX_SLEEP_MS = 10_000
const BLOCK_POLL_MS = 1_000
/** Tasks that are begun before other work of the node gets its turn. */
const MAX_AT_ONCE = 200
/** A clock that is so much earlier than before was set back. */
const SET_BACK_MS = 1_000
/** A task that fails so often in a row, over so long, is paused. */
const PAUSE_AFTER_FAILURES = 10
const PAUSE_AFTER_MS = 60_000
const STOP_GRACE_MS = 5_000

export class Dispatcher {
  readonly #deps: DispatcherDeps
  readonly #runner: TaskRunner
  readonly #times = new DueHeap<Wake>()
  readonly #heights = new DueHeap<Wake>()
  #cancelTimer: (() => void) | undefined
  #wakesAtMs = Number.POSITIVE_INFINITY
  #lastNowMs: number
  #since: Moment
  #isRunning = false

  constructor(deps: DispatcherDeps, options: TaskRunnerOptions) {
    this.#deps = deps
    this.#since = this.#now()
    this.#lastNowMs = this.#since.nowMs
    this.#runner = new TaskRunner(
      {
        ...deps,
        onSettled: (task) => this.#settled(task),
        onRetry: (task) => this.#watch(task),
      },
      options,
    )
  }

  /** Attempts under way. */
  get activeRuns(): number {
    return this.#runner.active
  }

  /** From now on tasks are woken; before, they are only taken in. */
  start(): void {
    this.#isRunning = true
    this.#since = this.#now()
    this.#lastNowMs = this.#since.nowMs
    this.#arm(0)
  }

  /** Begins nothing more; resolves when what runs has ended, at the latest after 5 seconds. */
  async close(): Promise<void> {
    this.#isRunning = false
    this.#cancelTimer?.()
    await this.#runner.close(STOP_GRACE_MS)
  }

  /** Takes in a new task. */
  add(task: Task): void {
    this.#watch(task)
  }

  /** Takes in an active task of an earlier run of the node: the clock may have been set since. */
  addAgain(task: Task): void {
    this.#guard(task, () => {
      const { timetable, lastDue, definition } = task
      const { nowMs } = this.#now()
      const isAhead = (lastDue ?? definition.createdMs) > nowMs
      if (timetable.kind !== 'calendar' || isAhead) Object.assign(task, retime(task, nowMs))
      this.#watch(task)
    })
  }

  /** Takes in a task that was paused, unless somebody was faster. */
  takeIn(task: Task): void {
    if (task.state !== 'active') return
    this.add(task)
    this.resumeBegun(task)
  }

  /** Goes on with the message that a crash cut off, if there is one. */
  resumeBegun(task: Task): void {
    const begun = begunMessage(task)
    if (begun !== undefined && task.live.running === 0) this.#runner.resume(task, begun)
  }

  /** Leaves a task alone from now on; a run under way ends by itself. */
  drop(task: Task): void {
    task.live.wakeNumber++
    this.#runner.drop(task)
  }

  /** Runs a task once beside its timetable; `false` when it runs already. */
  runNow(task: Task): boolean {
    if (isBusy(task) && task.definition.overlap !== 'allow') return false
    const { nowMs, height } = this.#now()
    this.#runner.start(task, isInBlocks(task.timetable) ? height : nowMs, true)
    if (runsLeft(task) <= 0) task.nextDue = undefined
    return true
  }

  #now(): Moment {
    return { nowMs: this.#deps.clock.now(), height: this.#deps.blockHeight() }
  }

  /** Notes when the task must be looked at next. */
  #watch(task: Task): void {
    const { live, nextDue, definition } = task
    const item = { task, number: ++live.wakeNumber }
    if (live.retry !== undefined) this.#push(live.retry.atMs, item)
    if (live.leftOvers.length > 0) this.#push(this.#deps.clock.now(), item)
    if (nextDue === undefined) return
    if (isInBlocks(task.timetable)) {
      this.#heights.push({ at: nextDue, item })
      if (this.#heights.size === 1) this.#arm(BLOCK_POLL_MS)
      return
    }
    const { jitterMs } = definition
    this.#push(nextDue + (jitterMs === 0 ? 0 : Math.floor(this.#deps.random() * jitterMs)), item)
  }

  #push(at: number, item: Wake): void {
    this.#times.push({ at, item })
    if (at < this.#wakesAtMs) this.#arm(at - this.#deps.clock.now())
  }

  #arm(delayMs: number): void {
    if (!this.#isRunning) return
    this.#cancelTimer?.()
    const waitMs = Math.min(Math.max(delayMs, 0), MAX_SLEEP_MS)
    this.#wakesAtMs = this.#deps.clock.now() + waitMs
    this.#cancelTimer = this.#deps.timers.set(() => this.#wake(), waitMs)
  }

  #wake(): void {
    const moment = this.#now()
    // Nothing that is begun here arms the timer: this does, at the end.
    this.#wakesAtMs = Number.NEGATIVE_INFINITY
    if (moment.nowMs < this.#lastNowMs - SET_BACK_MS) this.#retimeAll(moment)
    this.#lastNowMs = moment.nowMs
    // At its start a node knows no block yet: what came before its first one, it was not there for.
    if (this.#since.height === 0) this.#since = { ...this.#since, height: moment.height }
    let left = MAX_AT_ONCE
    for (; left > 0; left--) {
      const entry = this.#times.popUntil(moment.nowMs) ?? this.#heights.popUntil(moment.height)
      if (entry === undefined) break
      const { task, number } = entry.item
      if (task.live.wakeNumber === number) this.#guard(task, () => this.#look(task, moment))
    }
    this.#armNext(left === 0)
  }

  #armNext(isMoreDue: boolean): void {
    const nowMs = this.#deps.clock.now()
    const nextMs = this.#times.peek()?.at ?? Number.POSITIVE_INFINITY
    const pollMs = this.#heights.size > 0 ? BLOCK_POLL_MS : MAX_SLEEP_MS
    this.#arm(isMoreDue ? 0 : Math.min(nextMs - nowMs, pollMs))
  }

  /** A timetable that nobody can read any more must not keep all other tasks from running. */
  #guard(task: Task, work: () => void): void {
    try {
      work()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#pause(task, `Paused since its timetable failed: ${why.slice(0, 256)}`)
      this.#deps.onProgress(task)
    }
  }

  /** Begins what is due of a task that woke. */
  #look(task: Task, moment: Moment): void {
    if (task.state !== 'active') return
    this.#retry(task, moment)
    const watch = { ...moment, since: this.#since }
    const { run, missed, nextDue } = decideDue(task, watch, giveBack(task))
    task.nextDue = nextDue
    for (const due of run) this.#runner.start(task, due, run.length > 1)
    // A due time that the overlap policy left out is none of the times that the task may run.
    if (runsLeft(task) <= 0) task.nextDue = undefined
    if (missed > 0) {
      task.missedRuns += missed
      const { id } = task.definition
      this.#deps.events.cronRunsLeftOut({ task: id, reason: 'missed', count: missed })
    }
    if (run.length === 0 && (missed > 0 || task.nextDue === undefined)) this.#settled(task)
    this.#watch(task)
  }

  /** A due time that comes overtakes the run that waits to be tried again, unless it has to queue. */
  #retry(task: Task, { nowMs, height }: Moment): void {
    const { live, nextDue, timetable, definition } = task
    if (live.retry === undefined || live.retry.atMs > nowMs) return
    const isDue = nextDue !== undefined && nextDue <= (isInBlocks(timetable) ? height : nowMs)
    if (!isDue || definition.overlap === 'queue') this.#runner.retry(task)
  }

  #settled(task: Task): void {
    if (task.state === 'active') this.#pauseIfHopeless(task)
    const isDone = task.nextDue === undefined && task.unsettled.length === 0
    if (task.state === 'active' && isDone) {
      task.state = 'finished'
      this.#deps.onFinished(task)
    }
    this.#deps.onProgress(task)
  }

  #pauseIfHopeless(task: Task): void {
    const { failuresInRow, failingSinceMs } = task
    const failingMs = this.#deps.clock.now() - (failingSinceMs ?? Number.POSITIVE_INFINITY)
    if (failuresInRow < PAUSE_AFTER_FAILURES || failingMs < PAUSE_AFTER_MS) return
    const why = task.history.last()?.reason ?? 'no reason given'
    const reason = `Paused since its last ${failuresInRow} runs failed, the last one with: ${why}`
    this.#pause(task, reason)
  }

  #pause(task: Task, reason: string): void {
    task.state = 'paused'
    task.reason = reason
    this.drop(task)
    this.#deps.events.cronTaskPaused({ task: task.definition.id, reason })
  }

  #retimeAll(moment: Moment): void {
    const { nowMs } = moment
    this.#since = moment
    for (const task of this.#deps.tasks()) {
      if (task.state === 'active') this.#guard(task, () => this.#retime(task, nowMs))
    }
  }

  #retime(task: Task, nowMs: number): void {
    const retimed = retime(task, nowMs)
    if (retimed === undefined) return
    Object.assign(task, retimed)
    this.#deps.onProgress(task)
    this.#watch(task)
  }
}
