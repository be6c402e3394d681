/** Links: the part of the store suite that follows them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { MAX_LINKS, MAX_PATH_BYTES, type StoreWrite } from './store.ts'
import { group, isConflictAt, link, remove, type StoreSuite, text, value } from './suite-kit.ts'

export function runLinkSuite(suite: StoreSuite): void {
  runReadSuite(suite)
  runWriteSuite(suite)
}

function runReadSuite({ name, open }: StoreSuite): void {
  test(`${name}: a link in the last segment leads to the value`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b', 'one'), link('l', 'a/b'), link('deep/er/l', 'a/b')])
    assert.equal(text(await store.get('l')), 'one')
    assert.equal(text(await store.get('deep/er/l')), 'one')
    assert.equal(await store.kindOf('l'), 'value')
    assert.equal(await store.resolve('l'), 'a/b')
  })

  test(`${name}: a link on the way leads to what is below its target`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b/c/d', 'one'), link('l', 'a/b'), link('a/m', 'a/b/c')])
    assert.equal(text(await store.get('l/c/d')), 'one')
    assert.equal(text(await store.get('a/m/d')), 'one')
    assert.equal(await store.resolve('l/c/d'), 'a/b/c/d')
    assert.equal(await store.resolve('l/c/x/y'), 'a/b/c/x/y')
    assert.deepEqual(await store.list('l'), ['c'])
    assert.deepEqual(await store.list('l/c'), ['d'])
    assert.equal(await store.kindOf('l/c'), 'group')
  })

  test(`${name}: resolve() gives a path without links back, also one of nothing`, async (t) => {
    const store = await open(t)
    await store.commit([value('a/b')])
    for (const path of ['a/b', 'a', '', 'x', 'x/y/z', 'a/b/c']) {
      assert.equal(await store.resolve(path), path)
    }
  })

  test(`${name}: several links on one way are all followed`, async (t) => {
    const store = await open(t)
    await store.commit([
      link('l1', 'g1'),
      link('g1/l2', 'g2/h'),
      link('g2/h/l3', 'v'),
      value('v', 'end'),
    ])
    assert.equal(text(await store.get('l1/l2/l3')), 'end')
    assert.equal(await store.resolve('l1/l2/l3'), 'v')
    assert.equal(await store.resolve('l1/l2'), 'g2/h')
  })

  test(`${name}: ${MAX_LINKS} links are followed, one more leads to nothing`, async (t) => {
    const store = await open(t)
    const chain = Array.from({ length: MAX_LINKS + 1 }, (_, i) => link(`l${i}`, `l${i + 1}`))
    await store.commit([...chain, value(`l${MAX_LINKS + 1}`, 'end')])
    assert.equal(text(await store.get('l1')), 'end')
    assert.equal(await store.resolve('l1'), `l${MAX_LINKS + 1}`)
    assert.equal(await store.get('l0'), undefined)
    assert.equal(await store.kindOf('l0'), undefined)
    await assert.rejects(store.resolve('l0'), (error) => isAoError(error, 'infinite-recursion'))
  })

  test(`${name}: links in a circle lead to nothing and end`, async (t) => {
    const store = await open(t)
    await store.commit([link('a', 'b'), link('b', 'a'), link('c', 'c/d'), link('e', 'f/e/e')])
    await store.commit([link('f', 'e')])
    for (const path of ['a', 'b', 'a/x', 'c', 'c/d', 'e', 'e/e']) {
      assert.equal(await store.get(path), undefined)
      assert.equal(await store.kindOf(path), undefined)
      assert.deepEqual(await store.list(path), [])
    }
    await assert.rejects(store.resolve('a'), (error) => isAoError(error, 'infinite-recursion'))
    await assert.rejects(store.commit([value('a/x')]), isConflictAt('a/x'))
    await store.commit([remove('a/x'), value('a', 'free again')])
    assert.equal(text(await store.get('b')), 'free again')
  })

  test(`${name}: a dangling link leads to nothing until its target is there`, async (t) => {
    const store = await open(t)
    await store.commit([link('l', 'later/v')])
    assert.equal(await store.get('l'), undefined)
    assert.equal(await store.get('l/x'), undefined)
    assert.equal(await store.kindOf('l'), undefined)
    assert.equal(await store.resolve('l'), 'later/v')
    assert.deepEqual(await store.list(''), ['l'])
    await store.commit([value('later/v', 'now')])
    assert.equal(text(await store.get('l')), 'now')
  })

  test(`${name}: a link that makes a path too long leads to nothing`, async (t) => {
    const store = await open(t)
    const long = 'x'.repeat(MAX_PATH_BYTES - 2)
    await store.commit([group(long), link('l', long)])
    assert.equal(await store.kindOf('l'), 'group')
    assert.equal(await store.get('l/too/long'), undefined)
    assert.deepEqual(await store.list('l/too/long'), [])
    await assert.rejects(store.commit([value('l/too/long')]), (e) => isAoError(e, 'invalid-path'))
  })
}

function runWriteSuite({ name, open }: StoreSuite): void {
  test(`${name}: a write below a link goes to its target`, async (t) => {
    const store = await open(t)
    await store.commit([group('a'), link('l', 'a'), value('l/b', 'one'), value('l/c/d', 'two')])
    assert.equal(text(await store.get('a/b')), 'one')
    assert.equal(text(await store.get('a/c/d')), 'two')
    await store.commit([remove('l/b')])
    assert.equal(await store.get('a/b'), undefined)
  })

  test(`${name}: a write below a dangling link makes its target`, async (t) => {
    const store = await open(t)
    await store.commit([link('l', 'x/y'), value('l/z', 'one')])
    assert.equal(text(await store.get('x/y/z')), 'one')
    assert.deepEqual(await store.list('l'), ['z'])
  })

  test(`${name}: a value is replaced by a link and back, the target is left alone`, async (t) => {
    const store = await open(t)
    await store.commit([value('a', 'one'), value('t', 'target')])
    await store.commit([link('a', 't')])
    assert.equal(text(await store.get('a')), 'target')
    await store.commit([value('a', 'two')])
    assert.deepEqual((await store.getMany(['a', 't'])).map(text), ['two', 'target'])
    await store.commit([link('a', 't'), link('a', 'u'), value('u', 'other')])
    assert.equal(text(await store.get('a')), 'other')
  })

  test(`${name}: deleting a link leaves its target, deleting a target leaves the link`, async (t) => {
    const store = await open(t)
    await store.commit([value('g/v'), link('l', 'g'), link('m', 'g/v')])
    await store.commit([remove('l')])
    assert.equal(await store.kindOf('l'), undefined)
    assert.equal(text(await store.get('g/v')), 'g/v')
    await store.commit([remove('g')])
    assert.equal(await store.get('m'), undefined)
    assert.equal(await store.resolve('m'), 'g/v')
  })

  test(`${name}: a group over a link to a group changes nothing, below a value it is a conflict`, async (t) => {
    const store = await open(t)
    await store.commit([value('g/v'), link('l', 'g'), link('m', 'g/v'), link('n', 'new')])
    await store.commit([group('l'), group('n')])
    assert.deepEqual(await store.list('l'), ['v'])
    assert.equal(await store.kindOf('new'), 'group')
    await assert.rejects(store.commit([group('m')]), isConflictAt('m'))
    await assert.rejects(store.commit([value('m/x')]), isConflictAt('m/x'))
  })

  test(`${name}: a link that is only new leaves what is there, also of the same batch`, async (t) => {
    const store = await open(t)
    const onlyNew = (path: string, target: string): StoreWrite => ({
      ...{ kind: 'link', path, target, onlyNew: true },
    })
    await store.commit([value('one'), value('two'), onlyNew('l', 'one'), onlyNew('l', 'two')])
    await store.commit([onlyNew('l', 'two'), onlyNew('one', 'two'), link('dangling', 'none')])
    await store.commit([onlyNew('dangling', 'two')])
    assert.equal(await store.resolve('l'), 'one')
    assert.equal(await store.resolve('one'), 'one')
    assert.equal(await store.resolve('dangling'), 'none')
    await store.commit([remove('l'), onlyNew('l', 'two'), group('g')])
    assert.equal(await store.resolve('l'), 'two')
    await assert.rejects(store.commit([onlyNew('g', 'two')]), isConflictAt('g'))
  })

  test(`${name}: a link to itself is refused, it would hide what is there`, async (t) => {
    const store = await open(t)
    const itself: StoreWrite = link('a', 'a')
    await assert.rejects(store.commit([itself]), (error) => isAoError(error, 'invalid-path'))
  })
}
