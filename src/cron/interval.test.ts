import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { parseDuration, parseInterval } from './interval.ts'

test('parseInterval() reads the units of HyperBEAM by their beginning, in any case', () => {
  const ms: readonly (readonly [string, number])[] = [
    ['500-milliseconds', 500],
    ['1-millisecond', 1],
    ['2-seconds', 2_000],
    ['2-Second', 2_000],
    ['2-secondsX', 2_000],
    ['3-Minutes', 180_000],
    ['1-HOUR', 3_600_000],
    ['2-days', 172_800_000],
    ['+5-seconds', 5_000],
    ['007-seconds', 7_000],
  ]
  for (const [text, expected] of ms) {
    assert.deepEqual(parseInterval(text), { kind: 'time', ms: expected }, text)
  }
})

test('parseInterval() counts blocks', () => {
  assert.deepEqual(parseInterval('1-block'), { kind: 'blocks', blocks: 1 })
  assert.deepEqual(parseInterval('10-Blocks'), { kind: 'blocks', blocks: 10 })
})

test('parseInterval() refuses with the reasons of HyperBEAM', () => {
  const reasons: readonly (readonly [string, RegExp])[] = [
    ['0-seconds', /^Invalid interval value\.$/],
    ['0-blocks', /^Invalid interval value\.$/],
    ['99999999999999999999-days', /^Invalid interval value\.$/],
    ['5-fortnights', /^Invalid time unit: fortnights$/],
    ['1-Sec', /^Invalid time unit: Sec$/],
    ['1-', /^Invalid time unit: $/],
    ['abc', /^Error parsing interval: /],
    ['', /^Error parsing interval: /],
    ['-5-seconds', /^Error parsing interval: /],
    ['x-seconds', /^Error parsing interval: /],
    ['1.5-seconds', /^Error parsing interval: /],
  ]
  for (const [text, reason] of reasons) {
    assert.throws(
      () => parseInterval(text),
      (error) => isAoError(error, 'invalid-request') && reason.test(error.message),
      text,
    )
  }
})

test('parseDuration() has no blocks', () => {
  assert.equal(parseDuration('90-seconds'), 90_000)
  assert.throws(() => parseDuration('1-block'), { message: 'Invalid time unit: block' })
})
