import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { queryKeys } from './query-keys.ts'

test('queryKeys() decodes the target once, then each pair as of a form', () => {
  const cases: [target: string, keys: Record<string, string>][] = [
    ['/a', {}],
    ['/a?', {}],
    ['/a?k=v&k=w', { k: 'w' }],
    ['/a?k', { k: 'true' }],
    ['/a?k="x y"', { k: 'x y' }],
    ['/a?k=a+b', { k: 'a b' }],
    ['/a%3Fk=v', { k: 'v' }],
    ['/a?from+integer=1', { 'from integer': '1' }],
    ['/(b?x=1)?k=v', { k: 'v' }],
    ['/"b?x=1"?k=v', { k: 'v' }],
    ['/a?k=%C3%A9', { k: 'é' }],
    ['/a?__proto__=x', Object.fromEntries([['__proto__', 'x']])],
  ]
  for (const [target, keys] of cases) {
    assert.deepEqual(Object.fromEntries(queryKeys(target)), keys, target)
  }
})

test('queryKeys() refuses bad escapes', () => {
  for (const target of ['/a%', '/a?k=%zz', '/a?k=%25zz']) {
    assert.throws(
      () => queryKeys(target),
      (error) => isAoError(error, 'invalid-path'),
    )
  }
})

test('queryKeys() refuses a query of too many keys', () => {
  const query = (count: number): string =>
    Array.from({ length: count }, (_, n) => `k${n}`).join('&')
  assert.equal(queryKeys(`/a?${query(20_000)}`).size, 20_000)
  for (const text of [query(20_001), '&'.repeat(50_000)]) {
    assert.throws(
      () => queryKeys(`/a?${text}`),
      (error) => isAoError(error, 'invalid-path'),
    )
  }
})
