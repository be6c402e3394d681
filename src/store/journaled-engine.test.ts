import assert from 'node:assert/strict'
import { cpSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { isAoError } from '../base/errors.ts'
import { openLmdbStore } from './lmdb-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { ListOptions, Store, StoreWrite } from './store.ts'
import { link, remove, text, value } from './suite-kit.ts'

const root = await mkdtemp(join(tmpdir(), 'journaled-engine-'))
after(() => rm(root, { recursive: true }))
const newFolder = () => mkdtemp(join(root, 's-'))
/** Longer than writes wait for others on the way to their place. */
const PLACED_MS = 400
/** For tests that wait until something is in its place. */
const LIMITED = { timeout: 60_000 }

/** The store as a crash at this moment leaves it: nothing runs while its files are copied. */
async function afterCrash(path: string): Promise<Store> {
  const copy = await newFolder()
  cpSync(path, copy, { recursive: true })
  return openLmdbStore({ path: copy })
}

test('journaled-engine: a commit is durable and visible before its place', LIMITED, async () => {
  const path = await newFolder()
  const store = await openLmdbStore({ path })
  await store.commit([value('g/a', 'recent'), link('l', 'g/a')])
  assert.ok(!(await readFile(join(path, 'data.mdb'))).includes('recent'))
  assert.equal(text(await store.get('l')), 'recent')
  const crashed = await afterCrash(path)
  assert.equal(text(await crashed.get('l')), 'recent')
  assert.deepEqual(await crashed.list(''), ['g', 'l'])
  await crashed.close()
  while (!(await readFile(join(path, 'data.mdb'))).includes('recent')) await setTimeout(20)
  assert.equal(text(await store.get('l')), 'recent')
  await store.close()
})

test('journaled-engine: whenever the process ends, all that was acknowledged is there', async () => {
  const path = await newFolder()
  const store = await openLmdbStore({ path })
  let acknowledged = 0
  let isDone = false
  const write = async (): Promise<void> => {
    for (; acknowledged < 3_000; acknowledged++) {
      await store.commit([value(`g/${acknowledged}`, `${acknowledged}`), value('last', 'x')])
    }
    isDone = true
  }
  const writing = write()
  let copies = 0
  while (!isDone) {
    await setTimeout(20)
    const before = acknowledged
    const crashed = await afterCrash(path)
    copies++
    const names = await crashed.list('g', { limit: 10_000 })
    assert.ok(names.length >= before, `${names.length} of ${before}`)
    await crashed.close()
  }
  await writing
  assert.ok(copies > 3)
  await store.close()
})

test('journaled-engine: reads between parts of what is placed see all', LIMITED, async () => {
  const path = await newFolder()
  const store = await openLmdbStore({ path })
  const numbers = Array.from({ length: 500 }, (_, number) => number)
  await Promise.all(numbers.map((number) => store.commit([value(`g/${number}`, `old ${number}`)])))
  await setTimeout(PLACED_MS)
  await Promise.all(numbers.map((number) => store.commit([value(`g/${number}`, `new ${number}`)])))
  const hasBegun = (): boolean => readFileSync(join(path, 'data.mdb')).includes('new 499')
  do {
    for (let turn = 0; turn < 50; turn++) {
      await setImmediate()
      const entries = await store.scan('g', { limit: 1_000 })
      assert.deepEqual(
        entries.map((entry) => text(entry.value)).sort(),
        numbers.map((number) => `new ${number}`).sort(),
      )
    }
  } while (!hasBegun())
  await store.close()
})

test('journaled-engine: a batch sees the groups that one before it in the same turn makes', async () => {
  const path = await newFolder()
  const store = await openLmdbStore({ path })
  await store.commit([value('g/a')])
  await setTimeout(PLACED_MS)
  await store.commit([value('g/b')])
  const outcomes = await outcomesOf(store, [[value('g/x/y')], [value('g/x')], [value('other')]])
  assert.deepEqual(outcomes, ['written', 'store-conflict', 'written'])
  assert.deepEqual(await store.list('g/x'), ['y'])
  const crashed = await afterCrash(path)
  assert.deepEqual(await crashed.list('g'), ['a', 'b', 'x'])
  assert.equal(text(await crashed.get('other')), 'other')
  await crashed.close()
  await store.close()
})

test('journaled-engine: a store that lost a file of its journal is refused', async () => {
  const path = await newFolder()
  await (await openLmdbStore({ path })).close()
  await rm(join(path, 'journal-0'))
  await assert.rejects(openLmdbStore({ path }), (error) => isAoError(error, 'store-failed'))
})

test('journaled-engine: large commits and deleted groups keep their order among the others', async () => {
  const path = await newFolder()
  const store = await openLmdbStore({ path })
  const large = 'x'.repeat(2 ** 20 + 1)
  await store.commit([value('g/a', '1'), value('h/a', '1')])
  await store.commit([value('g/a', large)])
  await store.commit([value('g/a', '2')])
  assert.equal(text(await store.get('g/a')), '2')
  await store.commit([remove('g')])
  assert.deepEqual(await store.list(''), ['h'])
  await store.commit([value('g/b', '3')])
  assert.deepEqual(await store.list('g'), ['b'])
  const crashed = await afterCrash(path)
  assert.deepEqual(await crashed.list('g'), ['b'])
  await crashed.close()
  await store.close()
})

const PATHS = ['a', 'a/x', 'a/y', 'a/y/z', 'b', 'b/x', 'c/d/e', 'c/d/f']
const GROUPS = ['', 'a', 'a/y', 'b', 'c', 'c/d']
const RANGES: readonly ListOptions[] = [
  {},
  { limit: 1 },
  { from: 'd', limit: 2 },
  { reverse: true, limit: 1 },
  { from: 'x', reverse: true },
]

const path = fc.constantFrom(...PATHS)
const write: fc.Arbitrary<StoreWrite> = fc.oneof(
  fc.tuple(path, fc.string({ maxLength: 3 })).map(([at, content]) => value(at, content)),
  fc.record({
    ...{ kind: fc.constant('link' as const), path, target: path },
    onlyNew: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('group' as const), path }),
  fc.record({ kind: fc.constant('delete' as const), path }),
)
const SOME = { minLength: 1, maxLength: 3 }
const SEVERAL = { minLength: 1, maxLength: 4 }
/** Several commits at once, or a pause in which everything finds its place. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.array(write, SEVERAL), SOME) },
  { weight: 1, arbitrary: fc.constant('pause' as const) },
)

async function outcomesOf(store: Store, batches: readonly StoreWrite[][]): Promise<string[]> {
  const outcomes = await Promise.allSettled(batches.map((batch) => store.commit(batch)))
  return outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'written' : codeOf(outcome.reason),
  )
}

function codeOf(error: unknown): string {
  return isAoError(error) ? error.code : String(error)
}

async function contentOf(store: Store): Promise<unknown> {
  const groups: unknown[] = []
  for (const group of GROUPS) {
    for (const range of RANGES) {
      groups.push(await store.list(group, range), await store.links(group, range))
      const entries = await store.scan(group, range)
      groups.push(entries.map((entry) => [entry.name, text(entry.value)]))
    }
  }
  return [groups, await Promise.all(PATHS.map(async (one) => text(await store.get(one))))]
}

test('journaled-engine: reads and conflicts are those of a store without a journal', async () => {
  const run = async (steps: readonly (StoreWrite[][] | 'pause')[]): Promise<void> => {
    const folder = await newFolder()
    const store = await openLmdbStore({ path: folder })
    const model = createMemoryStore()
    for (const batches of steps) {
      if (batches === 'pause') {
        await setTimeout(PLACED_MS)
        continue
      }
      const outcomes = await outcomesOf(store, batches)
      assert.deepEqual(outcomes, await outcomesOf(model, batches))
      assert.deepEqual(await contentOf(store), await contentOf(model))
    }
    const crashed = await afterCrash(folder)
    assert.deepEqual(await contentOf(crashed), await contentOf(model))
    await crashed.close()
    await store.close()
  }
  const steps = fc.array(step, { minLength: 2, maxLength: 8 })
  await fc.assert(fc.asyncProperty(steps, run), { numRuns: 60 })
})
