/** Tasks against a clock that the test sets: when they run, what they miss. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { heldAnswers, startCron } from './cron-fixture.ts'
import { FakeTime } from './fake-time.ts'

const P = { 'cron-path': '/x' }

describe('when tasks run', () => {
  test('every runs at once and then on its grid, with what the request said', async () => {
    const { create, time, runs, requests } = await startCron()
    await create('every', { ...P, interval: '500-milliseconds', extra: 'kept' })
    await time.advance(1_700)
    assert.deepEqual(runs, [0.001, 0.5, 1, 1.5])
    assert.deepEqual(Object.fromEntries(requests[0] ?? []), { path: '/x', extra: 'kept' })
  })

  test('a slow run does not shift the grid, and none begins beside it', async () => {
    const { answer, release } = heldAnswers()
    const { create, time, runs, task } = await startCron({ answer })
    const id = await create('every', { ...P, interval: '1-second' })
    await time.advance(2_500)
    release()
    await time.advance(700)
    assert.deepEqual(runs, [0.001, 3])
    assert.equal(task(id).skippedRuns, 2)
  })

  test('once runs now, at a time, or after a delay, and is finished then', async () => {
    const { create, time, runs, task } = await startCron()
    const ids = [
      await create('once', P),
      await create('once', { ...P, in: '2-seconds' }),
      await create('once', { ...P, at: '2026-01-01T00:00:05Z' }),
      await create('once', { ...P, at: time.now() + 7_000 }),
    ]
    await time.advance(10_000)
    assert.deepEqual(runs, [0.001, 2, 5, 7])
    assert.deepEqual(
      ids.map((id) => task(id).state),
      Array(4).fill('finished'),
    )
  })

  test('a calendar runs when it says, not at once', async () => {
    const { create, time, runs } = await startCron()
    await create('cron', { ...P, cron: '*/2 * * * *' })
    await create('every', { ...P, cron: '30 0 1 * * *', 'time-zone': 'Europe/Berlin' })
    await time.advance(240_000)
    assert.deepEqual(runs, [30, 120, 240])
  })

  test('blocks are counted, and a block that was skipped is made up for', async () => {
    let height = 1_000
    const { create, time, runs, task } = await startCron({ height: () => height })
    const id = await create('every', { ...P, interval: '2-blocks' })
    await time.advance(3_000)
    height = 1_001
    await time.advance(3_000)
    assert.equal(runs.length, 1)
    height = 1_005
    await time.advance(3_000)
    assert.equal(runs.length, 2)
    assert.equal(task(id).lastDue, 1_004)
    assert.equal(task(id).nextDue, 1_006)
    assert.equal(task(id).missedRuns, 1)
  })

  test('times and until end a task', async () => {
    const { create, time, runs, task } = await startCron()
    const three = await create('every', { ...P, interval: '1-second', times: 3 })
    await time.advance(5_000)
    assert.deepEqual(runs.splice(0), [0.001, 1, 2])
    assert.equal(task(three).state, 'finished')
    const until = await create('every', { ...P, interval: '1-second', until: time.now() + 2_500 })
    await time.advance(5_000)
    assert.equal(runs.length, 3)
    assert.equal(task(until).state, 'finished')
  })

  test('jitter delays each run, but not the grid', async () => {
    const { create, time, runs } = await startCron({ random: () => 0.5 })
    await create('every', { ...P, interval: '1-second', jitter: '400-milliseconds' })
    await time.advance(3_000)
    assert.deepEqual(runs, [0.2, 1.2, 2.2])
  })

  test('no more runs than allowed are under way at once', async () => {
    const { answer, release } = heldAnswers()
    const { create, cron, time, runs } = await startCron({ answer, maxRuns: 2 })
    for (let n = 0; n < 5; n++) await create('once', { ...P, n: `${n}` })
    await time.advance(10)
    assert.deepEqual([runs.length, cron.counts().running], [2, 2])
    for (let n = 0; n < 5; n++) {
      release()
      await time.advance(10)
    }
    assert.deepEqual([runs.length, cron.counts().running], [5, 0])
  })
})

describe('overlap', () => {
  test('what it leaves out is none of the times that a task may run', async () => {
    for (const overlap of ['skip', 'queue'] as const) {
      const { answer, release } = heldAnswers()
      const { create, time, runs, task } = await startCron({ answer })
      const keys = { ...P, interval: '1-second', times: 3, overlap }
      const id = await create('every', keys)
      for (let second = 0; second < 20; second += 5) {
        await time.advance(5_000)
        release()
      }
      await time.advance(10)
      assert.deepEqual([runs.length, task(id).runs, task(id).state], [3, 3, 'finished'], overlap)
    }
  })

  test('queue keeps one due time for when the run has ended', async () => {
    const { answer, release } = heldAnswers()
    const { create, time, runs, task } = await startCron({ answer })
    const id = await create('every', { ...P, interval: '1-second', overlap: 'queue' })
    await time.advance(3_500)
    release()
    await time.advance(100)
    assert.deepEqual(runs, [0.001, 3.5])
    assert.equal(task(id).skippedRuns, 2)
  })

  test('allow begins runs beside each other', async () => {
    const { answer, release } = heldAnswers()
    const { create, time, runs, task } = await startCron({ answer })
    const id = await create('every', { ...P, interval: '1-second', overlap: 'allow' })
    await time.advance(3_500)
    assert.deepEqual(runs, [0.001, 1, 2, 3])
    assert.equal(task(id).unsettled.length, 4)
    for (let n = 0; n < 4; n++) release()
    await time.advance(100)
    assert.deepEqual(task(id).unsettled, [])
  })
})

describe('what was missed', () => {
  test('is made up for with 16 runs beside each other, where the task allows that', async () => {
    const first = await startCron()
    const keys = { ...P, interval: '1-minute', overlap: 'allow', missed: 'catch-up' }
    const id = await first.create('every', keys)
    await first.time.advance(61_000)
    const held = heldAnswers()
    const next = await startCron({
      ...{ store: first.store, answer: held.answer },
      time: new FakeTime(first.time.now() + 40 * 60_000),
    })
    await next.time.advance(1_000)
    assert.deepEqual([next.runs.length, next.task(id).live.running], [16, 16])
    for (let n = 0; n < 5; n++) held.release()
    await next.time.advance(10)
    assert.deepEqual([next.runs.length, next.task(id).live.running], [21, 16])
  })

  test('by default one run makes up for all', async () => {
    const first = await startCron()
    const id = await first.create('every', { ...P, interval: '1-minute' })
    await first.time.advance(61_000)
    const { time, runs, task } = await first.restart(600_000)
    await time.advance(1_000)
    assert.equal(runs.length, 1)
    assert.deepEqual([task(id).missedRuns, task(id).runs], [9, 3])
    await time.advance(60_000)
    assert.equal(runs.length, 2)
  })

  test('skip makes up for none', async () => {
    const first = await startCron()
    const id = await first.create('every', { ...P, interval: '1-minute', missed: 'skip' })
    await first.time.advance(61_000)
    const { time, runs, task } = await first.restart(630_000)
    await time.advance(1_000)
    assert.deepEqual([runs.length, task(id).missedRuns], [0, 10])
    await time.advance(60_000)
    assert.equal(runs.length, 1)
  })

  test('catch-up runs the newest, one after the other', async () => {
    const first = await startCron()
    await first.create('every', { ...P, interval: '1-minute', missed: 'catch-up-4' })
    await first.time.advance(61_000)
    const { time, runs, task, cron } = await first.restart(600_000)
    await time.advance(1_000)
    assert.equal(runs.length, 4)
    const [page] = (await cron.list({ limit: 10 })).tasks
    const due = task(page?.definition.id ?? '')
      .history.list()
      .map((run) => run.due)
    assert.deepEqual(
      due.slice(-4).map((at, n) => at - (due.at(-4) ?? 0) - n * 60_000),
      [0, 0, 0, 0],
    )
  })

  test('catch-up makes up for the first of its times, not for what comes after them', async () => {
    const first = await startCron()
    const keys = { ...P, interval: '1-minute', missed: 'catch-up', times: 5 }
    const id = await first.create('every', keys)
    await first.time.advance(61_000)
    const { time, task } = await first.restart(3_600_000)
    await time.advance(1_000)
    const due = task(id)
      .history.list()
      .map((run) => (run.due - task(id).definition.createdMs) / 60_000)
    assert.deepEqual(due, [0, 1, 2, 3, 4])
    assert.deepEqual([task(id).missedRuns, task(id).state], [0, 'finished'])
  })

  test('a run that a crash cut off is begun again, or with skip is not', async () => {
    for (const [missed, expected] of [
      ['once', 1],
      ['skip', 0],
    ] as const) {
      const { answer } = heldAnswers()
      const first = await startCron({ answer })
      const id = await first.create('once', { ...P, missed })
      await first.time.advance(50)
      assert.equal(first.runs.length, 1)
      const { time, runs, task } = await first.restart()
      await time.advance(50)
      assert.deepEqual([runs.length, task(id).missedRuns], [expected, 1 - expected])
      if (missed === 'skip') assert.equal(task(id).state, 'finished')
    }
  })

  test('blocks that came while the node was down are missed, whenever it hears of them', async () => {
    let height = 1_000
    const first = await startCron({ height: () => height })
    const id = await first.create('every', { ...P, interval: '2-blocks', missed: 'skip' })
    await first.time.advance(3_000)
    assert.equal(first.runs.length, 1)
    height = 0
    const { time, runs, task } = await first.restart(60_000)
    await time.advance(3_000)
    height = 1_005
    await time.advance(3_000)
    assert.deepEqual([runs.length, task(id).missedRuns], [0, 2])
    height = 1_006
    await time.advance(3_000)
    assert.equal(runs.length, 1)
  })

  test('a run that was recorded is not begun again', async () => {
    const first = await startCron()
    const id = await first.create('once', P)
    await first.time.advance(500)
    const { time, runs, task } = await first.restart(1_000)
    await time.advance(5_000)
    assert.deepEqual([runs.length, task(id).state, task(id).runs], [0, 'finished', 1])
  })

  test('a machine that slept, or a clock set forward, runs a task once', async () => {
    const { create, time, runs, task } = await startCron()
    const id = await create('every', { ...P, interval: '1-second' })
    await time.advance(2_100)
    time.jump(3_600_000)
    await time.advance(10_000)
    assert.ok(runs.length >= 4 && runs.length <= 13, `${runs.length} runs`)
    assert.ok(task(id).missedRuns >= 3_590)
  })

  test('a clock set back does not stop an interval, and a calendar repeats nothing', async () => {
    const { create, time, runs, task } = await startCron()
    const interval = await create('every', { ...P, interval: '30-seconds' })
    const calendar = await create('cron', { ...P, cron: '* * * * *' })
    await time.advance(61_000)
    assert.deepEqual(runs.splice(0), [0.001, 30, 60, 60])
    time.jump(-1_800_000)
    await time.advance(65_000)
    assert.ok(task(interval).runs >= 4, `${task(interval).runs} runs`)
    assert.equal(task(calendar).runs, 1)
    await time.advance(1_800_000)
    assert.ok(task(calendar).runs >= 2)
  })

  test('a clock that was years ahead is believed when it is set right', async () => {
    const { create, time, task } = await startCron()
    const id = await create('cron', { ...P, cron: '* * * * *' })
    time.jump(10 * 365 * 86_400_000)
    await time.advance(70_000)
    const before = task(id).runs
    assert.ok(before >= 1)
    time.jump(-10 * 365 * 86_400_000)
    await time.advance(130_000)
    assert.ok(task(id).runs >= before + 2)
  })

  test('a daily task keeps its hour when daylight saving begins and ends', async () => {
    const { time, create, task } = await startCron({ historyLength: 100 })
    const id = await create('cron', { ...P, cron: '0 9 * * *', 'time-zone': 'Europe/Berlin' })
    const hours = new Set<string>()
    for (let day = 0; day < 310; day++) {
      time.jump(86_400_000 - 20_000)
      await time.advance(20_000)
      const due = task(id).lastDue
      if (due === undefined) continue
      hours.add(
        new Date(due).toLocaleTimeString('en-GB', { timeZone: 'Europe/Berlin', hour12: false }),
      )
    }
    assert.deepEqual([...hours], ['09:00:00'])
    assert.ok(task(id).runs >= 308)
  })
})
