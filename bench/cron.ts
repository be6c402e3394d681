/**
 * How well cron keeps its times: `node bench/cron.ts [tasks] [seconds] [stored tasks]`. Tasks at
 * 1 Hz on LMDB, each run resolving a path with real devices and recorded durably: how late runs
 * begin. Then how long a node takes to load a great many tasks at its start.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/base/clock.ts'
import { silentCronEvents } from '../src/base/cron-events.ts'
import { verifyCommitment, verifyMessage } from '../src/codec/verify.ts'
import { type Cron, createCron } from '../src/cron/cron.ts'
import { createMessageDevice } from '../src/device/message.ts'
import { createDeviceRegistry } from '../src/device/registry.ts'
import { createTestDevice } from '../src/device/test-device.ts'
import { Message } from '../src/message/message.ts'
import type { Value } from '../src/message/value.ts'
import { createResolver } from '../src/resolver/resolve.ts'
import { openStore } from '../src/store/open-store.ts'
import type { Store } from '../src/store/store.ts'

const [tasks = 10_000, seconds = 20, storedTasks = 100_000] = process.argv.slice(2).map(Number)

const resolver = createResolver({
  devices: createDeviceRegistry([createMessageDevice({ verifyCommitment }), createTestDevice()]),
  readMessage: async () => undefined,
  loadLink: async () => {
    throw new Error('No links here')
  },
  isOperator: async () => false,
})

function start(store: Store, onLate: (lateMs: number) => void): Cron {
  return createCron(
    {
      ...{ store, clock: systemClock },
      events: { ...silentCronEvents, cronRunStarted: ({ lateMs }) => onLate(lateMs) },
      access: { operator: () => '', identities: new Set(), verify: verifyMessage },
      blockHeight: () => 0,
      paths: {
        resolve: async (request) => {
          const outcome = await resolver.resolveRequest(request)
          return { status: outcome.kind === 'ok' ? 200 : 500, value: outcome.value }
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
      ...{ access: 'open', maxTasks: 1_000_000, maxTasksPerOwner: 1 },
      ...{ minIntervalMs: 1, processMinIntervalMs: 1, maxRuns: 100 },
      ...{ runTimeoutMs: 60_000, historyLength: 10 },
    },
  )
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

/** Creates tasks spread over a second, so that their grids are. */
async function create(cron: Cron, count: number, keys: Readonly<Record<string, string>>) {
  const startedMs = performance.now()
  for (let n = 0; n < count; n += 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, count - n) }, (_, i) =>
        cron.create('every', requestOf(n + i, keys)),
      ),
    )
  }
  return performance.now() - startedMs
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}

async function measureDrift(folder: string): Promise<void> {
  const store = await openStore({ engine: 'lmdb', path: join(folder, 'drift') })
  const late: number[] = []
  const cron = start(store, (lateMs) => late.push(lateMs))
  await cron.load()
  await cron.start()
  const createdMs = await create(cron, tasks, { interval: '1-second' })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  late.length = 0
  const before = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const { user, system } = process.cpuUsage(before)
  const sorted = late.toSorted((left, right) => left - right)
  console.table([
    {
      tasks,
      'created/s': Math.round((tasks / createdMs) * 1_000),
      'runs/s': Math.round(late.length / seconds),
      'p50 ms': percentile(sorted, 0.5),
      'p99 ms': percentile(sorted, 0.99),
      'max ms': sorted.at(-1),
      'CPU %': Math.round((user + system) / seconds / 10_000),
    },
  ])
  await cron.close()
  await store.close()
}

async function measureLoad(folder: string): Promise<void> {
  const path = join(folder, 'load')
  const store = await openStore({ engine: 'lmdb', path })
  const cron = start(store, () => undefined)
  await cron.load()
  await create(cron, storedTasks, { interval: '1-day', missed: 'catch-up' })
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  await cron.close()
  await store.close()
  const reopened = await openStore({ engine: 'lmdb', path })
  const again = start(reopened, () => undefined)
  const startedMs = performance.now()
  await again.load()
  await again.start()
  const loadedMs = performance.now() - startedMs
  console.table([{ 'stored tasks': again.counts().tasks, 'load ms': Math.round(loadedMs) }])
  await again.close()
  await reopened.close()
}

const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bench-'))
try {
  await measureDrift(folder)
  await measureLoad(folder)
} finally {
  await rm(folder, { recursive: true, force: true })
}
