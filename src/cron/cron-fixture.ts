/** A cron of its own for tests: fake time, a store in memory, and runs that the test answers. */
import assert from 'node:assert/strict'
import { type CronEvents, silentCronEvents } from '../base/cron-events.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { type Cron, createCron } from './cron.ts'
import type { CronDeps, CronOptions } from './cron-deps.ts'
import { FakeTime } from './fake-time.ts'
import type { CronReply } from './path-run.ts'
import type { CreateKey } from './read-task.ts'
import type { Task } from './task.ts'

export interface CronFixture {
  readonly cron: Cron
  readonly time: FakeTime
  readonly store: Store
  /** Times at which runs began, as seconds after the start. */
  readonly runs: number[]
  /** What runs sent. */
  readonly requests: Message[]
  readonly events: [name: string, event: unknown][]
  /** Processes, and what was scheduled for them. */
  readonly processes: Map<string, Message>
  readonly scheduled: Message[]
  /** Makes a task as an unsigned request does. */
  create(key: CreateKey, keys: Readonly<Record<string, Value>>): Promise<string>
  task(id: string): Task
  /** As after a crash: what is not in the store is lost. */
  restart(downMs?: number): Promise<CronFixture>
}

export interface FixtureOptions extends Partial<CronOptions> {
  readonly time?: FakeTime
  readonly store?: Store
  readonly height?: () => number
  /** Answers a run. Default: at once, with a text. */
  readonly answer?: (request: Message) => Promise<CronReply>
  readonly schedule?: CronDeps['processes']['schedule']
  readonly verify?: CronDeps['access']['verify']
  readonly random?: () => number
  readonly processes?: Map<string, Message>
  readonly scheduled?: Message[]
}

export const OPERATOR = 'O'.repeat(43)
export const NODE = 'N'.repeat(43)

export async function startCron(options: FixtureOptions = {}): Promise<CronFixture> {
  const { time = new FakeTime(), store = createMemoryStore() } = options
  const { processes = new Map<string, Message>(), scheduled = [] } = options
  const startMs = time.now()
  const [runs, requests, events] = [[] as number[], [] as Message[], [] as [string, unknown][]]
  const cron = createCron(
    {
      ...{ store, clock: time, timers: time, random: options.random ?? (() => 0.5) },
      events: keepEvents(events),
      access: {
        operator: () => OPERATOR,
        identities: new Set([NODE]),
        verify: options.verify ?? (async () => ({ valid: true, signers: [] })),
      },
      blockHeight: options.height ?? (() => 0),
      paths: {
        prepare: (request) => async () => {
          runs.push((time.now() - startMs) / 1_000)
          requests.push(request)
          return options.answer?.(request) ?? { status: 200, value: 'done' }
        },
        signRequest: async (request) => request.with([['signed', 'yes']]),
      },
      processes: {
        signMessage: async (message) => message,
        readMessage: async (id) =>
          processes.get(id) ?? scheduled.find((message) => messageId(message) === id),
        isScheduled: async (_processId, id) => scheduled.some((one) => messageId(one) === id),
        schedule:
          options.schedule ??
          (async (message) => {
            scheduled.push(message)
            return { status: 200 }
          }),
      },
    },
    { ...DEFAULTS, ...options },
  )
  await cron.load()
  await cron.start()
  return {
    ...{ cron, time, store, runs, requests, events, processes, scheduled },
    create: (key, keys) =>
      cron.create(key, new Message<Value>([['path', key], ...Object.entries(keys)])),
    task: (id) => {
      const task = cron.get(id)
      assert.ok(task !== undefined, `Task ${id} is there`)
      return task
    },
    restart: async (downMs = 0) => {
      // The old one lives on in a time that never passes, as a killed process does not.
      const next = new FakeTime(time.now() + downMs)
      return startCron({ ...options, store, time: next, processes, scheduled })
    },
  }
}

const DEFAULTS: CronOptions = {
  access: 'open',
  processAccess: 'signed',
  maxTasks: 1_000,
  maxTasksPerOwner: 100,
  minIntervalMs: 1,
  processMinIntervalMs: 1_000,
  maxRuns: 100,
  runTimeoutMs: 60_000,
  historyLength: 10,
}

function keepEvents(events: [string, unknown][]): CronEvents {
  const names = Object.keys(silentCronEvents) as (keyof CronEvents)[]
  const kept = names.map((name) => [
    name,
    (event: unknown) => {
      events.push([name, event])
    },
  ])
  return Object.fromEntries(kept) as CronEvents
}

/** Answers of runs that the test gives one by one. */
export function heldAnswers() {
  const held: ((reply: CronReply) => void)[] = []
  const answer = (): Promise<CronReply> => new Promise((resolve) => held.push(resolve))
  const release = (): void => held.shift()?.({ status: 200, value: 'done' })
  return { answer, release }
}
