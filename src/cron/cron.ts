/**
 * `~cron@1.0`: requests that the node sends to itself when they are due. This folder holds the tasks
 * and their store, the timetables, the one timer, the runs and their history. It knows neither the
 * resolver nor the scheduler: what a run does comes as functions. `device/cron.ts` calls it for
 * clients, the node calls it for processes with cron tags. A reader goes cron, read-task,
 * dispatcher, due-decision, task-runner, task-store.
 */
import type { Clock } from '../base/clock.ts'
import type { CronEvents } from '../base/cron-events.ts'
import { AoError } from '../base/errors.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import type { Store, StoreWrite } from '../store/store.ts'
import {
  type AccessDeps,
  type Author,
  authorOf,
  creationRefusal,
  mayCreate,
  mayManage,
} from './access.ts'
import { adoptProcess } from './adopt-process.ts'
import { Dispatcher } from './dispatcher.ts'
import { retime, within } from './due-decision.ts'
import { type PathRunDeps, runPath } from './path-run.ts'
import { hasCronTags, type ProcessRunDeps, ProcessRuns } from './process-run.ts'
import { refused, textAt } from './read-request.ts'
import { type CreateKey, readTask, requestOfRuns } from './read-task.ts'
import { isCurrent, type Task } from './task.ts'
import type { RunResult } from './task-runner.ts'
import { type SpawnedProcess, spawnedWrite, TaskStore } from './task-store.ts'
import { TaskTable } from './task-table.ts'
import { systemTimers, type Timers } from './timers.ts'
import { isInBlocks, nextDue } from './timetable.ts'

export interface CronDeps {
  readonly store: Store
  readonly clock: Clock
  /** Default: those of the system. */
  readonly timers?: Timers
  /** From 0 to 1. Default: `Math.random`. */
  readonly random?: () => number
  readonly events: CronEvents
  readonly access: Omit<AccessDeps, 'access'>
  /** Height of the newest block, 0 where none is known. */
  readonly blockHeight: () => number
  readonly paths: Omit<PathRunDeps, 'requestOf'>
  readonly processes: Omit<ProcessRunDeps, 'nowMs' | 'templateOf' | 'save'>
}

export interface CronOptions {
  readonly access: AccessDeps['access']
  readonly maxTasks: number
  readonly maxTasksPerOwner: number
  readonly minIntervalMs: number
  /** The same for messages of processes, which cost a signature and space for ever. */
  readonly processMinIntervalMs: number
  readonly maxRuns: number
  readonly runTimeoutMs: number
  readonly historyLength: number
  /** Tasks that are finished or stopped and can still be looked at. Default 1,000. */
  readonly maxEnded?: number
}

export type ManageKey = 'stop' | 'pause' | 'resume' | 'run'

export interface Cron {
  /** Reads the tasks of the store. Must be called before anything else. */
  load(): Promise<void>
  /** From now on tasks run. */
  start(): Promise<void>
  /**
   * The id of the task that a request asks for, once it is durable. The same request again gives
   * the same task.
   * @throws AoError `invalid-request`, `invalid-signature`, `unauthorized`, `overloaded`
   */
  create(key: CreateKey, request: Message): Promise<string>
  /**
   * Does to the task that a request names what the key says, and gives its id when that is durable.
   * @throws AoError `invalid-request`, `invalid-signature`, `unauthorized`
   */
  manage(key: ManageKey, request: Message): Promise<string>
  /** A task by its id. */
  get(id: string): Task | undefined
  /** Tasks in the order of their ids, after one. */
  list(after: string | undefined, limit: number): Promise<Task[]>
  /** What must be written together with the first slot of a process, so that its task is not lost. */
  spawnWrites(process: Message, processId: string, timestampMs: number): StoreWrite[]
  /** Makes the tasks of processes whose first slot has been written. */
  adoptSpawned(): Promise<void>
  counts(): CronCounts
  /** Ends what runs, as far as it ends within 5 seconds, and writes everything. */
  close(): Promise<void>
}

export interface CronCounts {
  /** Tasks that are active or paused. */
  readonly tasks: number
  readonly running: number
}

export function createCron(deps: CronDeps, options: CronOptions): Cron {
  return new TaskCron(deps, options)
}

const DEFAULT_MAX_ENDED = 1_000
const MAX_USED = 10_000

class TaskCron implements Cron {
  readonly #deps: CronDeps
  readonly #options: CronOptions
  readonly #access: AccessDeps
  readonly #store: TaskStore
  readonly #table: TaskTable
  readonly #dispatcher: Dispatcher
  readonly #creating = new Map<string, Promise<string>>()
  readonly #processRuns: ProcessRuns
  #adopting: Promise<void> = Promise.resolve()
  /** Ids of signed requests that managed tasks. */
  readonly #used = new Set<string>()

  constructor(deps: CronDeps, options: CronOptions) {
    const { timers = systemTimers, random = Math.random, events } = deps
    this.#deps = deps
    this.#options = options
    this.#access = { ...deps.access, access: options.access }
    const onFailure = (error: unknown) => events.cronStoreFailed({ error })
    this.#store = new TaskStore({ store: deps.store, timers, onFailure })
    this.#processRuns = new ProcessRuns({
      ...{ ...deps.processes, nowMs: () => deps.clock.now() },
      templateOf: (id) => this.#store.request(id),
      save: (task, writes) => this.#store.save(task, { writes }),
    })
    this.#table = new TaskTable({ maxEnded: DEFAULT_MAX_ENDED, ...options })
    this.#dispatcher = new Dispatcher(
      {
        ...{ clock: deps.clock, timers, random, events, blockHeight: deps.blockHeight },
        tasks: () => this.#table.values(),
        runTask: (task, due) => this.#run(task, due),
        onProgress: (task) => this.#store.saveSoon(task),
        onFinished: (task) => this.#forget(this.#table.end(task)),
      },
      options,
    )
  }

  async load(): Promise<void> {
    const nowMs = this.#deps.clock.now()
    for await (const task of this.#store.load()) {
      this.#table.set(task)
      if (task.state === 'active') this.#takeUp(task, nowMs)
    }
  }

  async start(): Promise<void> {
    await this.adoptSpawned()
    this.#dispatcher.start()
    for (const task of this.#table.values()) {
      const [begun] = task.unsettled
      if (task.state === 'active' && begun !== undefined && task.live.running === 0) {
        this.#dispatcher.resume(task, begun)
      }
    }
  }

  async create(key: CreateKey, request: Message): Promise<string> {
    const author = await authorOf(this.#access, request)
    if (!mayCreate(this.#access, author.signers)) throw creationRefusal(this.#access.access)
    const id = messageId(request, 'all')
    const known = this.#table.get(id)
    if (known !== undefined && !mayRunAgain(known)) return id
    const creating = this.#creating.get(id) ?? this.#make(key, request, { id, author })
    this.#creating.set(id, creating)
    return creating.finally(() => this.#creating.delete(id))
  }

  async manage(key: ManageKey, request: Message): Promise<string> {
    const id = textAt(request, 'task')
    if (id === undefined) throw refused('No task ID found in message.')
    const author = await authorOf(this.#access, request)
    const task = this.#table.get(id)
    if (task === undefined || !isCurrent(task)) throw refused('Task not found.')
    if (!mayManage(this.#access, author, task)) {
      throw new AoError(
        'unauthorized',
        'Expected the signature of the owner of the task or of the operator of the node',
      )
    }
    this.#takeOnce(author, request)
    await this.#apply(key, task)
    return id
  }

  get(id: string): Task | undefined {
    return this.#table.get(id)
  }

  async list(after: string | undefined, limit: number): Promise<Task[]> {
    const ids = await this.#store.ids(after, limit)
    return ids.flatMap((id) => this.#table.get(id) ?? [])
  }

  spawnWrites(process: Message, processId: string, timestampMs: number): StoreWrite[] {
    return hasCronTags(process) ? [spawnedWrite({ processId, timestampMs })] : []
  }

  adoptSpawned(): Promise<void> {
    this.#adopting = this.#adopting.then(() => this.#adoptAll())
    return this.#adopting
  }

  counts(): CronCounts {
    return { tasks: this.#table.currentCount, running: this.#dispatcher.activeRuns }
  }

  async close(): Promise<void> {
    await this.#dispatcher.close()
    await this.#adopting
    await this.#store.close()
  }

  /** A task of an earlier run of the node: what it had begun is owed or left out. */
  #takeUp(task: Task, nowMs: number): void {
    const { intent, timetable, lastDue, definition } = task
    const isBegun = intent !== undefined && task.unsettled.includes(intent.due)
    if (!isBegun) delete task.intent
    const resumed = isBegun ? [intent.due] : []
    task.live.leftOvers = task.unsettled.filter((due) => !resumed.includes(due))
    task.runs -= task.live.leftOvers.length
    task.unsettled = resumed
    const isAhead = (lastDue ?? definition.createdMs) > nowMs
    if (timetable.kind !== 'calendar' || isAhead) Object.assign(task, retime(task, nowMs))
    this.#dispatcher.add(task)
  }

  async #make(
    key: CreateKey,
    request: Message,
    { id, author }: { readonly id: string; readonly author: Author },
  ): Promise<string> {
    const { clock, blockHeight } = this.#deps
    const owners = [...author.signers]
    const task = readTask(key, request, {
      ...{ id, owners, nowMs: clock.now(), height: blockHeight() },
      isSigned: owners.some((owner) => this.#access.identities.has(owner)),
      minIntervalMs: this.#options.minIntervalMs,
    })
    this.#table.assertRoom(author)
    const called = textAt(request, 'path') ?? key
    await this.#store.save(task, { request: requestOfRuns(request, called) })
    this.#begin(task)
    return id
  }

  #begin(task: Task): void {
    const { id, kind, owners } = task.definition
    this.#table.set(task)
    this.#deps.events.cronTaskCreated({ task: id, kind, owners })
    this.#dispatcher.add(task)
  }

  /** A signed request that somebody has recorded works no second time, while this node runs. */
  #takeOnce({ signers }: Author, request: Message): void {
    if (signers.length === 0) return
    const id = messageId(request, 'all')
    if (this.#used.has(id)) {
      throw refused('This request was made before; sign another one, with a nonce if need be')
    }
    this.#used.add(id)
    const [oldest] = this.#used
    if (this.#used.size > MAX_USED && oldest !== undefined) this.#used.delete(oldest)
  }

  async #apply(key: ManageKey, task: Task): Promise<void> {
    switch (key) {
      case 'stop':
        return this.#stop(task)
      case 'pause':
        return this.#pause(task)
      case 'resume':
        return this.#resume(task)
      case 'run':
        if (!this.#dispatcher.runNow(task)) throw refused('The task is running; try again later')
    }
  }

  async #stop(task: Task): Promise<void> {
    task.state = 'stopped'
    this.#dispatcher.drop(task)
    const forgotten = this.#table.end(task)
    this.#deps.events.cronTaskStopped({ task: task.definition.id })
    await this.#store.save(task)
    this.#forget(forgotten)
  }

  async #pause(task: Task): Promise<void> {
    if (task.state === 'paused') return
    task.state = 'paused'
    task.reason = 'Paused on request'
    this.#dispatcher.drop(task)
    await this.#store.save(task)
  }

  /** Due times while a task was paused are not missed; a single one is still owed. */
  async #resume(task: Task): Promise<void> {
    if (task.state === 'active') return
    const { timetable } = task
    const now = isInBlocks(timetable) ? this.#deps.blockHeight() : this.#deps.clock.now()
    if (timetable.kind !== 'once') task.nextDue = within(task, nextDue(timetable, now))
    task.state = 'active'
    delete task.reason
    task.failuresInRow = 0
    task.failingSinceMs = undefined
    await this.#store.save(task)
    this.#dispatcher.add(task)
  }

  #run(task: Task, due: number): Promise<RunResult> {
    if (task.definition.kind === 'process') return this.#processRuns.run(task, due)
    return runPath({ ...this.#deps.paths, requestOf: (id) => this.#store.request(id) }, task)
  }

  async #adoptAll(): Promise<void> {
    try {
      for (let found = await this.#store.spawned(); found.length > 0; ) {
        for (const spawned of found) await this.#adopt(spawned)
        found = await this.#store.spawned()
      }
    } catch (error) {
      this.#deps.events.cronStoreFailed({ error })
    }
  }

  #adopt(spawned: SpawnedProcess): Promise<void> {
    const { clock, blockHeight, processes, events, store } = this.#deps
    return adoptProcess(
      {
        ...{ access: this.#access, table: this.#table, tasks: this.#store, events, store },
        readProcess: processes.readMessage,
        onMade: (task) => this.#begin(task),
      },
      spawned,
      {
        ...{ nowMs: clock.now(), height: blockHeight() },
        minIntervalMs: this.#options.processMinIntervalMs,
      },
    )
  }

  /** Old tasks are gone from memory at once; should the store fail, it still has them. */
  #forget(ids: readonly string[]): void {
    if (ids.length === 0) return
    this.#store.remove(ids).catch((error: unknown) => this.#deps.events.cronStoreFailed({ error }))
  }
}

/**
 * Whether a request for a task that is over makes it anew. A signed one does not: it is the same
 * request that came again, by a client that got no answer, or by somebody who has recorded it.
 */
function mayRunAgain(known: Task): boolean {
  if (isCurrent(known)) return false
  if (known.definition.owners.length === 0) return true
  if (known.state === 'finished') return false
  throw refused('The task was stopped; sign a new request to make another one')
}
