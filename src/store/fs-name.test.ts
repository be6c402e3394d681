import assert from 'node:assert/strict'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { filePathOf, storePathOf } from './fs-name.ts'
import { isStorePath } from './store-path.ts'

test('filePathOf() keeps plain names and escapes the others', () => {
  const cases: [string, string][] = [
    ['messages/abc-1_2', join('messages', 'abc-1_2')],
    ['~scheduler@1.0', '~scheduler@1.0'],
    ['aB', 'a^b'],
    ['a b', 'a%20b'],
    ['é', '%c3%a9'],
    ['a.', 'a%2e'],
    ['...', '..%2e'],
    ['con', '%63on'],
    ['com1.txt', '%63om1.txt'],
    ['console', 'console'],
    ['CON', '^c^o^n'],
    ['^%', '%5e%25'],
  ]
  for (const [path, file] of cases) assert.equal(filePathOf(path), file)
})

test('filePathOf() makes folders of a long name, none longer than file systems allow', () => {
  const files = filePathOf('X'.repeat(300)).split(sep)
  assert.deepEqual(
    files.map((file) => file.length),
    [202, 202, 202],
  )
  assert.equal(filePathOf('x'.repeat(240)), 'x'.repeat(240))
})

test('storePathOf() gives every path back, and no two paths are one file, whatever the case', () => {
  const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 })
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
  const seen = new Map<string, string>()
  fc.assert(
    fc.property(path.filter(isStorePath), (original) => {
      const file = filePathOf(original)
      assert.equal(storePathOf(file), original)
      assert.ok(file.split(sep).every((part) => part.length <= 255 && /^[\x21-\x7e]+$/.test(part)))
      const known = seen.get(file.toLowerCase())
      assert.ok(known === undefined || known === original)
      seen.set(file.toLowerCase(), original)
    }),
    { numRuns: 500 },
  )
})

test('storePathOf() knows names that this encoding does not make', () => {
  const foreign = [
    '',
    '..',
    join('..', 'x'),
    'B',
    '%41',
    '%zz',
    'a%',
    '^1',
    'a%+',
    '%=a',
    '%ff',
    'con',
    'a.',
  ]
  for (const file of foreign) assert.equal(storePathOf(file), undefined, file)
})
