/** One run of a task that resolves a path, as if its request had come again with that path. */
import { AoError, isAoError } from '../base/errors.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import type { Task } from './task.ts'
import type { RunResult } from './task-runner.ts'

/** What came of a request to the node. */
export interface CronReply {
  /** As HTTP would tell it. */
  readonly status: number
  readonly value: Value
}

export interface PathRunDeps {
  /** What runs of a task send, without the path. */
  readonly requestOf: (id: string) => Promise<Message | undefined>
  /** Answers a request by its path with the node's own devices. */
  readonly resolve: (request: Message) => Promise<CronReply>
  /** Signs a request with the wallet of the node. */
  readonly signRequest: (request: Message) => Promise<Message>
}

export async function runPath(deps: PathRunDeps, { definition }: Task): Promise<RunResult> {
  const { id, path, isSigned } = definition
  const stored = await deps.requestOf(id)
  if (stored === undefined) throw new AoError('store-failed', 'The request of the task is missing')
  const request = stored.with([['path', path]])
  const { status, value } = await deps.resolve(isSigned ? await deps.signRequest(request) : request)
  if (status >= 400) return { status, reason: reasonOf(value) }
  const result = resultId(value)
  return result === undefined ? { status } : { status, result }
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
