/** Groups and listings: the part of the store suite that looks at many names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import type { Store } from './store.ts'
import { group, isConflictAt, link, remove, type StoreSuite, text, value } from './suite-kit.ts'

const LARGE_GROUP = 10_000

export function runListSuite(suite: StoreSuite): void {
  runGroupSuite(suite)
  runOrderSuite(suite)
  runLargeGroupSuite(suite)
}

function runGroupSuite({ name, open }: StoreSuite): void {
  test(`${name}: an empty group is a group`, async (t) => {
    const store = await open(t)
    await store.commit([group('a/b')])
    assert.equal(await store.kindOf('a/b'), 'group')
    assert.deepEqual(await store.list('a'), ['b'])
    assert.deepEqual(await store.list('a/b'), [])
    assert.deepEqual(await store.scan('a'), [{ name: 'b', value: undefined }])
  })

  test(`${name}: a group over one that stands changes nothing`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b')])
    await store.commit([group('a'), group('a')])
    assert.deepEqual(await store.list('a'), ['b'])
  })

  test(`${name}: a group stays when the last thing in it is deleted`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b'), remove('a/b')])
    assert.equal(await store.kindOf('a'), 'group')
    assert.deepEqual(await store.list('a'), [])
  })

  test(`${name}: deleting a group takes all below it and nothing else`, async (t) => {
    const store = await open(t)
    const gone = ['k/g/1', 'k/g/2/3', 'k/g/2/4/5']
    const kept = ['k/a', 'k/g-', 'k/g.x', 'k/g0', 'k/ga', 'k/h/g/1']
    await store.commit([...gone, ...kept].map((path) => value(path)))
    await store.commit([link('k/g/l', 'k/g0')])
    await store.commit([remove('k/g')])
    assert.deepEqual(await store.list('k'), ['a', 'g-', 'g.x', 'g0', 'ga', 'h'])
    for (const path of [...gone, 'k/g', 'k/g/2', 'k/g/2/4', 'k/g/l']) {
      assert.equal(await store.kindOf(path), undefined)
    }
    assert.deepEqual((await store.getMany(kept)).map(text), kept)
  })

  test(`${name}: a group that was deleted comes back empty, in the same batch too`, async (t) => {
    const store = await open(t)
    await store.commit([value('g/a'), value('g/h/b')])
    await store.commit([remove('g'), value('g/c'), value('g/h/d')])
    assert.deepEqual(await store.list('g'), ['c', 'h'])
    assert.deepEqual(await store.list('g/h'), ['d'])
    await store.commit([value('x/y'), remove('x'), value('x', 'now a value')])
    assert.equal(text(await store.get('x')), 'now a value')
  })

  test(`${name}: deleting nothing is no error`, async (t) => {
    const store = await open(t)
    await store.commit([remove('a'), remove('a/b/c'), value('v'), remove('v/below')])
    assert.deepEqual(await store.list(''), ['v'])
  })

  test(`${name}: a value where a group is needed is a conflict that names the path`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b')])
    await assert.rejects(store.commit([value('a/b/c')]), isConflictAt('a/b/c'))
    await assert.rejects(store.commit([link('a/b/c/d', 'x')]), isConflictAt('a/b/c/d'))
    await assert.rejects(store.commit([group('a/b')]), isConflictAt('a/b'))
    assert.equal(text(await store.get('a/b')), 'a/b')
  })

  test(`${name}: a value or link in the place of a group is a conflict, also of an empty one`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b'), group('e')])
    await assert.rejects(store.commit([value('a')]), isConflictAt('a'))
    await assert.rejects(store.commit([link('a', 'x')]), isConflictAt('a'))
    await assert.rejects(store.commit([value('e')]), isConflictAt('e'))
    await store.commit([remove('a'), value('a', 'fine')])
    assert.equal(text(await store.get('a')), 'fine')
  })
}

function runOrderSuite({ name, open }: StoreSuite): void {
  test(`${name}: list() gives the names directly below, in the order of their bytes`, async (t) => {
    const store = await open(t)
    const names = ['b', 'a', 'B', 'a-b', 'a.b', 'ab', '10', '9', '1', '~', 'é', '\u{ffff}', '𝒳']
    await store.commit(names.map((name) => value(`g/${name}/x`)))
    await store.commit([value('g/a/deep/er'), value('g-/x'), value('h')])
    const expected = ['1', '10', '9', 'B', 'a', 'a-b', 'a.b', 'ab', 'b', '~', 'é', '\u{ffff}', '𝒳']
    assert.deepEqual(await store.list('g'), expected)
    assert.deepEqual(await store.list('g', { reverse: true }), expected.toReversed())
    assert.deepEqual(await store.list(''), ['g', 'g-', 'h'])
    assert.deepEqual(await store.list('', { reverse: true }), ['h', 'g-', 'g'])
  })

  test(`${name}: from is the first name that may come, or in reverse the last one`, async (t) => {
    const store = await open(t)
    await store.commit(['a', 'c', 'e', 'é'].map((name) => value(`g/${name}`)))
    const cases: [string, string[], string[]][] = [
      ['', ['a', 'c', 'e', 'é'], []],
      ['a', ['a', 'c', 'e', 'é'], ['a']],
      ['b', ['c', 'e', 'é'], ['a']],
      ['c', ['c', 'e', 'é'], ['c', 'a']],
      ['c/x', ['e', 'é'], ['c', 'a']],
      ['z', ['é'], ['e', 'c', 'a']],
      ['é', ['é'], ['é', 'e', 'c', 'a']],
      ['𝒳'.repeat(5_000), [], ['é', 'e', 'c', 'a']],
    ]
    for (const [from, forwards, backwards] of cases) {
      assert.deepEqual(await store.list('g', { from }), forwards)
      assert.deepEqual(await store.list('g', { from, reverse: true }), backwards)
    }
  })

  test(`${name}: limit ends a page, and the next begins with from`, async (t) => {
    const store = await open(t)
    await store.commit(['a', 'b', 'c', 'd'].map((name) => value(`g/${name}`)))
    assert.deepEqual(await store.list('g', { limit: 2 }), ['a', 'b'])
    assert.deepEqual(await store.list('g', { limit: 2, from: 'b' }), ['b', 'c'])
    assert.deepEqual(await store.list('g', { limit: 2, reverse: true }), ['d', 'c'])
    assert.deepEqual(await store.list('g', { limit: 0 }), [])
    assert.deepEqual(await store.scan('g', { limit: 0 }), [])
    for (const limit of [-1, 1.5, Number.NaN]) {
      await assert.rejects(store.list('g', { limit }), (error) => isAoError(error, 'invalid-value'))
    }
  })

  test(`${name}: list() is empty for a value and for nothing`, async (t) => {
    const store = await open(t)
    await store.commit([value('a')])
    assert.deepEqual(await store.list('a'), [])
    assert.deepEqual(await store.list('b'), [])
    assert.deepEqual(await store.scan('a'), [])
    assert.deepEqual(await store.list(''), ['a'])
  })

  test(`${name}: scan() gives names with values, through links`, async (t) => {
    const store = await open(t)
    await store.commit([value('g/a', '1'), link('g/b', 'v'), value('v', '2'), group('g/c')])
    await store.commit([link('g/d', 'nothing'), link('h', 'g')])
    const expected = [
      ['a', '1'],
      ['b', '2'],
      ['c', undefined],
      ['d', undefined],
    ]
    const page = async (path: string, options?: object): Promise<unknown> =>
      (await store.scan(path, options)).map(({ name, value }) => [name, text(value)])
    assert.deepEqual(await page('g'), expected)
    assert.deepEqual(await page('h'), expected)
    assert.deepEqual(await page('g', { reverse: true, limit: 2 }), expected.slice(2).toReversed())
    assert.deepEqual(await page('g', { from: 'b', limit: 1 }), [['b', '2']])
  })

  test(`${name}: links() gives names with what they point to, by one step`, async (t) => {
    const store = await open(t)
    await store.commit([value('g/a', '1'), link('g/b', 'g/a'), link('g/c', 'g/b'), group('g/d')])
    await store.commit([link('g/e', 'nothing'), link('h', 'g')])
    const expected = [
      { name: 'a', target: undefined },
      { name: 'b', target: 'g/a' },
      { name: 'c', target: 'g/b' },
      { name: 'd', target: undefined },
      { name: 'e', target: 'nothing' },
    ]
    assert.deepEqual(await store.links('g'), expected)
    assert.deepEqual(await store.links('h'), expected)
    const last = { reverse: true, limit: 2 }
    assert.deepEqual(await store.links('g', last), expected.slice(3).toReversed())
    assert.deepEqual(await store.links('g', { from: 'b', limit: 1 }), expected.slice(1, 2))
    assert.deepEqual(await store.links('g/a'), [])
    assert.deepEqual(await store.links('nothing'), [])
  })
}

function runLargeGroupSuite({ name, open }: StoreSuite): void {
  test(`${name}: a page of a group of ${LARGE_GROUP} costs what one of a small group costs`, async (t) => {
    const store = await open(t)
    const slot = (index: number): string => String(index).padStart(8, '0')
    const slots = Array.from({ length: LARGE_GROUP }, (_, index) => slot(index))
    await store.commit(slots.map((name) => value(`large/${name}`, name)))
    await store.commit(slots.slice(0, 10).map((name) => value(`small/${name}`, name)))
    const from = slot(LARGE_GROUP - 10)
    assert.deepEqual(await store.list('large', { from }), slots.slice(-10))
    assert.deepEqual(
      await store.list('large', { limit: 10, reverse: true }),
      slots.slice(-10).toReversed(),
    )
    assert.equal((await store.list('large')).length, 1_000)
    assert.equal((await store.scan('large', { from: slot(5_000) })).at(-1)?.name, slot(5_999))
    const small = await medianMs(store, 'small', { limit: 10 })
    const large = await medianMs(store, 'large', { from, limit: 10 })
    assert.ok(large < small * 10 + 0.5, `${large} ms against ${small} ms`)
  })
}

async function medianMs(store: Store, path: string, options: object): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 51; round++) {
    const start = performance.now()
    await store.list(path, options)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[25] ?? Number.POSITIVE_INFINITY
}
