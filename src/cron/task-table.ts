/** The tasks of a node by id, and how many each owner has. */
import { AoError } from '../base/errors.ts'
import type { Author } from './access.ts'
import { madeBefore } from './read-request.ts'
import { isCurrent, type Task } from './task.ts'

export interface TaskLimits {
  /** Tasks that are active or paused. */
  readonly maxTasks: number
  /** Of these, those with one owner; the operator has no such bound. */
  readonly maxTasksPerOwner: number
  /** Tasks that are finished or stopped and can still be looked at. */
  readonly maxEnded: number
}

export class TaskTable {
  readonly #limits: TaskLimits
  readonly #tasks = new Map<string, Task>()
  readonly #ownerCounts = new Map<string, number>()
  /** Tasks that are being made. */
  #reserved = 0
  /** Signatures that asked for a task, or are about to, beside those that a task is named after. */
  readonly #signatures = new Set<string>()
  /** Ended ones, the longest ended first. */
  readonly #ended = new Set<string>()

  constructor(limits: TaskLimits) {
    this.#limits = limits
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id)
  }

  values(): MapIterator<Task> {
    return this.#tasks.values()
  }

  /** Tasks that are active or paused. */
  get currentCount(): number {
    return this.#tasks.size - this.#ended.size
  }

  set(task: Task): void {
    const { id, owners, signatures = [] } = task.definition
    this.#ended.delete(id)
    this.#tasks.set(id, task)
    for (const signature of signatures) this.#signatures.add(signature)
    if (isCurrent(task)) for (const owner of owners) this.#count(owner, 1)
    else this.#ended.add(id)
  }

  /** Notes that a current task has ended; gives those that are forgotten for it. */
  end({ definition: { id, owners } }: Task): Task[] {
    if (!this.#ended.has(id)) for (const owner of owners) this.#count(owner, -1)
    this.#ended.add(id)
    const tooMany = Math.max(this.#ended.size - this.#limits.maxEnded, 0)
    return [...this.#ended].slice(0, tooMany).flatMap((old) => this.#forget(old))
  }

  #forget(id: string): Task[] {
    const task = this.#tasks.get(id)
    this.#ended.delete(id)
    this.#tasks.delete(id)
    if (task === undefined) return []
    for (const signature of task.definition.signatures ?? []) this.#signatures.delete(signature)
    return [task]
  }

  /**
   * Keeps room for a task that is being made; the function that it gives lets it go again.
   * @throws AoError `overloaded` when there are as many tasks as there may be, of all or of one
   * owner, `invalid-request` for a signature that asked for another task.
   */
  reserve(author: Author): () => void {
    const { signers, signatures } = author
    this.#assertRoom(author)
    if (signatures.some((id) => this.#signatures.has(id) || this.#tasks.has(id))) {
      throw madeBefore()
    }
    this.#reserved++
    for (const signer of signers) this.#count(signer, 1)
    for (const id of signatures) this.#signatures.add(id)
    return () => {
      this.#reserved--
      for (const signer of signers) this.#count(signer, -1)
      for (const id of signatures) this.#signatures.delete(id)
    }
  }

  #assertRoom({ signers, isOperator }: Author): void {
    const { maxTasks, maxTasksPerOwner } = this.#limits
    const all = this.currentCount + this.#reserved
    if (all >= maxTasks) throw full(`This node has ${maxTasks} tasks already`)
    if (isOperator) return
    const own = Math.max(0, ...signers.map((signer) => this.#ownerCounts.get(signer) ?? 0))
    if (own >= maxTasksPerOwner) throw full(`You have ${maxTasksPerOwner} tasks already`)
  }

  #count(owner: string, by: number): void {
    const count = (this.#ownerCounts.get(owner) ?? 0) + by
    if (count > 0) this.#ownerCounts.set(owner, count)
    else this.#ownerCounts.delete(owner)
  }
}

function full(what: string): AoError {
  return new AoError('overloaded', `${what}; stop one of them and try again`)
}
