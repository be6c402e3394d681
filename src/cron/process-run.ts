/**
 * Processes that call themselves: `Cron-Interval` or `Cron-Frequency` on a process says how often,
 * each `Cron-Tag-Name` becomes the key `name` of the message that the node signs and schedules then.
 *
 * Each due time gets its message exactly once, across crashes: the signed message is stored with the
 * task before it is scheduled, so that after a crash the schedule can be asked for it by its id.
 */
import { prepareMessage } from '../cache/prepare.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import type { StoreWrite } from '../store/store.ts'
import { textAt } from './read-request.ts'
import { intervalTimetable, readDefinition } from './read-task.ts'
import { createTask, type Task } from './task.ts'
import type { RunResult } from './task-runner.ts'
import { isInBlocks, nextDue } from './timetable.ts'

const TAG_PREFIX = 'cron-tag-'
/** What is neither private, nor a header of a signature, nor says who speaks. */
const TAG_NAME = /^(?!priv|signature|from)[\w.-]+$/
/** Tags of a process beside its interval: the keys that a request for a task has, with `cron-`. */
const TERMS = ['missed', 'times', 'until']
/**
 * Keys of the message that no tag can set. The wallet of the node signs it, so that it must neither
 * be a request, which has a path and a method, nor speak for another process, as `from-process` does.
 */
const FIXED_KEYS: ReadonlySet<string> = new Set([
  ...['anchor', 'ao-types', 'block-height', 'commitments', 'data-protocol', 'id', 'method'],
  ...['owner', 'path', 'process', 'scheduler', 'slot', 'status', 'target', 'timestamp', 'type'],
  'variant',
])
const PROCESS_RETRIES = 10

/** Whether a process wants messages of its own. */
export function hasCronTags(process: Message): boolean {
  return process.has('cron-interval') || process.has('cron-frequency')
}

export interface ProcessTerms {
  readonly processId: string
  readonly owners: readonly string[]
  /** Of its first slot: the first message is due one interval after it. */
  readonly startMs: number
  readonly nowMs: number
  readonly height: number
}

/** @throws AoError `invalid-request` for tags that make no sense. */
export function processTask(process: Message, terms: ProcessTerms): Task {
  const { processId, owners, startMs, nowMs, height } = terms
  const interval = textAt(process, 'cron-interval') ?? textAt(process, 'cron-frequency') ?? ''
  const timetable = intervalTimetable(interval, { startMs, startHeight: height })
  const known = TERMS.flatMap((key): [string, Value][] => {
    const text = textAt(process, `cron-${key}`)
    return text === undefined ? [] : [[key, text]]
  })
  const fixed = { id: processId, kind: 'process' as const, path: '', owners, isSigned: true, nowMs }
  // Each due time is to have its message: those that were missed are made up for unless a tag says no.
  const definition = readDefinition(fixed, new Message([['missed', 'catch-up'], ...known]))
  return createTask(
    { ...definition, overlap: 'queue', retries: PROCESS_RETRIES },
    timetable,
    nextDue(timetable, isInBlocks(timetable) ? height : startMs),
  )
}

/** The message of every due time, without what differs between them. */
export function messageTemplate(process: Message, processId: string): Message {
  const tags: [string, Value][] = []
  for (const [key, value] of process) {
    const name = key.startsWith(TAG_PREFIX) ? key.slice(TAG_PREFIX.length) : ''
    if (TAG_NAME.test(name) && !FIXED_KEYS.has(name) && isBinary(value)) {
      tags.push([name, value])
    }
  }
  return new Message<Value>([
    ...tags,
    ['data-protocol', 'ao'],
    ['variant', 'ao.N.1'],
    ['type', 'Message'],
    ['target', processId],
  ])
}

export interface ProcessRunDeps {
  readonly nowMs: () => number
  readonly templateOf: (id: string) => Promise<Message | undefined>
  /** Signs a message with the wallet of the node. */
  readonly signMessage: (message: Message) => Promise<Message>
  /** A message of the store with its signatures. */
  readonly readMessage: (id: string) => Promise<Message | undefined>
  /** Whether the schedule of a process has a message. */
  readonly isScheduled: (processId: string, messageId: string) => Promise<boolean>
  readonly schedule: (message: Message) => Promise<RunResult>
  /** Resolves when the task, as it is now, and these writes are durable. */
  readonly save: (task: Task, writes: readonly StoreWrite[]) => Promise<void>
}

/** The runs of all processes, those of one after the other. */
export class ProcessRuns {
  readonly #deps: ProcessRunDeps
  /** The last run of each: the next one waits for it, even when nobody else does any more. */
  readonly #last = new Map<string, Promise<unknown>>()

  constructor(deps: ProcessRunDeps) {
    this.#deps = deps
  }

  run(task: Task, due: number): Promise<RunResult> {
    const { id } = task.definition
    const before = this.#last.get(id) ?? Promise.resolve()
    const run = before.then(() => runProcess(this.#deps, task, due))
    const settled = run
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(id) === settled) this.#last.delete(id)
      })
    this.#last.set(id, settled)
    return run
  }
}

async function runProcess(deps: ProcessRunDeps, task: Task, due: number): Promise<RunResult> {
  const { id } = task.definition
  const begun = task.intent?.due === due ? task.intent.message : undefined
  if (begun !== undefined && (await deps.isScheduled(id, begun))) return done(begun)
  const stored = begun === undefined ? undefined : await deps.readMessage(begun)
  const message = stored ?? (await makeMessage(deps, task, due))
  const reply = await deps.schedule(message)
  return reply.status < 400 ? done(messageId(message, 'all')) : reply
}

async function makeMessage(deps: ProcessRunDeps, task: Task, due: number): Promise<Message> {
  const template = (await deps.templateOf(task.definition.id)) ?? new Message()
  const time: [string, Value][] = isInBlocks(task.timetable)
    ? [
        ['block-height', `${due}`],
        ['timestamp', `${deps.nowMs()}`],
      ]
    : [['timestamp', `${due}`]]
  const message = await deps.signMessage(template.with(time))
  task.intent = { due, message: messageId(message, 'all') }
  await deps.save(task, prepareMessage(message).writes)
  return message
}

/** The intent stays until the next one: an attempt that nobody waits for any more may still ask. */
function done(result: string): RunResult {
  return { status: 200, result }
}
