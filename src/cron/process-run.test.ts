/** Processes that call themselves: each due time has one message, whatever breaks in between. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMessage } from '../message/create-message.ts'
import { messageId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { type CronFixture, startCron } from './cron-fixture.ts'

const PID = 'P'.repeat(43)

async function spawn(fixture: CronFixture, keys: Readonly<Record<string, string>>): Promise<void> {
  const process = createMessage({ type: 'Process', ...keys })
  fixture.processes.set(PID, process)
  const writes = fixture.cron.spawnWrites(process, PID, fixture.time.now())
  if (writes.length > 0) await fixture.store.commit(writes)
}

function dueTimes(messages: readonly Message[]): number[] {
  const [first = 0] = messages.map((message) => Number(message.get('timestamp')))
  return messages.map((message) => (Number(message.get('timestamp')) - first) / 1_000)
}

describe('a process with cron tags', () => {
  test('gets a message each interval, with its tags and the time that it was due', async () => {
    const fixture = await startCron()
    const startMs = fixture.time.now()
    await spawn(fixture, {
      'cron-interval': '10-seconds',
      'cron-tag-action': 'Tick',
      'cron-tag-target': 'elsewhere',
      'cron-tag-path': '/~cron@1.0/every',
      'cron-tag-ao-types': 'x="integer"',
      'cron-tag-from-process': 'somebody',
    })
    await fixture.cron.adoptSpawned()
    await fixture.time.advance(35_000)
    assert.deepEqual(
      fixture.scheduled.map((message) => Object.fromEntries(message)),
      [10, 20, 30].map((seconds) => ({
        ...{ action: 'Tick', 'data-protocol': 'ao', variant: 'ao.N.1', type: 'Message' },
        ...{ target: PID, timestamp: `${startMs + seconds * 1_000}` },
      })),
    )
    const { definition, history } = fixture.task(PID)
    assert.deepEqual([definition.kind, definition.overlap], ['process', 'queue'])
    assert.equal(history.last()?.result, messageId(fixture.scheduled.at(-1) ?? createMessage({})))
  })

  test('may say how often in the words of HyperBEAM, and when to end', async () => {
    const fixture = await startCron()
    await spawn(fixture, { 'cron-frequency': '1-Minutes', 'cron-times': '2' })
    await fixture.cron.adoptSpawned()
    await fixture.time.advance(600_000)
    assert.equal(fixture.scheduled.length, 2)
    assert.equal(fixture.task(PID).state, 'finished')
  })

  test('may count blocks', async () => {
    let height = 500
    const fixture = await startCron({ height: () => height })
    await spawn(fixture, { 'cron-interval': '10-blocks' })
    await fixture.cron.adoptSpawned()
    await fixture.time.advance(5_000)
    assert.equal(fixture.scheduled.length, 0)
    height = 510
    await fixture.time.advance(5_000)
    assert.equal(fixture.scheduled[0]?.get('block-height'), '510')
  })

  test('without tags has no task', async () => {
    const fixture = await startCron()
    await spawn(fixture, { name: 'quiet' })
    await fixture.cron.adoptSpawned()
    assert.equal(fixture.cron.get(PID), undefined)
  })

  test('that asks for nonsense, or too much, runs without', async () => {
    for (const interval of ['5-fortnights', '1-millisecond', '3-blocks']) {
      const fixture = await startCron()
      await spawn(fixture, { 'cron-interval': interval })
      await fixture.cron.adoptSpawned()
      assert.equal(fixture.cron.get(PID), undefined, interval)
      const [name, event] = fixture.events.at(-1) ?? []
      assert.equal(name, 'cronProcessRefused')
      assert.equal((event as { process: string }).process, PID)
      assert.deepEqual(await fixture.store.list('~cron@1.0/spawned'), [])
    }
  })

  test('has its tags for nothing where only those of the operator count', async () => {
    const fixture = await startCron({ processAccess: 'operator' })
    await spawn(fixture, { 'cron-interval': '10-seconds' })
    await fixture.cron.adoptSpawned()
    assert.equal(fixture.cron.get(PID), undefined)
    const [name, event] = fixture.events.at(-1) ?? []
    assert.equal(name, 'cronProcessRefused')
    assert.match((event as { reason: string }).reason, /cronProcessAccess/)
  })

  test('that a crash left without its task gets it at the next start', async () => {
    const first = await startCron()
    await spawn(first, { 'cron-interval': '10-seconds' })
    const { time, scheduled } = await first.restart(5_000)
    await time.advance(16_000)
    assert.equal(scheduled.length, 2)
  })
})

describe('each due time gets its message once', () => {
  test('when the node died after it was scheduled and before that was noted', async () => {
    let isDying = true
    const first = await startCron({
      schedule: async (message) => {
        first.scheduled.push(message)
        return isDying ? new Promise(() => undefined) : { status: 200 }
      },
    })
    await spawn(first, { 'cron-interval': '10-seconds' })
    await first.cron.adoptSpawned()
    await first.time.advance(10_500)
    assert.equal(first.scheduled.length, 1)
    isDying = false
    const { time, scheduled, task } = await first.restart(1_000)
    await time.advance(9_500)
    assert.deepEqual(dueTimes(scheduled), [0, 10])
    assert.equal(task(PID).runs, 2)
  })

  test('when the node died with others waiting behind it, the last of its times', async () => {
    const held: (() => void)[] = []
    let isSlow = true
    const first = await startCron({
      schedule: async (message) => {
        first.scheduled.push(message)
        if (isSlow) await new Promise<void>((resolve) => held.push(resolve))
        return { status: 200 }
      },
    })
    await spawn(first, { 'cron-interval': '10-seconds', 'cron-times': '4' })
    await first.cron.adoptSpawned()
    await first.time.advance(45_000)
    held[0]?.()
    await first.time.advance(1_000)
    assert.deepEqual([first.task(PID).runs, first.scheduled.length], [4, 2])
    isSlow = false
    const { time, scheduled, task } = await first.restart(1_000)
    await time.advance(1_000)
    assert.deepEqual(dueTimes(scheduled), [0, 10, 20, 30])
    assert.deepEqual([task(PID).state, task(PID).runs], ['finished', 4])
  })

  test('when the node died before it was scheduled: the same message is', async () => {
    const ids: string[] = []
    const first = await startCron({
      schedule: async (message) => {
        ids.push(messageId(message))
        return new Promise(() => undefined)
      },
    })
    await spawn(first, { 'cron-interval': '10-seconds' })
    await first.cron.adoptSpawned()
    await first.time.advance(10_500)
    const second = await first.restart(1_000)
    await second.time.advance(100)
    assert.equal(ids.length, 2)
    assert.equal(ids[0], ids[1])
  })

  test('when scheduling fails for a while, in order', async () => {
    let failures = 3
    const fixture = await startCron({
      schedule: async (message) => {
        if (failures-- > 0) return { status: 503, reason: 'Full' }
        fixture.scheduled.push(message)
        return { status: 200 }
      },
    })
    await spawn(fixture, { 'cron-interval': '2-seconds' })
    await fixture.cron.adoptSpawned()
    await fixture.time.advance(20_500)
    assert.deepEqual(dueTimes(fixture.scheduled), [0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    assert.equal(fixture.task(PID).history.list()[0]?.attempts, 4)
  })

  test('when an attempt outlives its time: the next one waits for it', async () => {
    const held: (() => void)[] = []
    const fixture = await startCron({
      runTimeoutMs: 1_000,
      schedule: async (message) => {
        if (held.length === 0) await new Promise<void>((resolve) => held.push(resolve))
        fixture.scheduled.push(message)
        return { status: 200 }
      },
    })
    await spawn(fixture, { 'cron-interval': '1-minute' })
    await fixture.cron.adoptSpawned()
    await fixture.time.advance(65_000)
    assert.equal(fixture.scheduled.length, 0)
    held[0]?.()
    await fixture.time.advance(30_000)
    assert.equal(fixture.scheduled.length, 1)
    assert.equal(fixture.task(PID).history.list()[0]?.status, 200)
  })

  test('while the node was down, as the process asks for', async () => {
    for (const [missed, expected] of [
      [undefined, 7],
      ['once', 2],
      ['catch-up-3', 4],
      ['skip', 1],
    ] as const) {
      const first = await startCron()
      const tags = missed === undefined ? {} : { 'cron-missed': missed }
      await spawn(first, { 'cron-interval': '10-seconds', ...tags })
      await first.cron.adoptSpawned()
      await first.time.advance(10_500)
      const { time, scheduled } = await first.restart(60_000)
      await time.advance(5_000)
      assert.equal(scheduled.length, expected, missed)
      assert.equal(new Set(dueTimes(scheduled)).size, expected)
    }
  })
})
