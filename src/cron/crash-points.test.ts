/**
 * Cron dies at every point where something becomes durable or reaches the outside, before and after
 * it, and goes on from what the store has: what was due happens as the policy of its task says.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createMessage } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store, StoreWrite } from '../store/store.ts'
import { type CronFixture, type FixtureOptions, startCron } from './cron-fixture.ts'
import { FakeTime } from './fake-time.ts'

const PID = 'P'.repeat(43)
const TICKS = 6
const INTERVAL_MS = 10_000

/** The point at which a node loses its power. */
interface CrashPoint {
  /** Effects that still happen before. */
  readonly after: number
  /** Whether the one at which it dies still happens; then nobody hears of it. */
  readonly isDone: boolean
}

const never = new Promise<never>(() => undefined)

/** Lets effects happen until the crash; from then on nothing ends. */
function powerUntil({ after, isDone }: CrashPoint) {
  let left = after
  return async <T>(effect: () => Promise<T>): Promise<T> => {
    if (--left >= 0) return effect()
    if (left === -1 && isDone) await effect()
    return never
  }
}

interface World {
  readonly store: Store
  readonly processes: Map<string, Message>
  readonly scheduled: Message[]
  /** What paths were asked for. */
  readonly asked: string[]
  readonly scheduleMs: number
}

type Power = ReturnType<typeof powerUntil>

function dyingStore(store: Store, power: Power): Store {
  return new Proxy(store, {
    get: (target, name: keyof Store) => {
      if (name === 'commit') return (writes: StoreWrite[]) => power(() => target.commit(writes))
      const member = target[name]
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Runs a node from a time on, until the crash; gives the time at which it is dead. */
async function live(world: World, time: FakeTime, crash: CrashPoint): Promise<CronFixture> {
  const power = powerUntil(crash)
  const { store, processes, scheduled, asked, scheduleMs } = world
  const options: FixtureOptions = {
    ...{ time, processes, scheduled },
    store: dyingStore(store, power),
    schedule: (message) =>
      power(async () => {
        if (scheduleMs > 0) await new Promise<void>((resolve) => time.set(resolve, scheduleMs))
        scheduled.push(message)
        return { status: 200 }
      }),
    answer: (request) =>
      power(async () => {
        asked.push(String(request.get('n')))
        return { status: 200, value: 'done' }
      }),
  }
  return startCron(options)
}

function createWorld(scheduleMs: number): World {
  const process = createMessage({
    ...{ type: 'Process', 'cron-interval': `${INTERVAL_MS}-milliseconds` },
    'cron-times': `${TICKS}`,
  })
  return {
    ...{ store: createMemoryStore(), scheduled: [], asked: [], scheduleMs },
    processes: new Map([[PID, process]]),
  }
}

/** No crash: the node is stopped as its operator does. */
const STOP: CrashPoint = { after: Number.POSITIVE_INFINITY, isDone: false }
const FOREVER: CrashPoint = { after: Number.POSITIVE_INFINITY, isDone: false }

/** A process with ticks, and tasks that run once, through crashes; what came of them. */
async function survive(scheduleMs: number, crashes: readonly CrashPoint[]) {
  const world = createWorld(scheduleMs)
  const startMs = Date.UTC(2026, 0, 1)
  const setUp = await live(world, new FakeTime(startMs), FOREVER)
  const process = world.processes.get(PID) ?? createMessage({})
  await world.store.commit(setUp.cron.spawnWrites(process, PID, startMs))
  for (const missed of ['once', 'skip']) {
    for (const seconds of [5, 25, 35]) {
      const keys = {
        'cron-path': '/x',
        in: `${seconds}-seconds`,
        n: `${missed}-${seconds}`,
        missed,
      }
      await setUp.create('once', keys)
    }
  }
  let nowMs = startMs
  for (const crash of [...crashes, FOREVER]) {
    const time = new FakeTime(nowMs)
    const node = live(world, time, crash)
    // One that dies while it starts never does.
    await Promise.race([node, time.advance(1_000)])
    await time.advance(crash === FOREVER ? 400_000 : 37_000)
    if (crash === STOP) {
      const stopping = (await node).cron.close()
      await time.advance(6_000)
      await stopping
    }
    nowMs = time.now() + 3_000
  }
  const ticks = world.scheduled.map((message) => Number(message.get('timestamp')) - startMs)
  return { ticks, asked: world.asked }
}

function assertKept({ ticks, asked }: Awaited<ReturnType<typeof survive>>, what: string): void {
  const due = Array.from({ length: TICKS }, (_, n) => (n + 1) * INTERVAL_MS)
  assert.deepEqual(ticks, due, what)
  const counts = new Map<string, number>()
  for (const n of asked) counts.set(n, (counts.get(n) ?? 0) + 1)
  for (const seconds of [5, 25, 35]) {
    assert.ok((counts.get(`once-${seconds}`) ?? 0) >= 1, `${what}: once after ${seconds} s`)
    assert.ok((counts.get(`skip-${seconds}`) ?? 0) <= 1, `${what}: skip after ${seconds} s`)
  }
}

describe('a crash at any point loses and doubles nothing that it must not', () => {
  // Scheduling takes no time, or longer than an interval, so that due times wait for each other.
  for (const scheduleMs of [0, 25_000]) {
    test(`one crash, each message scheduled in ${scheduleMs} ms`, async () => {
      for (let after = 0; after < 40; after++) {
        for (const isDone of [false, true]) {
          const what = `after ${after} effects, ${isDone ? 'with' : 'without'} the next`
          assertKept(await survive(scheduleMs, [{ after, isDone }]), what)
        }
      }
    })
  }

  test('several crashes, and stops between them', async () => {
    const crash = fc.record({ after: fc.integer({ min: 0, max: 15 }), isDone: fc.boolean() })
    const point = fc.oneof({ arbitrary: crash, weight: 3 }, fc.constant(STOP))
    const crashes = fc.array(point, { minLength: 2, maxLength: 6 })
    const property = fc.asyncProperty(
      fc.constantFrom(0, 25_000),
      crashes,
      async (scheduleMs, points) => {
        assertKept(await survive(scheduleMs, points), JSON.stringify(points))
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })
})
