/** Values and the paths they are under: the part of the store suite about single entries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { MAX_PATH_BYTES } from './store.ts'
import { bytes, group, link, remove, type StoreSuite, text, value } from './suite-kit.ts'

export function runValueSuite(suite: StoreSuite): void {
  runReadSuite(suite)
  runPathSuite(suite)
}

function runReadSuite({ name, open }: StoreSuite): void {
  test(`${name}: get() gives the value that was committed, and undefined for nothing`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b/c', 'one')])
    assert.equal(text(await store.get('a/b/c')), 'one')
    assert.equal(await store.get('a/b/d'), undefined)
    assert.equal(await store.get('x'), undefined)
  })

  test(`${name}: get() gives undefined for a group, and below a value`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b')])
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.get('a/b/c'), undefined)
    assert.equal(await store.get('a/b/c/d'), undefined)
  })

  test(`${name}: kindOf() tells value, group and nothing`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b')])
    assert.equal(await store.kindOf('a/b'), 'value')
    assert.equal(await store.kindOf('a'), 'group')
    assert.equal(await store.kindOf(''), 'group')
    assert.equal(await store.kindOf('b'), undefined)
  })

  test(`${name}: commit() replaces a value`, async (t) => {
    const store = await open(t)
    await store.commit([value('a', 'a long first value')])
    await store.commit([value('a', 'second')])
    assert.equal(text(await store.get('a')), 'second')
  })

  test(`${name}: values of no byte, of all bytes and of several MiB come back as they are`, async (t) => {
    const store = await open(t)
    const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    const large = new Uint8Array(5 * 2 ** 20).map((_, index) => index % 251)
    await store.commit([value('empty', ''), value('all', allBytes), value('large', large)])
    assert.deepEqual(await store.get('empty'), new Uint8Array())
    assert.deepEqual(await store.get('all'), allBytes)
    assert.equal(Buffer.compare((await store.get('large')) ?? bytes(''), large), 0)
    assert.equal(await store.kindOf('empty'), 'value')
  })

  test(`${name}: bytes are copied at commit() and belong to the caller of get()`, async (t) => {
    const store = await open(t)
    const given = bytes('abc')
    const committed = store.commit([value('a', given)])
    given.fill(0)
    await committed
    const first = await store.get('a')
    assert.equal(text(first), 'abc')
    first?.fill(0)
    assert.equal(text(await store.get('a')), 'abc')
  })

  test(`${name}: getMany() keeps the order of the paths, with undefined in the gaps`, async (t) => {
    const store = await open(t)
    await store.commit([value('a'), value('b/c'), link('l', 'b/c')])
    const values = await store.getMany(['l', 'nothing', 'b/c', 'b', 'a', 'a'])
    assert.deepEqual(values.map(text), ['b/c', undefined, 'b/c', undefined, 'a', 'a'])
    assert.deepEqual(await store.getMany([]), [])
  })

  test(`${name}: sizeBytes() is a size`, async (t) => {
    const store = await open(t)
    await store.commit([value('a', new Uint8Array(10_000))])
    assert.ok((await store.sizeBytes()) >= 10_000)
  })
}

const HOSTILE_PATHS = [
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  '../a',
  'a/..',
  './a',
  'a/./b',
  'a\0b',
  '\0',
  '/',
  '\ud800',
  'x'.repeat(MAX_PATH_BYTES + 1),
  'é'.repeat(MAX_PATH_BYTES / 2 + 1),
]

function runPathSuite({ name, open }: StoreSuite): void {
  test(`${name}: hostile paths are refused in every place`, async (t) => {
    const store = await open(t)
    const refused = (error: unknown): boolean => isAoError(error, 'invalid-path')
    for (const path of HOSTILE_PATHS) {
      await assert.rejects(store.get(path), refused, path)
      await assert.rejects(store.getMany(['a', path]), refused)
      await assert.rejects(store.kindOf(path), refused)
      await assert.rejects(store.resolve(path), refused)
      await assert.rejects(store.list(path), refused)
      await assert.rejects(store.scan(path), refused)
      await assert.rejects(store.commit([value('good'), value(path)]), refused)
      await assert.rejects(store.commit([link('good', path)]), refused)
      await assert.rejects(store.commit([remove(path)]), refused)
    }
    assert.deepEqual(await store.list(''), [])
  })

  test(`${name}: the empty path is no place for a value, link or group, and not deleted`, async (t) => {
    const store = await open(t)
    for (const write of [value(''), link('', 'a'), link('a', ''), group(''), remove('')]) {
      await assert.rejects(store.commit([write]), (error) => isAoError(error, 'invalid-path'))
    }
    await assert.rejects(store.get(''), (error) => isAoError(error, 'invalid-path'))
  })

  test(`${name}: names are kept apart by every byte, whatever a file system makes of them`, async (t) => {
    const store = await open(t)
    const names = [
      ...['a', 'A', 'aB', 'Ab', 'é', 'e\u0301', 'É', '𝒳', '\u{ffff}', '\ue000', 'ß', 'SS'],
      ...['...', '.a', 'a.', 'a ', ' a', '~a@1.0', 'a=b&c', 'a+b', '%41', '%', '^a', 'a\\b'],
      ...['con', 'CON', 'nul.txt', 'com1', 'a:b', 'a*?"<>|', 'a\nb', '\x01', '\x7f', '-rf'],
      ...['x'.repeat(255), 'x'.repeat(256), 'X'.repeat(900), 'é'.repeat(500), '%'.repeat(600)],
    ]
    await store.commit(names.map((name) => value(`g/${name}`, name)))
    await store.commit(names.map((name) => value(`h/${name}/below`, name)))
    for (const name of names) {
      assert.equal(text(await store.get(`g/${name}`)), name)
      assert.equal(text(await store.get(`h/${name}/below`)), name)
    }
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(await store.list('g'), sorted)
    assert.deepEqual(await store.list('h'), sorted)
  })

  test(`${name}: paths at the limit of length work, as one name and as many`, async (t) => {
    const store = await open(t)
    const one = 'p'.repeat(MAX_PATH_BYTES)
    const many = `${'s/'.repeat((MAX_PATH_BYTES - 2) / 2)}ss`
    const wide = `w/${'é'.repeat((MAX_PATH_BYTES - 2) / 2)}`
    for (const path of [one, many, wide]) assert.equal(Buffer.byteLength(path), MAX_PATH_BYTES)
    await store.commit([value(one, '1'), value(many, '2'), value(wide, '3'), link('l', many)])
    assert.deepEqual((await store.getMany([one, many, wide, 'l'])).map(text), ['1', '2', '3', '2'])
    assert.deepEqual(await store.list('', { from: 'p' }), [one, 's', 'w'])
    await store.commit([remove('s'), remove(one)])
    assert.deepEqual(await store.list(''), ['l', 'w'])
  })
}
