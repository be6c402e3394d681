import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isAoError } from '../base/errors.ts'
import { assertCalendarRule } from './calendar.ts'
import { dueTimes, nextDue, shortestGapMs, type Timetable } from './timetable.ts'

function calendar(expression: string, timeZone = 'UTC'): Timetable {
  return { kind: 'calendar', expression, timeZone }
}

function list(timetable: Timetable, after: string, count: number): string[] {
  const times: string[] = []
  let due: number | undefined = Date.parse(after)
  while (times.length < count) {
    due = nextDue(timetable, due)
    if (due === undefined) break
    times.push(new Date(due).toISOString())
  }
  return times
}

describe('intervals', () => {
  test('every due time lies on the grid that the first one begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: -1e9, max: 3e12 }),
        (intervalMs, startMs, after) => {
          const due = nextDue({ kind: 'every', intervalMs, startMs }, after) ?? 0
          assert.ok(due > after && due >= startMs)
          assert.equal((due - startMs) % intervalMs, 0)
          assert.ok(due - intervalMs <= after || due === startMs)
        },
      ),
    )
  })

  test('dueTimes() lists the newest and counts all, however many', () => {
    const timetable: Timetable = { kind: 'every', intervalMs: 100, startMs: 1_000 }
    assert.deepEqual(dueTimes(timetable, { from: 1_000, to: 1_350, limit: 2 }), {
      newest: [1_200, 1_300],
      count: 4,
    })
    assert.deepEqual(dueTimes(timetable, { from: 1_000, to: 999, limit: 2 }), {
      newest: [],
      count: 0,
    })
    const year = 365 * 86_400_000
    const { newest, count } = dueTimes(timetable, { from: 1_000, to: 1_000 + year, limit: 1 })
    assert.deepEqual({ newest, count }, { newest: [1_000 + year], count: year / 100 + 1 })
  })

  test('blocks count heights', () => {
    const timetable: Timetable = { kind: 'blocks', blocks: 10, startHeight: 1_005 }
    assert.equal(nextDue(timetable, 1_004), 1_005)
    assert.equal(nextDue(timetable, 1_005), 1_015)
    assert.deepEqual(
      dueTimes(timetable, { from: 1_015, to: 1_044, limit: 9 }).newest,
      [1_015, 1_025, 1_035],
    )
  })

  test('a single time is due once', () => {
    const timetable: Timetable = { kind: 'once', atMs: 5 }
    assert.equal(nextDue(timetable, 4), 5)
    assert.equal(nextDue(timetable, 5), undefined)
    assert.deepEqual(dueTimes(timetable, { from: 5, to: 9, limit: 1 }), { newest: [5], count: 1 })
  })
})

describe('calendars', () => {
  test('five fields are minutes, six have seconds in front', () => {
    assert.deepEqual(list(calendar('*/20 9 * * 1-5'), '2026-01-02T09:30:00Z', 3), [
      '2026-01-02T09:40:00.000Z',
      '2026-01-05T09:00:00.000Z',
      '2026-01-05T09:20:00.000Z',
    ])
    assert.deepEqual(list(calendar('*/30 * * * * *'), '2026-01-02T09:30:00.500Z', 2), [
      '2026-01-02T09:30:30.000Z',
      '2026-01-02T09:31:00.000Z',
    ])
  })

  test('a time that the clock leaves out in spring is due right after the gap', () => {
    assert.deepEqual(list(calendar('30 2 * * *', 'Europe/Berlin'), '2026-03-27T12:00:00Z', 3), [
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
  })

  test('a time that comes twice in autumn is due once, each half hour is due each time', () => {
    assert.deepEqual(list(calendar('30 2 * * *', 'Europe/Berlin'), '2026-10-24T12:00:00Z', 2), [
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
    assert.deepEqual(list(calendar('*/30 * * * *', 'Europe/Berlin'), '2026-10-25T00:10:00Z', 3), [
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ])
  })

  test('dueTimes() of a long range lists the newest without walking through all', () => {
    const from = Date.parse('2026-01-01T00:00:00Z')
    const to = Date.parse('2027-01-01T00:00:00Z')
    const { newest, count } = dueTimes(calendar('* * * * *'), { from, to, limit: 2 })
    assert.deepEqual(newest, [to - 60_000, to])
    assert.equal(count, 1_000)
    const day = dueTimes(calendar('0 * * * *'), { from, to: from + 86_399_000, limit: 3 })
    assert.equal(day.count, 24)
    assert.deepEqual(
      day.newest,
      [21, 22, 23].map((hour) => from + hour * 3_600_000),
    )
  })

  test('shortestGapMs() is the least time between the next ones', () => {
    const now = Date.parse('2026-01-01T00:00:00Z')
    assert.equal(shortestGapMs(calendar('0,10 0 * * *'), now), 600_000)
    assert.equal(shortestGapMs({ kind: 'every', intervalMs: 7, startMs: 0 }, now), 7)
    assert.equal(shortestGapMs({ kind: 'once', atMs: 7 }, now), undefined)
  })

  test('assertCalendarRule() names what is wrong', () => {
    const wrong: readonly (readonly [string, string, RegExp])[] = [
      ['* * *', 'UTC', /five or six fields.*\* \* \*/],
      ['61 * * * *', 'UTC', /minute: 61/],
      ['* * * * * * 2030', 'UTC', /five or six fields/],
      ['0 0 30 2 *', 'UTC', /never is/],
      ['* * * * *', 'Mars/Olympus', /time-zone.*Mars\/Olympus/],
    ]
    for (const [expression, timeZone, reason] of wrong) {
      assert.throws(
        () => assertCalendarRule({ expression, timeZone }, Date.now()),
        (error) => isAoError(error, 'invalid-request') && reason.test(error.message),
        expression,
      )
    }
    assertCalendarRule({ expression: '@daily', timeZone: 'America/New_York' }, Date.now())
  })
})
