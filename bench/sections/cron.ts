/**
 * How well cron keeps its times, and how soon a node with many tasks is there again. Tasks at 1 Hz
 * on LMDB, each run resolving a path with real devices and recorded durably.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../../src/base/clock.ts'
import { silentCronEvents } from '../../src/base/cron-events.ts'
import { verifyCommitment, verifyMessage } from '../../src/codec/verify.ts'
import { type Cron, createCron } from '../../src/cron/cron.ts'
import { createMessageDevice } from '../../src/device/message.ts'
import { createDeviceRegistry } from '../../src/device/registry.ts'
import { createTestDevice } from '../../src/device/test-device.ts'
import { Message } from '../../src/message/message.ts'
import type { Value } from '../../src/message/value.ts'
import { parsePath } from '../../src/resolver/path.ts'
import { createResolver } from '../../src/resolver/resolve.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { Row } from '../row.ts'
import type { Section } from '../section.ts'

export const benchCron: Section = async ({ size }) => {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bench-'))
  try {
    return [
      ...(await measureDrift(join(folder, 'drift'), {
        tasks: size(10_000, 1_000),
        seconds: size(20, 3),
      })),
      ...(await measureStart(join(folder, 'start'), size(100_000, 5_000))),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface DriftSize {
  readonly tasks: number
  readonly seconds: number
}

async function measureDrift(path: string, { tasks, seconds }: DriftSize): Promise<Row[]> {
  const store = await openStore({ engine: 'lmdb', path })
  const late: number[] = []
  const cron = await startCron(store, (lateMs) => late.push(lateMs))
  await createTasks(cron, tasks, { interval: '1-second' })
  await sleep(2_000)
  const timer = new Worker(new URL('../bare-timer.ts', import.meta.url))
  await once(timer, 'online')
  timer.postMessage('start')
  late.length = 0
  const before = process.cpuUsage()
  await sleep(seconds * 1_000)
  const cpu = cpuSeconds(before)
  timer.postMessage('result')
  const [bare] = (await once(timer, 'message')) as [readonly number[]]
  await timer.terminate()
  const runs = late.length
  const sorted = late.toSorted((left, right) => left - right)
  await cron.close()
  await store.close()
  const name = `cron, ${tasks} tasks at 1 Hz`
  const limit = { name: 'a bare timer', figure: percentile(bare, 0.99) }
  return [
    {
      ...{ name: `${name}: runs`, figure: runs / seconds, unit: '/s' },
      goal: { of: 'figure', atLeast: tasks * 0.99 },
    },
    {
      ...{ name: `${name}: late at p99`, figure: percentile(sorted, 0.99), unit: 'ms', limit },
      goal: { of: 'figure', atMost: 50 },
    },
    {
      ...{ name: `${name}: CPU of 10,000 runs`, figure: (cpu / runs) * 10_000, unit: 's' },
      goal: { of: 'figure', atMost: 1 },
    },
  ]
}

async function measureStart(path: string, tasks: number): Promise<Row[]> {
  await storeTasks(path, tasks)
  const reopened = await openStore({ engine: 'lmdb', path })
  const reading = await timeReading(reopened)
  const before = process.cpuUsage()
  const startedMs = performance.now()
  const again = await startCron(reopened, () => undefined)
  const seconds = (performance.now() - startedMs) / 1_000
  const cpu = cpuSeconds(before)
  const found = again.counts().tasks
  if (found !== tasks) throw new Error(`Expected ${tasks} tasks after the start, not ${found}`)
  await again.close()
  await reopened.close()
  const name = `cron, start with ${tasks} tasks`
  const limit = { name: 'reading them', figure: reading }
  return [
    { name, figure: seconds, unit: 's', limit, goal: { of: 'figure', atMost: 2 } },
    { name: `${name}: CPU`, figure: cpu, unit: 's' },
  ]
}

/** What it leaves in memory must not be there any more when the start is measured. */
async function storeTasks(path: string, tasks: number): Promise<void> {
  const store = await openStore({ engine: 'lmdb', path })
  const cron = await startCron(store, () => undefined)
  await createTasks(cron, tasks, { interval: '1-day', missed: 'catch-up' })
  await sleep(1_000)
  await cron.close()
  await store.close()
}

/** Seconds that it takes to read the records of all tasks. */
async function timeReading(store: Store): Promise<number> {
  const startedMs = performance.now()
  for (let from: string | undefined = ''; from !== undefined; ) {
    const range = from === '' ? { limit: 1_000 } : { from, limit: 1_000 }
    const entries = await store.scan('~cron@1.0/tasks', range)
    from = entries.length < 1_000 ? undefined : entries.at(-1)?.name
  }
  return (performance.now() - startedMs) / 1_000
}

async function startCron(store: Store, onLate: (lateMs: number) => void): Promise<Cron> {
  const resolver = createResolver({
    devices: createDeviceRegistry([createMessageDevice({ verifyCommitment }), createTestDevice()]),
    readMessage: async () => undefined,
    loadLink: async () => {
      throw new Error('No links here')
    },
    isOperator: async () => false,
  })
  const cron = createCron(
    {
      ...{ store, clock: systemClock },
      events: { ...silentCronEvents, cronRunStarted: ({ lateMs }) => onLate(lateMs) },
      access: { operator: () => '', identities: new Set(), verify: verifyMessage },
      blockHeight: () => 0,
      paths: {
        prepare: (request) => {
          const path = parsePath(request)
          return async () => {
            const { kind, value } = await resolver.resolveSteps(path)
            return { status: kind === 'ok' ? 200 : 500, value }
          }
        },
        signRequest: async (request) => request,
      },
      processes: {
        signMessage: async (message) => message,
        readMessage: async () => undefined,
        isScheduled: async () => false,
        schedule: async () => ({ status: 200 }),
      },
    },
    {
      ...{ access: 'open', processAccess: 'signed', maxTasks: 1_000_000, maxTasksPerOwner: 1 },
      ...{ minIntervalMs: 1, processMinIntervalMs: 1, maxRuns: 100 },
      ...{ runTimeoutMs: 60_000, historyLength: 10 },
    },
  )
  await cron.load()
  await cron.start()
  return cron
}

/** A hundred at a time, so that their grids are spread. */
async function createTasks(
  cron: Cron,
  count: number,
  keys: Readonly<Record<string, string>>,
): Promise<void> {
  for (let n = 0; n < count; n += 100) {
    const some = Array.from({ length: Math.min(100, count - n) }, (_, i) =>
      cron.create('every', requestOf(n + i, keys)),
    )
    await Promise.all(some)
  }
}

function requestOf(n: number, keys: Readonly<Record<string, string>>): Message {
  return new Message<Value>([
    ['path', 'every'],
    ['method', 'GET'],
    ['host', 'localhost:8734'],
    ['accept', '*/*'],
    ['user-agent', 'bench'],
    ['n', `${n}`],
    ['cron-path', '/~test-device@1.0/test-func'],
    ...Object.entries(keys),
  ])
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
