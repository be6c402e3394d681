import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { createFailingStore, diskFull } from './failing-store.ts'
import { createLayeredStore, type StoreLayer } from './layered-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store, StoreWrite } from './store.ts'
import { runStoreSuite } from './store-suite.ts'
import { group, link, remove, text, value } from './suite-kit.ts'

runStoreSuite('layered over one', async () => createLayeredStore([{ store: createMemoryStore() }]))

runStoreSuite('layered with an empty layer first', async () =>
  createLayeredStore([
    { store: createMemoryStore(), access: ['read'] },
    { store: createMemoryStore() },
  ]),
)

async function memoryWith(...writes: StoreWrite[]): Promise<Store> {
  const store = createMemoryStore()
  await store.commit(writes)
  return store
}

const readOnly = (store: Store): StoreLayer => ({ store, access: ['read'] })

test('layered: what the first layer has hides what others have', async () => {
  const first = await memoryWith(value('a', '1'), link('l', 'a'))
  const second = await memoryWith(value('a', '2'), value('b', '2'), value('l', '2'))
  const store = createLayeredStore([{ store: first }, { store: second }])
  assert.deepEqual((await store.getMany(['a', 'b', 'l', 'c'])).map(text), [
    '1',
    '2',
    '1',
    undefined,
  ])
  assert.equal(text(await store.get('b')), '2')
  assert.equal(await store.resolve('l'), 'a')
})

test('layered: a dangling link in the first layer hides a value below', async () => {
  const first = await memoryWith(link('l', 'nothing'))
  const second = await memoryWith(value('l', '2'))
  const store = createLayeredStore([{ store: first }, { store: second }])
  assert.equal(await store.get('l'), undefined)
  assert.equal(await store.kindOf('l'), undefined)
})

test('layered: links lead through all layers and back', async () => {
  const first = await memoryWith(link('a', 'b'), value('d', 'end'), link('g', 'h'))
  const second = await memoryWith(link('b', 'c'), value('h/i/x', 'deep'))
  const third = await memoryWith(link('c', 'd'))
  const store = createLayeredStore([first, second, third].map((each) => ({ store: each })))
  assert.equal(text(await store.get('a')), 'end')
  assert.equal(await store.resolve('a'), 'd')
  assert.equal(await store.kindOf('a'), 'value')
  assert.equal(text(await store.get('g/i/x')), 'deep')
  assert.deepEqual(await store.list('g'), ['i'])
})

test('layered: links in a circle across layers lead to nothing', async () => {
  const first = await memoryWith(link('a', 'b'))
  const second = await memoryWith(link('b', 'a'))
  const store = createLayeredStore([{ store: first }, { store: second }])
  assert.equal(await store.get('a'), undefined)
  assert.equal(await store.kindOf('b'), undefined)
  assert.deepEqual(await store.list('a'), [])
  await assert.rejects(store.resolve('a'), (error) => isAoError(error, 'infinite-recursion'))
})

test('layered: groups at one path are listed as one, in order, each name once', async () => {
  const first = await memoryWith(value('g/a', '1'), value('g/c', '1'), value('v', '1'))
  const second = await memoryWith(value('g/b', '2'), value('g/c', '2'), value('v/x', '2'))
  const store = createLayeredStore([{ store: first }, { store: second }])
  assert.deepEqual(await store.list('g'), ['a', 'b', 'c'])
  assert.deepEqual(await store.list('g', { reverse: true, limit: 2 }), ['c', 'b'])
  assert.deepEqual(await store.list('g', { from: 'b', limit: 1 }), ['b'])
  assert.deepEqual(await store.list('v'), [])
  const page = (await store.scan('g')).map((entry) => text(entry.value))
  assert.deepEqual(page, ['1', '2', '1'])
})

test('layered: links of groups at one path are those of the first layer that has the name', async () => {
  const first = await memoryWith(link('g/a', 'v'), value('g/c', '1'))
  const second = await memoryWith(link('g/a', 'w'), link('g/b', 'w'), link('g/c', 'w'))
  const store = createLayeredStore([{ store: first }, { store: second }])
  const expected = [
    { name: 'a', target: 'v' },
    { name: 'b', target: 'w' },
    { name: 'c', target: undefined },
  ]
  assert.deepEqual(await store.links('g'), expected)
  assert.deepEqual(await store.links('g', { from: 'b', limit: 1 }), expected.slice(1, 2))
})

test('layered: a batch goes whole to the first layer that may be written', async () => {
  const [first, second, third] = [createMemoryStore(), createMemoryStore(), createMemoryStore()]
  const store = createLayeredStore([readOnly(first), { store: second }, { store: third }])
  await store.commit([value('a'), link('l', 'a')])
  assert.deepEqual(await first.list(''), [])
  assert.deepEqual(await second.list(''), ['a', 'l'])
  assert.deepEqual(await third.list(''), [])
})

test('layered: a layer that fails is not passed over, its old values would hide the new', async () => {
  const second = createMemoryStore()
  const failing = createFailingStore(createMemoryStore(), {
    beforeCommit: () => {
      throw diskFull()
    },
  })
  const store = createLayeredStore([{ store: failing }, { store: second }])
  await assert.rejects(store.commit([value('a')]), (error) => isAoError(error, 'store-failed'))
  assert.deepEqual(await second.list(''), [])
})

test('layered: what no layer allows is denied', async () => {
  const denied = (error: unknown): boolean => isAoError(error, 'store-denied')
  const readable = createLayeredStore([readOnly(await memoryWith(value('a')))])
  await assert.rejects(readable.commit([value('b')]), denied)
  assert.equal(text(await readable.get('a')), 'a')
  const writable = createLayeredStore([{ store: createMemoryStore(), access: ['write'] }])
  await writable.commit([value('b')])
  await assert.rejects(writable.get('b'), denied)
  await assert.rejects(writable.getMany(['b']), denied)
  await assert.rejects(writable.list(''), denied)
  await assert.rejects(createLayeredStore([]).get('a'), denied)
})

test('layered: deleting a group needs admin, deleting a value or link does not', async () => {
  const denied = (error: unknown): boolean => isAoError(error, 'store-denied')
  const below = await memoryWith(value('g/a'), link('l', 'g'), value('v'), group('m/n'))
  await below.commit([link('k', 'm')])
  const store = createLayeredStore([{ store: below, access: ['read', 'write'] }])
  await assert.rejects(store.commit([remove('g')]), denied)
  await assert.rejects(store.commit([value('x'), remove('k/n')]), denied)
  assert.equal(await below.kindOf('x'), undefined)
  await store.commit([remove('l'), remove('v'), remove('g/a'), remove('nothing')])
  assert.deepEqual(await below.list(''), ['g', 'k', 'm'])
  await createLayeredStore([{ store: below }]).commit([remove('g')])
  assert.equal(await below.kindOf('g'), undefined)
})

test('layered: it is durable when every layer that takes writes is', () => {
  const memory = createMemoryStore()
  const durable = { ...createFailingStore(memory, {}), isDurable: true }
  assert.equal(createLayeredStore([{ store: durable }, readOnly(memory)]).isDurable, true)
  assert.equal(createLayeredStore([{ store: durable }, { store: memory }]).isDurable, false)
  assert.equal(createLayeredStore([readOnly(durable)]).isDurable, false)
})
