/**
 * Tasks in a store. Under `~cron@1.0/`: `tasks/<id>` each task with its newest runs, `requests/<id>`
 * what a run of it sends, `spawned/<pid>` processes that wait for their task, `used/<id>` signatures
 * that did their work and have no task of their name. What must be durable at once is committed at
 * once; runs are written soon, where there are many those of a tenth of a second together.
 */
import { AoError } from '../base/errors.ts'
import { packMessage, unpackMessage } from '../cache/packed-message.ts'
import type { Message } from '../message/message.ts'
import type { Store, StoreWrite } from '../store/store.ts'
import type { StoredRequest } from './path-run.ts'
import { signaturesOf, type Task } from './task.ts'
import { decodeTask, encodeTask } from './task-record.ts'
import type { Timers } from './timers.ts'

const ROOT = '~cron@1.0'
const TASKS = `${ROOT}/tasks`
const REQUESTS = `${ROOT}/requests`
const SPAWNED = `${ROOT}/spawned`
const USED = `${ROOT}/used`

const PAGE = 1_000
/** Of what a task sends, nested messages included. */
const MAX_REQUEST_BYTES = 65_536
/** Records of one commit: a few milliseconds of work, so that no run waits longer for it. */
const MAX_GROUP = 250

export interface TaskStoreOptions {
  /** How long after a write runs wait to be written with others. Default 100. */
  readonly gatherMs?: number
  /** How long after a failed write the next one is tried. Default 1,000. */
  readonly retryMs?: number
}

export interface TaskStoreDeps {
  readonly store: Store
  readonly timers: Timers
  /** Whether a task that changed is still to be written: it may have been made anew, or forgotten. */
  readonly isWanted: (task: Task) => boolean
  /** A write of runs failed and is tried again, or a task cannot be read. */
  readonly onFailure: (error: unknown) => void
}

/** A process with cron tags that was written with its first slot. */
export interface SpawnedProcess {
  readonly processId: string
  /** Of its first slot. */
  readonly timestampMs: number
}

export class TaskStore {
  readonly #deps: TaskStoreDeps
  readonly #gatherMs: number
  readonly #retryMs: number
  readonly #dirty = new Set<Task>()
  #cancelTimer: (() => void) | undefined
  #flushing: Promise<void> | undefined
  #isClosed = false

  constructor(deps: TaskStoreDeps, { gatherMs = 100, retryMs = 1_000 }: TaskStoreOptions = {}) {
    this.#deps = deps
    this.#gatherMs = gatherMs
    this.#retryMs = retryMs
  }

  /** Every task that can be read, in the order of ids. */
  async *load(): AsyncGenerator<Task> {
    for (let from: string | undefined = ''; from !== undefined; ) {
      const range = from === '' ? { limit: PAGE } : { from, limit: PAGE }
      const entries = await this.#deps.store.scan(TASKS, range)
      for (const { name, value } of entries) {
        const task = name === from || value === undefined ? undefined : this.#decode(value, name)
        if (task !== undefined) yield task
      }
      from = entries.length < PAGE ? undefined : entries.at(-1)?.name
    }
  }

  /** Ids of tasks in order, after one. */
  async ids(after: string | undefined, limit: number): Promise<string[]> {
    if (after === undefined) return this.#deps.store.list(TASKS, { limit })
    const names = await this.#deps.store.list(TASKS, { from: after, limit: limit + 1 })
    return names.filter((name) => name !== after).slice(0, limit)
  }

  /**
   * Resolves when the task is durable, with the request of its runs and what else is given.
   * @throws AoError `limit-exceeded` for a request of more than 64 KiB, and what the store throws.
   */
  async save(
    task: Task,
    more: { readonly request?: Message; readonly writes?: readonly StoreWrite[] } = {},
  ): Promise<void> {
    const { id } = task.definition
    const writes: StoreWrite[] = [...(more.writes ?? []), taskWrite(task)]
    if (more.request !== undefined) {
      writes.push({ kind: 'value', path: `${REQUESTS}/${id}`, value: packRequest(more.request) })
    }
    await this.#deps.store.commit(writes)
  }

  /** Writes a task with others soon, however long the store takes to recover; not after `close`. */
  saveSoon(task: Task): void {
    if (this.#isClosed) return
    this.#dirty.add(task)
    if (this.#flushing === undefined) this.#arm(0)
  }

  /** Forgets tasks and their requests, but not that their signatures were used. */
  async remove(tasks: readonly Task[]): Promise<void> {
    await this.#deps.store.commit(
      tasks.flatMap(({ definition }) => [
        { kind: 'delete' as const, path: `${TASKS}/${definition.id}` },
        { kind: 'delete' as const, path: `${REQUESTS}/${definition.id}` },
        ...usedWrites(signaturesOf(definition)),
      ]),
    )
  }

  /** Whether one of these signatures did its work before. */
  async isUsed(signatures: readonly string[]): Promise<boolean> {
    const found = await Promise.all(signatures.map((id) => this.#deps.store.get(`${USED}/${id}`)))
    return found.some((mark) => mark !== undefined)
  }

  /** What a run of a task sends; `undefined` for a task that has none. */
  async request(id: string): Promise<StoredRequest | undefined> {
    const bytes = await this.#deps.store.get(`${REQUESTS}/${id}`)
    return bytes && { message: await unpackMessage(bytes), bytes: bytes.length }
  }

  async spawned(): Promise<SpawnedProcess[]> {
    const entries = await this.#deps.store.scan(SPAWNED, { limit: PAGE })
    return entries.map(({ name, value }) => ({
      processId: name,
      timestampMs: Number(Buffer.from(value ?? []).toString()),
    }))
  }

  /** Writes everything that waits. @throws what the store throws: then it may not be durable. */
  async close(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    await this.#flushing
    while (this.#dirty.size > 0) await this.#writeGroup()
    this.#isClosed = true
  }

  /** One damaged record must not keep all other tasks from running. */
  #decode(value: Uint8Array, id: string): Task | undefined {
    try {
      return decodeTask(value, id)
    } catch (error) {
      this.#deps.onFailure(error)
      return undefined
    }
  }

  /** What comes first is written at once, what comes after it with others, when the time is over. */
  #arm(delayMs: number): void {
    this.#cancelTimer ??= this.#deps.timers.set(() => {
      this.#cancelTimer = undefined
      if (this.#dirty.size > 0) this.#flushing = this.#flush()
    }, delayMs)
  }

  async #flush(): Promise<void> {
    let retryMs: number | undefined
    try {
      for (let left = this.#dirty.size; left > 0; left -= MAX_GROUP) await this.#writeGroup()
    } catch (error) {
      retryMs = this.#retryMs
      this.#deps.onFailure(error)
    }
    this.#flushing = undefined
    this.#arm(retryMs ?? this.#gatherMs)
  }

  async #writeGroup(): Promise<void> {
    const group: Task[] = []
    for (const task of this.#dirty) {
      if (group.push(task) === MAX_GROUP) break
    }
    for (const task of group) this.#dirty.delete(task)
    try {
      await this.#deps.store.commit(group.filter(this.#deps.isWanted).map(taskWrite))
    } catch (error) {
      for (const task of group) this.#dirty.add(task)
      throw error
    }
  }
}

/** Notes a process with its first slot, so that its task is made even after a crash. */
export function spawnedWrite({ processId, timestampMs }: SpawnedProcess): StoreWrite {
  const value = Buffer.from(String(timestampMs))
  return { kind: 'value', path: `${SPAWNED}/${processId}`, value }
}

/** Notes that signatures did their work. */
export function usedWrites(signatures: readonly string[]): StoreWrite[] {
  return signatures.map((id) => ({
    ...{ kind: 'value', path: `${USED}/${id}`, value: new Uint8Array() },
  }))
}

export function takenWrite(processId: string): StoreWrite {
  return { kind: 'delete', path: `${SPAWNED}/${processId}` }
}

function packRequest(request: Message): Uint8Array {
  const packed = packMessage(request)
  if (packed.length <= MAX_REQUEST_BYTES) return packed
  throw new AoError('limit-exceeded', 'Expected a request of at most 64 KiB for a task', {
    limit: MAX_REQUEST_BYTES,
    bytes: packed.length,
  })
}

function taskWrite(task: Task): StoreWrite {
  return { kind: 'value', path: `${TASKS}/${task.definition.id}`, value: encodeTask(task) }
}
