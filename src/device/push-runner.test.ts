import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AoError } from '../base/errors.ts'
import { createDeliveries } from '../cache/deliveries.ts'
import { Message } from '../message/message.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { failed, type Outcome, ok } from './device.ts'
import { createPushRun, type SlotPush } from './push-run.ts'
import { PushRunner } from './push-runner.ts'

const PROCESS = 'P'.repeat(43)
const LIMITS = { maxDepth: 4, maxMessages: 10 }
const PLACE = { process: PROCESS, slot: 1, maxDepth: 4 }

function pushOf(slot = 1): SlotPush {
  const run = createPushRun({ ...PLACE, slot }, LIMITS)
  const process = { id: PROCESS, message: new Message() }
  return { process, slot, shownSlot: slot, resultDepth: 0, maxDepth: 4, run }
}

function setup(
  push: (push: SlotPush, attempt: number) => Promise<Outcome>,
  { maxBackground = 2, waitMs = 60_000, maxMs = 60_000 } = {},
) {
  const deliveries = createDeliveries(createMemoryStore())
  const failures: unknown[] = []
  let attempts = 0
  const runner = new PushRunner(
    {
      deliveries,
      push: (given) => push(given, ++attempts),
      resume: async ({ slot }) => (slot < 100 ? pushOf(slot) : undefined),
      events: { pushFailed: ({ error }) => void failures.push(error) },
      outside: (work) => work(),
    },
    { ...LIMITS, maxBackground, waitMs, maxMs, closeMs: 5, retryDelaysMs: [1, 1] },
  )
  const idle = async () => {
    while ((await deliveries.pending()).length > 0) await new Promise(setImmediate)
    return attempts
  }
  return { runner, deliveries, failures, idle }
}

const DONE = ok(new Message())

describe('a push that nobody waits for', () => {
  test('is noted until it is done', async () => {
    const end = Promise.withResolvers<Outcome>()
    const { runner, deliveries, idle } = setup(() => end.promise)
    await runner.start(pushOf())
    assert.deepEqual(await deliveries.pending(), [PLACE])
    end.resolve(DONE)
    assert.equal(await idle(), 1)
  })

  test('is tried again after what may pass, and given up at last', async () => {
    const passing = setup(async (push, attempt) => {
      if (attempt === 1) throw new AoError('unavailable', 'Later')
      if (attempt === 2) push.run.postponed = 1
      return DONE
    })
    await passing.runner.start(pushOf())
    assert.equal(await passing.idle(), 3)
    assert.deepEqual(passing.failures, [])
    const lasting = setup(async () => failed(503, 'Never'))
    await lasting.runner.start(pushOf())
    assert.equal(await lasting.idle(), 3)
    assert.deepEqual(lasting.failures, ['Never'])
  })

  test('is not tried again after what will not pass', async () => {
    const { runner, failures, idle } = setup(async () => failed(404, 'No such slot'))
    await runner.start(pushOf())
    assert.equal(await idle(), 1)
    assert.deepEqual(failures, ['No such slot'])
  })

  test('is refused when there are too many, or the node stops', async () => {
    const end = Promise.withResolvers<Outcome>()
    const { runner, deliveries } = setup(() => end.promise)
    await runner.start(pushOf(1))
    await runner.start(pushOf(2))
    await assert.rejects(runner.start(pushOf(3)), { code: 'overloaded' })
    const closed = runner.close()
    await assert.rejects(runner.start(pushOf(3)), { code: 'unavailable' })
    end.resolve(DONE)
    await closed
    assert.deepEqual(
      (await deliveries.pending()).map(({ slot }) => slot),
      [1, 2],
    )
  })

  test('that never ends does not hold up a node that stops, and stays noted', async () => {
    const { runner, deliveries } = setup(() => new Promise(() => undefined))
    await runner.start(pushOf())
    await runner.close()
    assert.deepEqual(await deliveries.pending(), [PLACE])
  })

  test('that rests when the node stops does not hold it up, and stays noted', async () => {
    const { runner, deliveries } = setup(async (_, attempt) => {
      if (attempt === 1) throw new AoError('unavailable', 'Later')
      return DONE
    })
    const resting = runner.start(pushOf())
    await runner.close()
    await resting
    assert.deepEqual(await deliveries.pending(), [PLACE])
  })
})

test('a push that goes on for too long may look at no more messages', async () => {
  const { runner } = setup(
    async ({ run }) => {
      while (run.visits > 0) await new Promise(setImmediate)
      return DONE
    },
    { maxMs: 5 },
  )
  assert.equal((await runner.run(pushOf()))?.kind, 'ok')
})

describe('resume()', () => {
  test('takes up what is noted, a few at a time, and forgets what is not known', async () => {
    let active = 0
    let most = 0
    const seen: number[] = []
    const { runner, deliveries, idle } = setup(async ({ slot }) => {
      most = Math.max(most, ++active)
      await new Promise(setImmediate)
      active--
      seen.push(slot)
      return DONE
    })
    const slots = [3, 1, 700, 2, 4, 5]
    for (const slot of slots) await deliveries.setPending({ ...PLACE, slot })
    await runner.resume()
    await idle()
    assert.deepEqual(seen.toSorted(), [1, 2, 3, 4, 5])
    assert.equal(most, 2)
  })
})

describe('a push that its client waits for', () => {
  test('takes away its note with the last of those that began there', async () => {
    const ends = [Promise.withResolvers<Outcome>(), Promise.withResolvers<Outcome>()]
    const { runner, deliveries } = setup(async ({ run }, attempt) => {
      run.isNoted = true
      await deliveries.setPending(run.root)
      return (await ends[attempt - 1]?.promise) ?? DONE
    })
    const runs = [runner.run(pushOf()), runner.run(pushOf())]
    ends[0]?.resolve(DONE)
    await runs[0]
    assert.equal((await deliveries.pending()).length, 1)
    ends[1]?.resolve(DONE)
    await runs[1]
    assert.equal((await deliveries.pending()).length, 0)
  })

  test('goes on when it takes too long for its client, noted and tried again', async () => {
    const end = Promise.withResolvers<Outcome>()
    const { runner, deliveries, idle } = setup(
      async (push, attempt) => {
        if (attempt === 1) push.run.postponed = 1
        return attempt === 1 ? end.promise : DONE
      },
      { waitMs: 1 },
    )
    assert.equal(await runner.run(pushOf()), undefined)
    assert.deepEqual(await deliveries.pending(), [PLACE])
    end.resolve(DONE)
    assert.equal(await idle(), 2)
  })

  test('that is late and fails is told in the log', async () => {
    const end = Promise.withResolvers<Outcome>()
    const { runner, failures, idle } = setup(() => end.promise, { waitMs: 1 })
    await runner.run(pushOf())
    end.reject(new AoError('unavailable', 'Later'))
    await idle()
    assert.equal(failures.length, 1)
  })

  test('stays noted when it throws', async () => {
    const { runner, deliveries } = setup(async ({ run }) => {
      run.isNoted = true
      await deliveries.setPending(run.root)
      throw new AoError('store-failed', 'Full')
    })
    await assert.rejects(runner.run(pushOf()), { code: 'store-failed' })
    assert.equal((await deliveries.pending()).length, 1)
  })
})
