/** What those who may do with a task: they stop it, pause it, let it go on, run it now. */
import type { CronDeps } from './cron-deps.ts'
import type { Dispatcher } from './dispatcher.ts'
import { within } from './due-decision.ts'
import { madeBefore, refused } from './read-request.ts'
import { isCurrent, type Task } from './task.ts'
import { type TaskStore, usedWrites } from './task-store.ts'
import type { TaskTable } from './task-table.ts'
import { isInBlocks, nextDue } from './timetable.ts'

export type ManageKey = 'stop' | 'pause' | 'resume' | 'run'

export interface ManageDeps extends Pick<CronDeps, 'clock' | 'blockHeight' | 'events'> {
  readonly table: TaskTable
  readonly tasks: TaskStore
  readonly dispatcher: Dispatcher
  /** Old tasks that are forgotten for one that ended. */
  readonly onForgotten: (tasks: readonly Task[]) => void
}

export class TaskManager {
  readonly #deps: ManageDeps
  /** Signatures of requests that are being carried out. */
  readonly #pending = new Set<string>()

  constructor(deps: ManageDeps) {
    this.#deps = deps
  }

  /**
   * Resolves when it is done and durable, and the signatures of the request work no second time.
   * @throws AoError `invalid-request` for a signature that was used, and for what cannot be done.
   */
  async manage(key: ManageKey, task: Task, signatures: readonly string[]): Promise<void> {
    if (signatures.some((id) => this.#pending.has(id))) throw madeBefore()
    for (const id of signatures) this.#pending.add(id)
    try {
      if (await this.#deps.tasks.isUsed(signatures)) throw madeBefore()
      if (!isCurrent(task)) throw refused('Task not found.')
      await this.#apply(key, task, signatures)
    } finally {
      for (const id of signatures) this.#pending.delete(id)
    }
  }

  async #apply(key: ManageKey, task: Task, signatures: readonly string[]): Promise<void> {
    const { dispatcher, onForgotten } = this.#deps
    switch (key) {
      case 'stop': {
        const forgotten = this.#stop(task)
        await this.#save(task, signatures)
        return onForgotten(forgotten)
      }
      case 'pause':
        this.#pause(task)
        return this.#save(task, signatures)
      case 'resume':
        this.#resume(task)
        await this.#save(task, signatures)
        return dispatcher.takeIn(task)
      case 'run':
        if (!dispatcher.runNow(task)) throw refused('The task is running; try again later')
        return this.#save(task, signatures)
    }
  }

  #stop(task: Task): Task[] {
    const { table, dispatcher, events } = this.#deps
    task.state = 'stopped'
    dispatcher.drop(task)
    events.cronTaskStopped({ task: task.definition.id })
    return table.end(task)
  }

  #pause(task: Task): void {
    if (task.state === 'paused') return
    task.state = 'paused'
    task.reason = 'Paused on request'
    this.#deps.dispatcher.drop(task)
  }

  /** Due times while a task was paused are not missed; a single one is still owed. */
  #resume(task: Task): void {
    if (task.state === 'active') return
    const { clock, blockHeight } = this.#deps
    const { timetable } = task
    const now = isInBlocks(timetable) ? blockHeight() : clock.now()
    const due = timetable.kind === 'once' ? task.nextDue : within(task, nextDue(timetable, now))
    if (due === undefined) throw refused('The task has nothing left to run')
    task.nextDue = due
    task.state = 'active'
    delete task.reason
    task.failuresInRow = 0
    task.failingSinceMs = undefined
  }

  /** What holds in memory is written later, should the store fail now. */
  async #save(task: Task, signatures: readonly string[]): Promise<void> {
    const { tasks } = this.#deps
    try {
      await tasks.save(task, { writes: usedWrites(signatures) })
    } catch (error) {
      tasks.saveSoon(task)
      throw error
    }
  }
}
