/** Runs of tasks that resolve a path, each as if its request had come again with that path. */
import { AoError, isAoError } from '../base/errors.ts'
import { LruMap } from '../base/lru-map.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import type { Task, TaskDefinition } from './task.ts'
import type { RunResult } from './task-runner.ts'

/** What came of a request to the node. */
export interface CronReply {
  /** As HTTP would tell it. */
  readonly status: number
  readonly value: Value
}

/** What runs of a task send, without the path. */
export interface StoredRequest {
  readonly message: Message
  /** Of its record. */
  readonly bytes: number
}

export interface PathRunDeps {
  readonly requestOf: (id: string) => Promise<StoredRequest | undefined>
  /** Reads a request; each call of what it gives answers it with the node's own devices. */
  readonly prepare: (request: Message) => PreparedPath
  /** Signs a request with the wallet of the node. */
  readonly signRequest: (request: Message) => Promise<Message>
}

export type PreparedPath = () => Promise<CronReply>

/** Requests that are kept ready: those of tasks that ran last. */
const MAX_KEPT = 10_000
/** Of its record; larger ones are read for each run. */
const MAX_KEPT_BYTES = 1_024

/** The runs of all tasks that resolve a path. */
export class PathRuns {
  readonly #deps: PathRunDeps
  readonly #kept = new LruMap<string, PreparedPath>(MAX_KEPT)

  constructor(deps: PathRunDeps) {
    this.#deps = deps
  }

  async run({ definition }: Task): Promise<RunResult> {
    const answer = this.#kept.get(definition.id) ?? (await this.#prepare(definition))
    const { status, value } = await answer()
    if (status >= 400) return { status, reason: reasonOf(value) }
    const result = resultId(value)
    return result === undefined ? { status } : { status, result }
  }

  async #prepare({ id, path, isSigned }: TaskDefinition): Promise<PreparedPath> {
    const { requestOf, prepare, signRequest } = this.#deps
    const stored = await requestOf(id)
    if (stored === undefined) {
      throw new AoError('store-failed', 'The request of the task is missing')
    }
    const request = stored.message.with([['path', path]])
    // No two runs have the same signature: a schedule would take the second for the first.
    if (isSigned) return prepare(await signRequest(request))
    const answer = prepare(request)
    if (stored.bytes <= MAX_KEPT_BYTES) this.#kept.set(id, answer)
    return answer
  }
}

/** What cannot be encoded has no id. */
function resultId(value: Value): string | undefined {
  try {
    return messageId(asMessage(value), 'all')
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}

function asMessage(value: Value): Message {
  if (value instanceof Message) return value
  return new Message<Value>([
    ['ao-result', 'body'],
    ['body', value],
  ])
}

function reasonOf(value: Value): string {
  const said = value instanceof Message ? (value.get('reason') ?? value.get('body')) : value
  if (said instanceof Atom) return said.name
  return typeof said === 'string' ? said : 'The path was answered with an error'
}
