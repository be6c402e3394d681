/** What becomes of tasks: their failures, and what their owners do with them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { type CronFixture, heldAnswers, startCron } from './cron-fixture.ts'
import type { CronReply } from './path-run.ts'

const P = { 'cron-path': '/x' }

describe('failures', () => {
  const failing = async (): Promise<CronReply> => ({ status: 500, value: 'broken' })

  test('are tried again, later and later, to a bound, and recorded', async () => {
    const { create, time, runs, task } = await startCron({ answer: failing })
    const id = await create('once', P)
    await time.advance(60_000)
    assert.deepEqual(
      runs.map((at) => Math.round(at)),
      [0, 1, 3, 7],
    )
    const [run] = task(id).history.list()
    assert.deepEqual([run?.status, run?.attempts, run?.reason], [500, 4, 'broken'])
    assert.deepEqual([task(id).failedRuns, task(id).state], [1, 'finished'])
  })

  test('a refusal is not tried again', async () => {
    const { create, time, runs, task } = await startCron({
      answer: async () => ({ status: 404, value: 'not_found' }),
    })
    const id = await create('once', P)
    await time.advance(60_000)
    assert.deepEqual([runs.length, task(id).history.list()[0]?.status], [1, 404])
  })

  test('a due time overtakes the attempts of the one before', async () => {
    const { create, time, runs, task } = await startCron({ answer: failing })
    const id = await create('every', { ...P, interval: '1500-milliseconds', times: 3 })
    await time.advance(20_000)
    assert.equal(task(id).history.list().length, 3)
    assert.deepEqual(
      task(id)
        .history.list()
        .map((run) => run.attempts),
      [2, 2, 4],
    )
    assert.equal(runs.length, 8)
  })

  test('a run without end counts as failed', async () => {
    const { create, time, task } = await startCron({
      answer: () => new Promise(() => undefined),
      runTimeoutMs: 1_000,
    })
    const id = await create('once', { ...P, retries: 0 })
    await time.advance(2_000)
    assert.deepEqual([task(id).history.list()[0]?.status, task(id).state], [504, 'finished'])
  })

  test('a task that always fails pauses and says so', async () => {
    const { create, time, task, runs, events } = await startCron({ answer: failing })
    const id = await create('every', { ...P, interval: '10-seconds', retries: 0 })
    await time.advance(300_000)
    assert.equal(task(id).state, 'paused')
    assert.match(task(id).reason ?? '', /last 10 runs failed.*broken/)
    assert.equal(runs.length, 10)
    assert.ok(events.some(([name]) => name === 'cronTaskPaused'))
  })

  test('a timetable that cannot be read any more pauses its task, and no other', async () => {
    const { create, time, task, runs } = await startCron()
    const broken = await create('cron', { ...P, cron: '* * * * *' })
    const other = await create('every', { ...P, interval: '1-minute' })
    task(broken).timetable = { kind: 'calendar', expression: 'broken', timeZone: 'UTC' }
    await time.advance(130_000)
    assert.equal(task(broken).state, 'paused')
    assert.match(task(broken).reason ?? '', /^Paused since its timetable failed/)
    assert.deepEqual([task(other).runs, runs.length], [3, 3])
  })

  test('nor does it keep the node from starting', async () => {
    const first = await startCron()
    const broken = await first.create('cron', { ...P, cron: '* * * * *' })
    const other = await first.create('every', { ...P, interval: '1-minute' })
    await first.time.advance(61_000)
    await first.time.advance(1_000)
    const path = `~cron@1.0/tasks/${broken}`
    const record = Buffer.from((await first.store.get(path)) ?? []).toString()
    const value = Buffer.from(record.replace('* * * * *', 'broken'))
    await first.store.commit([{ kind: 'value', path, value }])
    // With a clock that was set back the timetable is asked when the task is loaded.
    const { task } = await first.restart(-120_000)
    assert.deepEqual([task(broken).state, task(other).state], ['paused', 'active'])
  })

  test('a failed write of runs is made again', async () => {
    const fixture = await startCron()
    const id = await fixture.create('every', { ...P, interval: '1-second' })
    const { commit } = fixture.store
    let failures = 0
    fixture.store.commit = async () => {
      failures++
      throw new Error('Disk full')
    }
    await fixture.time.advance(2_500)
    assert.ok(failures > 0)
    fixture.store.commit = commit
    await fixture.time.advance(3_000)
    assert.ok(fixture.events.some(([name]) => name === 'cronStoreFailed'))
    const { task } = await fixture.restart()
    assert.ok(task(id).runs >= 4)
  })
})

describe('managing', () => {
  const manage = async (
    { cron }: CronFixture,
    key: 'stop' | 'pause' | 'resume' | 'run',
    task: string,
  ) => {
    return cron.manage(
      key,
      new Message([
        ['path', key],
        ['task', task],
      ]),
    )
  }

  test('the same request gives the same task, which runs again when it is over', async () => {
    const { create, time, runs, cron } = await startCron()
    const ids = await Promise.all([create('once', P), create('once', P), create('once', P)])
    assert.equal(new Set(ids).size, 1)
    assert.equal(await create('once', P), ids[0])
    await time.advance(100)
    assert.equal(runs.length, 1)
    assert.equal(await create('once', P), ids[0])
    await time.advance(100)
    assert.equal(runs.length, 2)
    assert.equal(cron.counts().tasks, 0)
  })

  test('a task that is made anew is not overwritten by what its forerunner still writes', async () => {
    const { answer, release } = heldAnswers()
    const fixture = await startCron({ answer })
    const keys = { ...P, interval: '1-hour' }
    const id = await fixture.create('every', keys)
    await fixture.time.advance(10)
    await manage(fixture, 'stop', id)
    assert.equal(await fixture.create('every', keys), id)
    release()
    await fixture.time.advance(1_000)
    const { task } = await fixture.restart()
    assert.equal(task(id).state, 'active')
  })

  test('also not while it is being written', async () => {
    const { answer, release } = heldAnswers()
    const fixture = await startCron({ answer })
    const keys = { ...P, interval: '1-hour' }
    const id = await fixture.create('every', keys)
    await fixture.time.advance(10)
    await manage(fixture, 'stop', id)
    const { commit } = fixture.store
    const { promise, resolve } = Promise.withResolvers<void>()
    fixture.store.commit = async (writes) => {
      fixture.store.commit = commit
      await fixture.store.commit(writes)
      return promise
    }
    const created = fixture.create('every', keys)
    await fixture.time.advance(1)
    release()
    await fixture.time.advance(1_000)
    resolve()
    await created
    const { task } = await fixture.restart()
    assert.equal(task(id).state, 'active')
  })

  test('a stop that the store failed to write is written as soon as it can be', async () => {
    const fixture = await startCron()
    const id = await fixture.create('once', { ...P, in: '1-hour' })
    const { commit } = fixture.store
    fixture.store.commit = async () => {
      throw new Error('Disk full')
    }
    await assert.rejects(manage(fixture, 'stop', id), { message: 'Disk full' })
    fixture.store.commit = commit
    await fixture.time.advance(2_000)
    const { task } = await fixture.restart()
    assert.equal(task(id).state, 'stopped')
  })

  test('a run that was cut off while its task was paused is not owed any more', async () => {
    const { answer } = heldAnswers()
    const fixture = await startCron({ answer })
    const id = await fixture.create('once', P)
    await fixture.time.advance(10)
    await manage(fixture, 'pause', id)
    const next = await fixture.restart()
    const { unsettled, runs, missedRuns } = next.task(id)
    assert.deepEqual([unsettled, runs, missedRuns], [[], 0, 1])
    await assert.rejects(manage(next, 'resume', id), { message: /nothing left/ })
  })

  test('a run that outlives the node writes nothing more', async () => {
    const { answer, release } = heldAnswers()
    const fixture = await startCron({ answer })
    await fixture.create('once', P)
    await fixture.time.advance(10)
    const closing = fixture.cron.close()
    await fixture.time.advance(6_000)
    await closing
    fixture.store.commit = () => assert.fail('The store is closed')
    release()
    await fixture.time.advance(5_000)
    assert.ok(!fixture.events.some(([name]) => name === 'cronStoreFailed'))
  })

  test('resume refuses a task that has nothing left to run', async () => {
    const fixture = await startCron()
    const until = fixture.time.now() + 5_000
    const id = await fixture.create('every', { ...P, interval: '2-seconds', until })
    await manage(fixture, 'pause', id)
    await fixture.time.advance(6_000)
    await assert.rejects(manage(fixture, 'resume', id), { message: /nothing left/ })
  })

  test('stop ends a task for good, also one that runs', async () => {
    const { answer, release } = heldAnswers()
    const fixture = await startCron({ answer })
    const id = await fixture.create('every', { ...P, interval: '1-second' })
    await fixture.time.advance(100)
    await manage(fixture, 'stop', id)
    await assert.rejects(manage(fixture, 'stop', id), { message: 'Task not found.' })
    release()
    await fixture.time.advance(5_000)
    assert.deepEqual([fixture.runs.length, fixture.task(id).state], [1, 'stopped'])
    const { time, runs } = await fixture.restart()
    await time.advance(5_000)
    assert.equal(runs.length, 0)
  })

  test('pause and resume leave out what was due between them, across a restart', async () => {
    const fixture = await startCron()
    const id = await fixture.create('every', { ...P, interval: '1-second' })
    await fixture.time.advance(1_500)
    await manage(fixture, 'pause', id)
    await fixture.time.advance(3_000)
    assert.equal(fixture.runs.length, 2)
    const next = await fixture.restart(2_000)
    await next.time.advance(3_000)
    assert.equal(next.runs.length, 0)
    await manage(next, 'resume', id)
    await next.time.advance(1_000)
    assert.deepEqual([next.runs.length, next.task(id).missedRuns], [1, 0])
  })

  test('run begins a run beside the timetable, but not beside another', async () => {
    const { answer, release } = heldAnswers()
    const fixture = await startCron({ answer })
    const id = await fixture.create('once', { ...P, in: '1-hour' })
    await manage(fixture, 'run', id)
    await fixture.time.advance(10)
    assert.equal(fixture.runs.length, 1)
    await assert.rejects(manage(fixture, 'run', id), { message: /is running/ })
    release()
    await fixture.time.advance(10)
    assert.equal(fixture.task(id).state, 'active')
    await fixture.time.advance(3_600_000)
    assert.equal(fixture.runs.length, 2)
  })

  test('run is one of the times that a task may run', async () => {
    const fixture = await startCron()
    const id = await fixture.create('every', { ...P, interval: '1-hour', times: 2 })
    await fixture.time.advance(10)
    await manage(fixture, 'run', id)
    await fixture.time.advance(10)
    assert.deepEqual([fixture.runs.length, fixture.task(id).state], [2, 'finished'])
  })

  test('run counts in blocks what is due in blocks', async () => {
    const fixture = await startCron({ height: () => 700 })
    const id = await fixture.create('every', { ...P, interval: '10-blocks' })
    await fixture.time.advance(2_000)
    await manage(fixture, 'run', id)
    await fixture.time.advance(10)
    const dues = fixture
      .task(id)
      .history.list()
      .map(({ due }) => due)
    assert.deepEqual(dues, [700, 700])
  })

  test('tasks are bounded in number', async () => {
    const { create } = await startCron({ maxTasks: 2 })
    await create('once', { ...P, in: '1-hour', n: '1' })
    const id = await create('once', { ...P, in: '1-hour', n: '2' })
    await assert.rejects(create('once', { ...P, in: '1-hour', n: '3' }), (error) =>
      isAoError(error, 'overloaded'),
    )
    assert.equal(await create('once', { ...P, in: '1-hour', n: '2' }), id)
  })

  test('what a task sends is bounded in size', async () => {
    const { create, cron } = await startCron()
    await assert.rejects(create('once', { ...P, body: 'x'.repeat(70_000) }), (error) =>
      isAoError(error, 'limit-exceeded'),
    )
    assert.equal(cron.counts().tasks, 0)
  })

  test('tasks that are over are forgotten, the longest over first', async () => {
    const fixture = await startCron({ maxEnded: 2 })
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      ids.push(await fixture.create('once', { ...P, n: `${n}` }))
      await fixture.time.advance(200)
    }
    assert.deepEqual(
      ids.map((id) => fixture.cron.get(id) !== undefined),
      [false, false, true, true],
    )
    await fixture.time.advance(1_000)
    const { cron } = await fixture.restart()
    assert.equal((await cron.list({ limit: 10 })).tasks.length, 2)
  })

  test('list pages through the tasks in the order of their ids', async () => {
    const { create, cron } = await startCron()
    const ids: string[] = []
    for (let n = 0; n < 7; n++) ids.push(await create('once', { ...P, in: '1-hour', n: `${n}` }))
    const found: string[] = []
    let pages = 0
    for (let after: string | undefined; after !== undefined || pages === 0; pages++) {
      const page = await cron.list({ after, limit: 3 })
      found.push(...page.tasks.map(({ definition }) => definition.id))
      after = page.next
    }
    assert.deepEqual([found, pages], [ids.toSorted(), 3])
  })

  test('list fills its pages with what is asked for, whatever lies between', async () => {
    const { create, cron, store } = await startCron()
    for (let n = 0; n < 20; n++) await create('once', { ...P, in: '1-hour', n: `${n}` })
    const { tasks } = await cron.list({ limit: 100 })
    for (const [n, { definition }] of tasks.entries()) {
      const task = new Message([
        ['path', 'pause'],
        ['task', definition.id],
      ])
      if (n % 5 > 0) await cron.manage('pause', task)
    }
    const damaged = `~cron@1.0/tasks/${tasks[0]?.definition.id.slice(0, -1)}`
    await store.commit([{ kind: 'value', path: damaged, value: Buffer.from('?') }])
    const first = await cron.list({ limit: 3, state: 'active' })
    assert.deepEqual(first.tasks, [tasks[0], tasks[5], tasks[10]])
    const second = await cron.list({ limit: 3, state: 'active', after: first.next })
    assert.deepEqual(second, { tasks: [tasks[15]] })
  })
})
