/** Batches, order, closing and opening again: the part of the store suite about `commit`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AoError, isAoError } from '../base/errors.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store, StoreWrite } from './store.ts'
import { group, isConflictAt, link, remove, type StoreSuite, text, value } from './suite-kit.ts'

export function runCommitSuite(suite: StoreSuite): void {
  runBatchSuite(suite)
  runConcurrencySuite(suite)
  runRandomSuite(suite)
  runCloseSuite(suite)
  if (suite.reopen !== undefined) runReopenSuite(suite)
}

function runBatchSuite({ name, open }: StoreSuite): void {
  test(`${name}: a batch with a bad write leaves nothing visible`, async (t) => {
    const store = await open(t)
    await store.commit([value('v', 'old'), value('g/x')])
    const batch = [
      value('new/a'),
      value('v', 'new'),
      link('l', 'v'),
      remove('g'),
      value('v/below'),
      value('never'),
    ]
    await assert.rejects(store.commit(batch), isConflictAt('v/below'))
    assert.deepEqual(await store.list(''), ['g', 'v'])
    assert.equal(text(await store.get('v')), 'old')
    assert.deepEqual(await store.list('g'), ['x'])
    await store.commit(batch.slice(0, 4))
    assert.deepEqual(await store.list(''), ['l', 'new', 'v'])
  })

  test(`${name}: the writes of a batch take effect in their order`, async (t) => {
    const store = await open(t)
    await store.commit([value('a', '1'), value('a', '2'), remove('a'), value('a/b', '3')])
    assert.equal(text(await store.get('a/b')), '3')
    await store.commit([value('c', '1'), value('c', '2')])
    assert.equal(text(await store.get('c')), '2')
    await store.commit([value('d'), remove('d')])
    assert.equal(await store.get('d'), undefined)
    await store.commit([link('l', 'x'), value('l/a'), remove('l'), value('l/b')])
    assert.deepEqual(await store.list('x'), ['a'])
    assert.deepEqual(await store.list('l'), ['b'])
  })

  test(`${name}: an empty batch is committed`, async (t) => {
    const store = await open(t)
    await store.commit([])
    assert.deepEqual(await store.list(''), [])
  })

  test(`${name}: a batch of thousands of writes is one batch`, async (t) => {
    const store = await open(t)
    const batch = Array.from({ length: 3_000 }, (_, index) => value(`g/${index % 7}/${index}`))
    await assert.rejects(store.commit([...batch, value('g')]), isConflictAt('g'))
    assert.equal(await store.kindOf('g'), undefined)
    await store.commit(batch)
    const paths = batch.map(({ path }) => path)
    assert.deepEqual((await store.getMany(paths)).map(text), paths)
  })
}

function runConcurrencySuite({ name, open }: StoreSuite): void {
  test(`${name}: batches that are committed at once all arrive, each whole`, async (t) => {
    const store = await open(t)
    const numbers = Array.from({ length: 300 }, (_, index) => index)
    await Promise.all(
      numbers.map((n) =>
        store.commit([value(`a/${n}`), value(`b/${n}`), value('last', String(n))]),
      ),
    )
    assert.equal(text(await store.get('last')), '299')
    const names = numbers.map(String).sort()
    assert.deepEqual(await store.list('a'), names)
    assert.deepEqual(await store.list('b'), names)
  })

  test(`${name}: a bad batch among others fails alone, and nothing of it stays`, async (t) => {
    const store = await open(t)
    const commits = [
      store.commit([value('v')]),
      store.commit([value('bad/1'), value('v/below')]),
      store.commit([value('good/2'), group('later')]),
      store.commit([remove('v'), value('v/below', 'fine now')]),
      store.commit([value('bad/3'), value('later')]),
    ]
    const outcomes = await Promise.allSettled(commits)
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'rejected'],
    )
    assert.deepEqual(await store.list(''), ['good', 'later', 'v'])
    assert.equal(text(await store.get('v/below')), 'fine now')
  })

  test(`${name}: a value can be read as soon as its commit resolves, a later one is not lost`, async (t) => {
    const store = await open(t)
    const writer = async (id: number): Promise<void> => {
      for (let round = 0; round < 10; round++) {
        await store.commit([value(`w${id}`, `${round}`)])
        assert.equal(text(await store.get(`w${id}`)), `${round}`)
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, id) => writer(id)))
  })
}

const NAMES = ['a', 'b', 'A', 'a.b', 'é', 'a-']
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((segments) => segments.join('/'))
/** Engines may keep long values in another way than short ones. */
const content = fc.tuple(fc.string(), fc.constantFrom('', 'x'.repeat(1_000))).map((s) => s.join(''))
const write: fc.Arbitrary<StoreWrite> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(path, content).map(([p, bytes]) => value(p, bytes)) },
  fc.tuple(path, path).map(([from, to]) => link(from, to)),
  fc.tuple(path, path).map(([from, to]) => ({ ...link(from, to), onlyNew: true })),
  path.map(group),
  path.map(remove),
)
const batches = fc.array(fc.array(write, { minLength: 1, maxLength: 6 }), { maxLength: 12 })

/** Every path of two segments and less, and what every way of reading says of it. */
async function snapshot(store: Store): Promise<unknown> {
  const paths = [...NAMES, ...NAMES.flatMap((above) => NAMES.map((below) => `${above}/${below}`))]
  return Promise.all(
    ['', ...paths].map(async (at) => ({
      at,
      kind: await store.kindOf(at),
      names: await store.list(at),
      entries: (await store.scan(at, { reverse: true })).map((entry) => [
        entry.name,
        text(entry.value),
      ]),
      resolved: await store.resolve(at).catch((error: AoError) => error.code),
      value: at === '' ? undefined : text(await store.get(at)),
    })),
  )
}

function runRandomSuite({ name, open }: StoreSuite): void {
  test(`${name}: any batches leave what they leave in memory, refused ones included`, async (t) => {
    const store = await open(t)
    await fc.assert(
      fc.asyncProperty(batches, async (all) => {
        const model = createMemoryStore()
        await store.commit(NAMES.map(remove))
        for (const batch of all) {
          const codes = await Promise.all(
            [store, model].map((target) =>
              target.commit(batch).then(
                () => 'done',
                (error: AoError) => error.message,
              ),
            ),
          )
          assert.equal(codes[0], codes[1])
        }
        assert.deepEqual(await snapshot(store), await snapshot(model))
      }),
      { numRuns: 60 },
    )
  })
}

function runCloseSuite({ name, open }: StoreSuite): void {
  test(`${name}: a closed store refuses everything, and closes twice`, async (t) => {
    const store = await open(t)
    await store.commit([value('a')])
    await Promise.all([store.close(), store.close()])
    await store.close()
    const refused = (error: unknown): boolean => isAoError(error, 'store-closed')
    await assert.rejects(store.get('a'), refused)
    await assert.rejects(store.getMany(['a']), refused)
    await assert.rejects(store.kindOf('a'), refused)
    await assert.rejects(store.resolve('a'), refused)
    await assert.rejects(store.list(''), refused)
    await assert.rejects(store.scan(''), refused)
    await assert.rejects(store.commit([value('a')]), refused)
    await assert.rejects(store.commit([]), refused)
    await assert.rejects(store.sizeBytes(), refused)
  })

  test(`${name}: close() waits for the commits under way`, async (t) => {
    const store = await open(t)
    const commits = Array.from({ length: 20 }, (_, n) => store.commit([value(`a/${n}`)]))
    let settled = 0
    for (const commit of commits) commit.then(() => settled++)
    await store.close()
    await Promise.all(commits)
    assert.equal(settled, 20)
  })
}

function runReopenSuite({ name, open, reopen }: StoreSuite): void {
  test(`${name}: everything is there after opening again`, async (t) => {
    const store = await open(t)
    assert.equal(store.isDurable, true)
    const large = new Uint8Array(3 * 2 ** 20).fill(7)
    await store.commit([value('a/b', '1'), link('l', 'a'), group('e'), value('large', large)])
    await store.commit([value('gone/x'), remove('gone'), value('empty', '')])
    await store.close()
    const again = await reopen?.(store)
    assert.ok(again)
    t.after(() => again.close())
    assert.equal(text(await again.get('l/b')), '1')
    assert.equal(await again.kindOf('e'), 'group')
    assert.equal(Buffer.compare((await again.get('large')) ?? Buffer.alloc(0), large), 0)
    assert.deepEqual(await again.list(''), ['a', 'e', 'empty', 'l', 'large'])
    await again.commit([value('a/c', '2')])
    assert.deepEqual(await again.list('l'), ['b', 'c'])
  })

  test(`${name}: a store that is open cannot be opened a second time`, async (t) => {
    const store = await open(t)
    assert.ok(reopen)
    await assert.rejects(
      reopen(store),
      (error) => isAoError(error, 'store-failed') && /in use/.test(error.message),
    )
    await store.commit([value('still', 'works')])
    assert.equal(text(await store.get('still')), 'works')
  })
}
