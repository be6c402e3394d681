import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zeroBlockClock } from '../arweave/block-clock.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { createMessage } from '../message/create-message.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { nextBaseHashpath, nextHashChain } from './chain.ts'
import type { AppendEntry } from './schedule-store.ts'
import {
  createProcessServer,
  type ProcessServer,
  type ProcessServerDeps,
  type ProcessServerOptions,
} from './server.ts'

const PROCESS = 'P'.repeat(43)

interface Bench {
  readonly server: ProcessServer
  /** Everything written, in order. */
  readonly written: AppendEntry[]
  readonly clock: { nowMs: number; elapsedMs: number }
}

function open(
  overrides: Partial<ProcessServerDeps> = {},
  options: Partial<ProcessServerOptions> = {},
): Bench {
  const written: AppendEntry[] = []
  const clock = { nowMs: 1_000, elapsedMs: 0 }
  const deps: ProcessServerDeps = {
    clock: { now: () => clock.nowMs },
    elapsedMs: () => clock.elapsedMs,
    blockClock: zeroBlockClock,
    sign: async (assignment) => assignment,
    find: async (id) => written.find(({ messageId: known }) => known === id)?.assignment.message,
    append: async (entries) => {
      written.push(...entries)
    },
    upload: async () => undefined,
    ...overrides,
  }
  const server = createProcessServer(
    deps,
    {
      processId: PROCESS,
      mode: 'local_confirmation',
      chainKind: 'hash-chain',
      timeoutMs: 10_000,
      queueLimit: 1_000,
      signAhead: 4,
      ...options,
    },
    undefined,
  )
  return { server, written, clock }
}

const message = (n: number): Message => createMessage({ n, target: PROCESS })
const slotOf = (assignment: Message): number => Number(assignment.get('slot'))

async function scheduleMany(server: ProcessServer, count: number) {
  const all = Array.from({ length: count }, (_, n) => server.schedule(message(n)))
  return Promise.allSettled(all)
}

/** Slots must be 0..n-1, each head must follow from the one before. */
function assertChain(written: readonly AppendEntry[]): void {
  let hashChain = ''
  let baseHashpath: string = PROCESS
  written.forEach(({ head, assignment, messageId: id }, index) => {
    assert.equal(head.slot, index)
    hashChain = nextHashChain(hashChain, id)
    assert.equal(head.hashChain, hashChain)
    const { message: stored } = assignment
    if (stored.has('base-hashpath')) assert.equal(stored.get('base-hashpath'), baseHashpath)
    else assert.equal(stored.get('hash-chain'), hashChain)
    baseHashpath = nextBaseHashpath(baseHashpath, assignment.id)
    assert.equal(head.baseHashpath, baseHashpath)
  })
}

for (const chainKind of ['hash-chain', 'base-hashpath'] as const) {
  test(`schedule() gives slots in arrival order with an unbroken ${chainKind}`, async () => {
    const { server, written } = open({}, { chainKind })
    const results = await scheduleMany(server, 50)
    const slots = results.map((r) => (r.status === 'fulfilled' ? slotOf(r.value) : undefined))
    assert.deepEqual(
      slots,
      Array.from({ length: 50 }, (_, n) => n),
    )
    assertChain(written)
    assert.equal(server.current(), 49)
    assert.equal(server.pending(), 0)
  })

  test(`schedule() leaves no gap when signing fails, chained by ${chainKind}`, async () => {
    let calls = 0
    const sign = async (assignment: Message): Promise<Message> => {
      calls++
      if (calls % 3 === 0) throw new AoError('internal', 'No signature')
      return assignment
    }
    const { server, written } = open({ sign }, { chainKind })
    const results = await scheduleMany(server, 30)
    const failed = results.filter((r) => r.status === 'rejected').length
    assert.ok(failed > 0)
    assert.equal(written.length, 30 - failed)
    assertChain(written)
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') continue
      const entry = written[slotOf(result.value)]
      assert.equal(entry?.messageId, messageId(message(index), 'all'))
    }
  })

  test(`schedule() tells the caller of a failed write and reuses the slot, ${chainKind}`, async () => {
    const kept: AppendEntry[] = []
    let calls = 0
    const append = async (entries: readonly AppendEntry[]): Promise<void> => {
      calls++
      await new Promise((resolve) => setImmediate(resolve))
      if (calls % 2 === 0) throw new AoError('store-failed', 'No space left')
      kept.push(...entries)
    }
    const { server } = open({ append }, { chainKind })
    const results = await scheduleMany(server, 40)
    assertChain(kept)
    const acknowledged = results.flatMap((r) => (r.status === 'fulfilled' ? [slotOf(r.value)] : []))
    assert.deepEqual(
      acknowledged.toSorted((a, b) => a - b),
      kept.map(({ head }) => head.slot),
    )
    for (const result of results) {
      if (result.status === 'rejected') assert.ok(isAoError(result.reason, 'store-failed'))
    }
  })
}

test('schedule() never answers before the write in local_confirmation', async () => {
  const written = Promise.withResolvers<void>()
  const { server } = open({ append: () => written.promise })
  let isAnswered = false
  const answer = server.schedule(message(1)).then(() => {
    isAnswered = true
  })
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(isAnswered, false)
  assert.equal(server.current(), -1)
  written.resolve()
  await answer
  assert.equal(server.current(), 0)
})

test('schedule() answers before the write in aggressive mode and still writes', async () => {
  const mayWrite = Promise.withResolvers<void>()
  const kept: AppendEntry[] = []
  const append = async (entries: readonly AppendEntry[]): Promise<void> => {
    await mayWrite.promise
    kept.push(...entries)
  }
  const { server } = open({ append }, { mode: 'aggressive' })
  const assignment = await server.schedule(message(1))
  assert.equal(slotOf(assignment), 0)
  assert.equal(kept.length, 0)
  mayWrite.resolve()
  await server.close()
  assertChain(kept)
})

test('aggressive mode keeps an acknowledged assignment until the store takes it', async () => {
  const kept: AppendEntry[] = []
  let failures = 2
  const append = async (entries: readonly AppendEntry[]): Promise<void> => {
    if (failures-- > 0) throw new AoError('store-failed', 'No space left')
    kept.push(...entries)
  }
  const { server } = open({ append }, { mode: 'aggressive' })
  await server.schedule(message(1))
  await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(server.schedule(message(2)), (error) => isAoError(error, 'store-failed'))
  while (kept.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(slotOf(await server.schedule(message(3))), 1)
  await server.close()
  assertChain(kept)
})

test('remote_confirmation answers after the upload and reports a refusal of the bundler', async () => {
  let uploads = 0
  const upload = async (): Promise<void> => {
    uploads++
    if (uploads === 2) throw new AoError('remote-failed', 'The bundler refused the message')
  }
  const { server, written } = open({ upload }, { mode: 'remote_confirmation' })
  const results = await scheduleMany(server, 3)
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  // The slot stays taken: it is durable here, only not published.
  assertChain(written)
  assert.equal(written.length, 3)
})

test('schedule() refuses what waited longer than its time, and what exceeds the queue', async () => {
  const maySign = Promise.withResolvers<void>()
  const sign = async (assignment: Message): Promise<Message> => {
    await maySign.promise
    return assignment
  }
  const { server, clock, written } = open({ sign }, { chainKind: 'base-hashpath', queueLimit: 2 })
  const first = server.schedule(message(0))
  const waiting = [server.schedule(message(1)), server.schedule(message(2))]
  await assert.rejects(server.schedule(message(3)), (error) => isAoError(error, 'overloaded'))
  clock.elapsedMs += 60_000
  maySign.resolve()
  assert.equal(slotOf(await first), 0)
  for (const request of waiting) {
    await assert.rejects(request, (error) => isAoError(error, 'overloaded'))
  }
  assertChain(written)
  assert.equal(server.current(), 0)
})

test('schedule() refuses what waited too long while a signature takes for ever', async () => {
  const maySign = Promise.withResolvers<void>()
  const sign = async (assignment: Message): Promise<Message> => {
    await maySign.promise
    return assignment
  }
  const options = { chainKind: 'base-hashpath', timeoutMs: 20 } as const
  const { server, written } = open({ sign, elapsedMs: () => performance.now() }, options)
  const first = server.schedule(message(0))
  for (const request of [server.schedule(message(1)), server.schedule(message(2))]) {
    await assert.rejects(request, (error) => isAoError(error, 'overloaded'))
  }
  assert.equal(server.pending(), 1)
  maySign.resolve()
  assert.equal(slotOf(await first), 0)
  assert.equal(slotOf(await server.schedule(message(3))), 1)
  assertChain(written)
})

test('schedule() refuses nothing because the clock jumped', async () => {
  const maySign = Promise.withResolvers<void>()
  const sign = async (assignment: Message): Promise<Message> => {
    await maySign.promise
    return assignment
  }
  const { server, clock } = open({ sign }, { chainKind: 'base-hashpath' })
  const requests = scheduleMany(server, 3)
  clock.nowMs += 3_600_000
  maySign.resolve()
  assert.ok((await requests).every(({ status }) => status === 'fulfilled'))
})

test('aggressive mode tells of acknowledged slots that the store never took, and gives none of them again', async () => {
  const writing = Promise.withResolvers<void>()
  let isBroken = true
  const written: AppendEntry[] = []
  const append = async (entries: readonly AppendEntry[]): Promise<void> => {
    await writing.promise
    if (isBroken) throw new AoError('store-failed', 'Full disk')
    written.push(...entries)
  }
  const told: (readonly number[])[] = []
  const lost = (slots: readonly number[]): void => {
    isBroken = false
    told.push(slots)
  }
  const { server } = open({ append, lost }, { mode: 'aggressive' })
  const acknowledged = await scheduleMany(server, 6)
  assert.deepEqual(
    acknowledged.map((result) => result.status === 'fulfilled' && slotOf(result.value)),
    [0, 1, 2, 3, 4, 5],
  )
  const closed = server.close()
  writing.resolve()
  await closed
  assert.deepEqual([told, written], [[[0, 1, 2, 3, 4, 5]], []])
})

test('timestamps of a schedule never go back when the clock does', async () => {
  const { server, clock, written } = open()
  await server.schedule(message(0))
  clock.nowMs = 5
  await server.schedule(message(1))
  assert.deepEqual(
    written.map(({ head }) => head.timestamp),
    [1_000, 1_000],
  )
})

test('close() answers what was accepted and refuses what comes later', async () => {
  const { server, written } = open()
  const accepted = scheduleMany(server, 10)
  const closed = server.close()
  await assert.rejects(server.schedule(message(11)), (error) => isAoError(error, 'unavailable'))
  await closed
  assert.ok((await accepted).every(({ status }) => status === 'fulfilled'))
  assertChain(written)
})

for (const mode of ['local_confirmation', 'aggressive'] as const) {
  test(`scheduleOnce() gives equal messages one slot whenever they come, ${mode}`, async () => {
    const gates = Array.from({ length: 2 }, () => Promise.withResolvers<void>())
    const kept: AppendEntry[] = []
    let reads = 0
    const { server } = open(
      {
        find: async (id) => {
          if (reads++ === 0) await gates[0]?.promise
          return kept.find(({ messageId: known }) => known === id)?.assignment.message
        },
        append: async (entries) => {
          await gates[1]?.promise
          kept.push(...entries)
        },
      },
      { mode },
    )
    // While the store is being asked, while it is being written, and after.
    const asked = [server.scheduleOnce(message(1)), server.scheduleOnce(message(1))]
    gates[0]?.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    asked.push(server.scheduleOnce(message(1)))
    gates[1]?.resolve()
    const results = await Promise.all(asked)
    results.push(await server.scheduleOnce(message(1)))
    assert.deepEqual(
      results.map(({ isNew, assignment }) => [isNew, slotOf(assignment)]),
      [true, false, false, false].map((isNew) => [isNew, 0]),
    )
    assert.equal(kept.length, 1)
    assert.equal(slotOf(await server.schedule(message(1))), 1, 'who asks for a slot gets one')
  })
}

test('scheduleOnce() tries a message again that failed, for all who waited', async () => {
  let calls = 0
  const sign = async (assignment: Message): Promise<Message> => {
    if (calls++ === 0) throw new AoError('internal', 'No signature')
    return assignment
  }
  const { server, written } = open({ sign })
  const failed = await Promise.allSettled([
    server.scheduleOnce(message(1)),
    server.scheduleOnce(message(1)),
  ])
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(slotOf((await server.scheduleOnce(message(1))).assignment), 0)
  assert.equal(written.length, 1)
})

test('scheduleOnce() confirms an assignment by the upload that failed before', async () => {
  let uploads = 0
  const upload = async (): Promise<void> => {
    if (uploads++ === 0) throw new AoError('remote-failed', 'The bundler refused the message')
  }
  const { server, written } = open({ upload }, { mode: 'remote_confirmation' })
  await assert.rejects(server.scheduleOnce(message(1)), (error) =>
    isAoError(error, 'remote-failed'),
  )
  const { isNew, assignment } = await server.scheduleOnce(message(1))
  assert.deepEqual([isNew, slotOf(assignment), uploads, written.length], [false, 0, 2, 1])
})
