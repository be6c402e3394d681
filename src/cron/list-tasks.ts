/** Pages of tasks, in the order in which the store has their ids. */
import type { Task } from './task.ts'

export interface TaskQuery {
  /** The id after which the page begins. */
  readonly after?: string | undefined
  /** Tasks at most. */
  readonly limit: number
  readonly state?: string | undefined
  /** Address of one of their owners. */
  readonly owner?: string | undefined
}

export interface TaskPage {
  readonly tasks: readonly Task[]
  /** The `after` of the next page; absent after the last. */
  readonly next?: string
}

export interface ListDeps {
  /** Ids of the store in order. */
  readonly ids: (after: string | undefined, limit: number) => Promise<readonly string[]>
  readonly table: { get(id: string): Task | undefined }
}

const BATCH = 1_000
/** Tasks that are looked at for a page: a page that few tasks fit may be short. */
const MAX_SEEN = 20_000

export async function listTasks(deps: ListDeps, query: TaskQuery): Promise<TaskPage> {
  const tasks: Task[] = []
  let { after } = query
  for (let seen = 0; seen < MAX_SEEN; seen += BATCH) {
    const ids = await deps.ids(after, BATCH)
    for (const id of ids) {
      if (tasks.length === query.limit && after !== undefined) return { tasks, next: after }
      after = id
      const task = deps.table.get(id)
      if (task !== undefined && fits(task, query)) tasks.push(task)
    }
    if (ids.length < BATCH) return { tasks }
  }
  return { tasks, ...(after === undefined ? {} : { next: after }) }
}

function fits({ state, definition: { owners } }: Task, { state: wanted, owner }: TaskQuery) {
  if (wanted !== undefined && state !== wanted) return false
  return owner === undefined || owners.includes(owner)
}
