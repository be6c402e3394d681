/**
 * `~cron@1.0`: requests that the node sends to itself when they are due. This folder holds the tasks
 * and their store, the timetables, the one timer, the runs and their history. It knows neither the
 * resolver nor the scheduler: what a run does comes as functions. `device/cron.ts` calls it for
 * clients, the node calls it for processes with cron tags. A reader goes cron, read-task,
 * dispatcher, due-decision, task-runner, task-store.
 */
import { AoError } from '../base/errors.ts'
import { messageId, unsignedId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import type { StoreWrite } from '../store/store.ts'
import {
  type AccessDeps,
  type Author,
  authorOf,
  creationRefusal,
  mayCreate,
  mayManage,
} from './access.ts'
import { adoptProcess } from './adopt-process.ts'
import type { CronDeps, CronOptions } from './cron-deps.ts'
import { Dispatcher } from './dispatcher.ts'
import { listTasks, type TaskPage, type TaskQuery } from './list-tasks.ts'
import { type ManageKey, TaskManager } from './manage-task.ts'
import { PathRuns } from './path-run.ts'
import { hasCronTags, ProcessRuns } from './process-run.ts'
import { madeBefore, refused, textAt } from './read-request.ts'
import { type CreateKey, readTask, requestOfRuns } from './read-task.ts'
import { takeUp } from './take-up.ts'
import { isCurrent, type Task } from './task.ts'
import type { RunResult } from './task-runner.ts'
import { type SpawnedProcess, spawnedWrite, TaskStore } from './task-store.ts'
import { TaskTable } from './task-table.ts'
import { systemTimers } from './timers.ts'

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
  /** A page of the tasks in the order of their ids. */
  list(query: TaskQuery): Promise<TaskPage>
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

class TaskCron implements Cron {
  readonly #deps: CronDeps
  readonly #options: CronOptions
  readonly #access: AccessDeps
  readonly #store: TaskStore
  readonly #table: TaskTable
  readonly #dispatcher: Dispatcher
  readonly #creating = new Map<string, Promise<string>>()
  readonly #processRuns: ProcessRuns
  readonly #pathRuns: PathRuns
  readonly #manager: TaskManager
  #adopting: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(deps: CronDeps, options: CronOptions) {
    const { timers = systemTimers, random = Math.random, events } = deps
    this.#deps = deps
    this.#options = options
    this.#access = { ...deps.access, access: options.access }
    const onFailure = (error: unknown) => events.cronStoreFailed({ error })
    const isWanted = (task: Task) => this.#isWanted(task)
    this.#store = new TaskStore({ store: deps.store, timers, isWanted, onFailure })
    this.#processRuns = new ProcessRuns({
      ...{ ...deps.processes, nowMs: () => deps.clock.now() },
      templateOf: async (id) => (await this.#store.request(id))?.message,
      save: (task, writes) => this.#store.save(task, { writes }),
    })
    this.#pathRuns = new PathRuns({
      ...deps.paths,
      requestOf: (id) => this.#store.request(id),
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
    this.#manager = new TaskManager({
      ...{ clock: deps.clock, blockHeight: deps.blockHeight, events },
      ...{ table: this.#table, tasks: this.#store, dispatcher: this.#dispatcher },
      onForgotten: (tasks) => this.#forget(tasks),
    })
  }

  async load(): Promise<void> {
    for await (const task of this.#store.load()) {
      this.#table.set(task)
      if (isCurrent(task)) takeUp(task)
      if (task.state === 'active') this.#dispatcher.addAgain(task)
    }
  }

  async start(): Promise<void> {
    await this.adoptSpawned()
    this.#dispatcher.start()
    for (const task of this.#table.values()) {
      if (task.state === 'active') this.#dispatcher.resumeBegun(task)
    }
  }

  async create(key: CreateKey, request: Message): Promise<string> {
    const author = await authorOf(this.#access, request)
    if (!mayCreate(this.#access, author.signers)) throw creationRefusal(this.#access.access)
    // Without a signature nobody has checked the id that a request claims.
    const id = author.signers.length > 0 ? messageId(request, 'all') : unsignedId(request)
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
    await this.#manager.manage(key, task, author.signatures)
    return id
  }

  get(id: string): Task | undefined {
    return this.#table.get(id)
  }

  list(query: TaskQuery): Promise<TaskPage> {
    return listTasks(
      { ids: (after, limit) => this.#store.ids(after, limit), table: this.#table },
      query,
    )
  }

  spawnWrites(process: Message, processId: string, timestampMs: number): StoreWrite[] {
    return hasCronTags(process) ? [spawnedWrite({ processId, timestampMs })] : []
  }

  adoptSpawned(): Promise<void> {
    if (this.#isClosed) return this.#adopting
    this.#adopting = this.#adopting.then(() => this.#adoptAll())
    return this.#adopting
  }

  counts(): CronCounts {
    return { tasks: this.#table.currentCount, running: this.#dispatcher.activeRuns }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#dispatcher.close()
    await this.#adopting
    await this.#store.close()
  }

  async #make(
    key: CreateKey,
    request: Message,
    { id, author }: { readonly id: string; readonly author: Author },
  ): Promise<string> {
    const { clock, blockHeight } = this.#deps
    const owners = [...author.signers]
    const { signatures } = author
    const task = readTask(key, request, {
      ...{ id, owners, signatures, nowMs: clock.now(), height: blockHeight() },
      isSigned: owners.some((owner) => this.#access.identities.has(owner)),
      minIntervalMs: this.#options.minIntervalMs,
    })
    if (await this.#store.isUsed(signatures)) throw madeBefore()
    const called = textAt(request, 'path') ?? key
    const release = this.#table.reserve(author)
    try {
      await this.#store.save(task, { request: requestOfRuns(request, called) })
    } catch (error) {
      const known = this.#table.get(id)
      if (known !== undefined) this.#store.saveSoon(known)
      throw error
    } finally {
      release()
    }
    this.#begin(task)
    return id
  }

  /** Whether the record of its id is that of this task: it may be made anew, or be forgotten. */
  #isWanted(task: Task): boolean {
    const { id } = task.definition
    return this.#table.get(id) === task && !this.#creating.has(id)
  }

  #begin(task: Task): void {
    const { id, kind, owners } = task.definition
    this.#table.set(task)
    this.#deps.events.cronTaskCreated({ task: id, kind, owners })
    this.#dispatcher.add(task)
  }

  #run(task: Task, due: number): Promise<RunResult> {
    if (task.definition.kind === 'process') return this.#processRuns.run(task, due)
    return this.#pathRuns.run(task)
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
    const { clock, blockHeight, processes, events, store, access } = this.#deps
    return adoptProcess(
      {
        ...{ operator: access.operator, access: this.#options.processAccess },
        ...{ table: this.#table, tasks: this.#store, events, store },
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
  #forget(tasks: readonly Task[]): void {
    if (tasks.length === 0) return
    this.#store
      .remove(tasks)
      .catch((error: unknown) => this.#deps.events.cronStoreFailed({ error }))
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
