import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { MAX_PATH_BYTES } from './store.ts'
import {
  assertStorePath,
  isStorePath,
  joinPath,
  lastName,
  parentPath,
  splitPath,
} from './store-path.ts'

test('isStorePath() takes segments of any bytes but NUL', () => {
  const good = [
    'a',
    'a/b',
    '.a',
    'a.',
    '...',
    '..a',
    'a..',
    ' ',
    'é',
    '𝒳',
    '~a@1.0/x',
    'a\nb',
    '\\',
  ]
  for (const path of good) assert.equal(isStorePath(path), true, path)
  assert.equal(isStorePath('x'.repeat(MAX_PATH_BYTES)), true)
  assert.equal(isStorePath('é'.repeat(MAX_PATH_BYTES / 2)), true)
})

test('isStorePath() refuses what could lead elsewhere or has no bytes of its own', () => {
  const bad = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    './a',
    'a/.',
    'a/..',
    'a/../b',
    'a\0',
    '\udc00',
  ]
  for (const path of bad) assert.equal(isStorePath(path), false, path)
  assert.equal(isStorePath('x'.repeat(MAX_PATH_BYTES + 1)), false)
  assert.equal(isStorePath('€'.repeat(342)), false)
})

test('assertStorePath() names the path, cut when it is long', () => {
  assert.throws(
    () => assertStorePath(`/${'x'.repeat(10_000)}`),
    (error) => isAoError(error, 'invalid-path') && error.message.length < 300,
  )
  assert.throws(() => assertStorePath('a/../b'), /"a\/..\/b"/)
})

test('paths are taken apart and put together', () => {
  assert.deepEqual(splitPath(''), [])
  assert.deepEqual(splitPath('a/b'), ['a', 'b'])
  assert.equal(joinPath('', 'a'), 'a')
  assert.equal(joinPath('a/b', 'c'), 'a/b/c')
  assert.equal(parentPath('a/b/c'), 'a/b')
  assert.equal(parentPath('a'), '')
  assert.equal(parentPath(''), '')
  assert.equal(lastName('a/b'), 'b')
  assert.equal(lastName('a'), 'a')
})
