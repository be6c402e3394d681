import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCountedStore } from './counted-store.ts'
import { openStore } from './open-store.ts'

test('createCountedStore() tells of each value that is read, and of nothing else', async () => {
  const store = await openStore({ engine: 'memory' })
  let held = 0
  const counted = createCountedStore(store, (bytes) => {
    held += bytes
  })
  await counted.commit([
    { kind: 'value', path: 'g/a', value: Buffer.alloc(10) },
    { kind: 'value', path: 'g/b', value: Buffer.alloc(20) },
    { kind: 'link', path: 'l', target: 'g/b' },
  ])
  assert.equal(held, 0)
  assert.equal((await counted.get('l'))?.length, 20)
  assert.equal(held, 20)
  await counted.getMany(['g/a', 'none'])
  assert.equal(held, 30)
  await counted.scan('g')
  assert.equal(held, 60)
  await counted.get('none')
  assert.equal(await counted.kindOf('g'), 'group')
  assert.deepEqual(await counted.list('g'), ['a', 'b'])
  assert.equal(await counted.resolve('l'), 'g/b')
  assert.equal(held, 60)
  await counted.close()
})

test('createCountedStore() passes a refusal on', async () => {
  const store = await openStore({ engine: 'memory' })
  await store.commit([{ kind: 'value', path: 'a', value: Buffer.alloc(10) }])
  const counted = createCountedStore(store, () => {
    throw new Error('too much')
  })
  await assert.rejects(counted.get('a'), /too much/)
  await assert.rejects(counted.getMany(['a']), /too much/)
  await assert.rejects(counted.scan(''), /too much/)
})
