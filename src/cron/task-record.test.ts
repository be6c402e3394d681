import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isAoError } from '../base/errors.ts'
import { createTask, type Task, type TaskDefinition } from './task.ts'
import { decodeTask, encodeTask } from './task-record.ts'

const ID = 'T'.repeat(43)
const USUAL: TaskDefinition = {
  id: ID,
  kind: 'path',
  path: '/x',
  owners: [],
  isSigned: false,
  createdMs: 1_000,
  jitterMs: 0,
  catchUp: 1,
  overlap: 'skip',
  retries: 3,
}

const count = fc.nat({ max: 3 })
const unusual = fc.record({
  kind: fc.constantFrom('path', 'process'),
  owners: fc.array(fc.constantFrom('A', 'B'), { maxLength: 2 }),
  isSigned: fc.boolean(),
  jitterMs: count,
  catchUp: count,
  overlap: fc.constantFrom('skip', 'queue', 'allow'),
  retries: count,
})
const progress = fc.record({
  state: fc.constantFrom('active', 'paused', 'finished', 'stopped'),
  ...{ runs: count, failedRuns: count, failuresInRow: count, missedRuns: count },
  ...{ skippedRuns: count, unsettled: fc.array(count, { maxLength: 2 }) },
  nextDue: fc.option(count, { nil: undefined }),
  lastDue: fc.option(count, { nil: undefined }),
})

function seen({ history, live: _, ...rest }: Task): unknown {
  return { ...rest, history: history.list() }
}

describe('the record of a task', () => {
  test('is the task again, the usual and the unusual', () => {
    fc.assert(
      fc.property(unusual, progress, count, (definition, made, runs) => {
        const timetable = { kind: 'every', intervalMs: 5, startMs: 1_000 } as const
        const task = createTask({ ...USUAL, ...definition }, timetable, 1_000)
        Object.assign(task, made)
        for (let n = 0; n < runs; n++) {
          const run = { due: n, startedMs: n, durationMs: 1, status: 200, attempts: 1 }
          task.history.push(run, 10)
        }
        assert.deepEqual(seen(decodeTask(encodeTask(task), ID)), seen(task))
      }),
    )
  })

  test('does not say what is usual', () => {
    const task = createTask(USUAL, { kind: 'once', atMs: 1_000 }, 1_000)
    const [line = ''] = Buffer.from(encodeTask(task)).toString().split('\n')
    assert.deepEqual(JSON.parse(line), {
      version: 1,
      definition: { id: ID, path: '/x', createdMs: 1_000 },
      progress: { timetable: { kind: 'once', atMs: 1_000 }, nextDue: 1_000 },
    })
  })

  test('of another task, of another version or damaged is refused', () => {
    const task = createTask(USUAL, { kind: 'once', atMs: 1_000 }, 1_000)
    const record = Buffer.from(encodeTask(task)).toString()
    for (const wrong of [
      record.replace(ID, 'U'.repeat(43)),
      record.replace('"version":1', '"version":2'),
      record.slice(5),
      'null\n',
    ]) {
      assert.throws(
        () => decodeTask(Buffer.from(wrong), ID),
        (error) => isAoError(error, 'store-failed'),
      )
    }
  })
})
