import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { createSignerRate } from './signer-rate.ts'

const isLimited = (error: unknown): boolean =>
  isAoError(error, 'rate-limited') && error.context.retryAfterMs === 500

test('createSignerRate() limits each signer, but for those without a rate', () => {
  const options = { perSecond: 2, burst: 1, now: () => 0 }
  const take = createSignerRate({ ...options, isExempt: (address) => address === 'operator' })
  take(['a'])
  take(['b'])
  assert.throws(() => take(['a']), isLimited)
  assert.throws(() => take(['c', 'b']), isLimited)
  for (let n = 0; n < 10; n++) take(['operator'])
  take([])
})

test('createSignerRate() of 0 has no limit', () => {
  const take = createSignerRate({ perSecond: 0, burst: 1, isExempt: () => false })
  for (let n = 0; n < 10; n++) take(['a'])
})
