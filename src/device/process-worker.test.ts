import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createComputedStates } from '../cache/computed-states.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import { createFailingStore, diskFull, type FailingStoreHooks } from '../store/failing-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { ComputeWaits } from './compute-waits.ts'
import { failed, type Outcome, ok } from './device.ts'
import type { Execution } from './process-execution.ts'
import { ProcessWorker, type WorkerOptions } from './process-worker.ts'
import { numberAt } from './read-key.ts'

const PROCESS = { id: 'P'.repeat(43), message: new Message() }

interface Setup {
  readonly length?: number
  readonly options?: Partial<WorkerOptions>
  readonly store?: Store
  readonly execution?: Partial<Execution>
}

/** A worker of a process that sums its slots, and what it was seen to do. */
function setup({ length = 100, options = {}, store = createMemoryStore(), execution }: Setup) {
  const seen = { applied: [] as number[], snapshots: [] as number[], restored: [] as number[] }
  const schedule = { length }
  const clock = { nowMs: 0, now: () => clock.nowMs }
  const defaults: Execution = {
    start: async () => ok(createMessage({ 'at-slot': -1, sum: 0 })),
    apply: async (state, assignment) => {
      const slot = numberAt(assignment, 'slot') ?? 0
      seen.applied.push(slot)
      await new Promise(setImmediate)
      const sum = (numberAt(state, 'sum') ?? 0) + slot
      return ok(state.with(Object.entries({ 'at-slot': slot, sum })))
    },
    snapshot: async (state) => {
      seen.snapshots.push(numberAt(state, 'at-slot') ?? -1)
      return ok(createMessage({ held: 'memory' }))
    },
    restore: async (state) => {
      seen.restored.push(numberAt(state, 'at-slot') ?? -1)
      return ok(state)
    },
  }
  const deps = {
    execution: { ...defaults, ...execution },
    states: createComputedStates(store),
    next: async (state: Message) => {
      const slot = (numberAt(state, 'at-slot') ?? -1) + 1
      if (slot >= schedule.length) return { status: 404, value: createMessage({ reason: 'none' }) }
      return { status: 200, value: new Message([['body', createMessage({ slot })]]) }
    },
    events: {
      slotComputed: () => undefined,
      computeFailed: () => undefined,
      snapshotStored: () => undefined,
    },
    clock,
    waits: new ComputeWaits(),
    outside: <T>(work: () => T): T => work(),
  }
  const allOptions = { snapshotSlots: 0, snapshotMs: 0, queueLimit: 10, ...options }
  const open = () => new ProcessWorker(deps, PROCESS, allOptions)
  return { worker: open(), open, seen, schedule, clock }
}

function sumOf(outcome: Outcome): number | undefined {
  return outcome.value instanceof Message ? numberAt(outcome.value, 'sum') : undefined
}

/** 0 + 1 + ... + slot. */
function total(slot: number): number {
  return (slot * (slot + 1)) / 2
}

const range = (length: number): number[] => Array.from({ length }, (_, slot) => slot)

describe('ProcessWorker', () => {
  test('applies each slot once, in order, however many ask for whatever', async () => {
    const { worker, seen } = setup({})
    const slots = [30, 5, 30, 0, 12, 29]
    const outcomes = await Promise.all(slots.map((slot) => worker.compute(slot)))
    assert.deepEqual(outcomes.map(sumOf), slots.map(total))
    assert.deepEqual(seen.applied, range(31))
    assert.equal(sumOf(await worker.compute(7)), total(7))
    assert.equal(seen.applied.length, 31)
  })

  test('refuses those who wait for what is not scheduled, and answers the others', async () => {
    const { worker, schedule } = setup({ length: 4 })
    const [known, missing, later] = await Promise.all([3, 4, 9].map((slot) => worker.compute(slot)))
    assert.equal(sumOf(known ?? ok('')), total(3))
    for (const outcome of [missing, later]) {
      assert.ok(outcome?.kind === 'error' && outcome.value instanceof Message)
      assert.deepEqual([outcome.status, outcome.value.get('attempted-slot')], [404, 4])
    }
    schedule.length = 10
    assert.equal(sumOf(await worker.compute(9)), total(9))
  })

  test('tries a slot again that failed, and keeps those before it', async () => {
    let failures = 2
    const { worker, seen } = setup({
      execution: {
        apply: async (state, assignment) => {
          const slot = numberAt(assignment, 'slot') ?? 0
          if (slot === 2 && failures-- > 1) return failed(402, 'refused')
          if (slot === 2 && failures === 0) throw new Error('broken')
          seen.applied.push(slot)
          return ok(state.with([['at-slot', slot]]))
        },
      },
    })
    const refused = await worker.compute(3)
    assert.ok(refused.kind === 'error' && refused.status === 402)
    await assert.rejects(worker.compute(3), { code: 'internal' })
    assert.equal((await worker.compute(3)).kind, 'ok')
    assert.deepEqual(seen.applied, [0, 1, 2, 3])
  })

  test('bounds who waits', async () => {
    const { worker } = setup({ options: { queueLimit: 2 } })
    const waiting = [worker.compute(1), worker.compute(2)]
    await new Promise(setImmediate)
    await assert.rejects(worker.compute(50), { code: 'overloaded' })
    await Promise.all(waiting)
    assert.equal((await worker.compute(50)).kind, 'ok')
  })
})

describe('snapshots of a worker', () => {
  test('come at each multiple of so many slots', async () => {
    const { worker, seen } = setup({ options: { snapshotSlots: 10 } })
    await worker.compute(25)
    assert.deepEqual(seen.snapshots, [0, 10, 20])
  })

  test('come with the first slot after so long', async () => {
    const { worker, seen, clock } = setup({ options: { snapshotMs: 1_000 } })
    await worker.compute(5)
    clock.nowMs += 999
    await worker.compute(6)
    clock.nowMs += 1
    await worker.compute(9)
    assert.deepEqual(seen.snapshots, [0, 7])
  })

  test('are what the next worker goes on from', async () => {
    const { worker, open, seen } = setup({ options: { snapshotSlots: 10 } })
    await worker.compute(25)
    await worker.close({ snapshot: false })
    seen.applied.length = 0
    const next = open()
    assert.equal(sumOf(await next.compute(24)), total(24))
    assert.deepEqual(seen.applied, [])
    assert.equal(sumOf(await next.compute(30)), total(30))
    assert.deepEqual(seen.restored, [20])
    assert.deepEqual(seen.applied, range(31).slice(21))
  })

  test('of an idle worker spare the next one all of that', async () => {
    const { worker, open, seen } = setup({})
    await worker.compute(25)
    await worker.close({ snapshot: true })
    seen.applied.length = 0
    assert.equal(sumOf(await open().compute(27)), total(27))
    assert.deepEqual([seen.snapshots, seen.restored, seen.applied], [[25], [25], [26, 27]])
  })

  test('that are empty, or say why there is none, leave the newest state to go on from', async () => {
    for (const snapshot of [new Message(), createMessage({ error: 'none' })]) {
      const { worker, open, seen } = setup({
        options: { snapshotSlots: 10 },
        execution: { snapshot: async () => ok(snapshot) },
      })
      await worker.compute(25)
      await worker.close({ snapshot: false })
      seen.applied.length = 0
      assert.equal(sumOf(await open().compute(27)), total(27))
      assert.deepEqual([seen.restored, seen.applied], [[], [26, 27]])
    }
  })

  test('that fail hold nothing up', async () => {
    const { worker, open } = setup({
      options: { snapshotSlots: 10 },
      execution: {
        snapshot: async () => {
          throw new Error('no memory')
        },
      },
    })
    assert.equal(sumOf(await worker.compute(25)), total(25))
    await worker.close({ snapshot: true })
    assert.equal(sumOf(await open().compute(26)), total(26))
  })
})

describe('a store that fails while a worker writes', () => {
  /** Computes while one commit fails, then on, then with a worker that has only the store. */
  async function computeWithFault(nth: number, hook: keyof FailingStoreHooks): Promise<boolean> {
    let wasHit = false
    const fail = (_: unknown, count: number): void => {
      if (count !== nth) return
      wasHit = true
      throw diskFull()
    }
    const store = createFailingStore(createMemoryStore(), { [hook]: fail })
    const { worker, open } = setup({ store, options: { snapshotSlots: 4 } })
    const check = async (asked: ProcessWorker, slot: number): Promise<void> => {
      // Who is told of the failure asks again.
      const outcome = await asked.compute(slot).catch(() => asked.compute(slot))
      assert.equal(sumOf(outcome), total(slot), `slot ${slot}, write ${nth}`)
    }
    for (let slot = 2; slot < 20; slot += 3) await check(worker, slot)
    await worker.close({ snapshot: false })
    const next = open()
    for (const slot of [19, 0, 7, 25, 13]) await check(next, slot)
    await next.close({ snapshot: false })
    const last = open()
    for (const slot of [25, 13, 0]) await check(last, slot)
    return wasHit
  }

  for (const hook of ['beforeCommit', 'afterCommit'] as const) {
    test(`${hook}: states stay right, in memory and in the store`, async () => {
      let hits = 0
      for (let nth = 1; await computeWithFault(nth, hook); nth++) hits++
      assert.ok(hits > 5, `${hits} writes failed`)
    })
  }
})
