import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from './errors.ts'
import { createMemoryBudget } from './memory-budget.ts'

const isTooMuch = (error: unknown): boolean => isAoError(error, 'limit-exceeded')
const isOverloaded = (error: unknown): boolean => isAoError(error, 'overloaded')

test('hold() counts for the request around it until that ends, also after awaits', async () => {
  const budget = createMemoryBudget(100)
  await budget.run(async () => {
    budget.hold(10)
    await new Promise((resolve) => setImmediate(resolve))
    budget.hold(20)
    assert.equal(budget.usedBytes, 30)
  })
  assert.equal(budget.usedBytes, 0)
})

test('hold() refuses a request that takes half of all', async () => {
  const budget = createMemoryBudget(100)
  const work = budget.run(async () => {
    budget.hold(40)
    budget.hold(11)
  })
  await assert.rejects(work, isTooMuch)
  assert.equal(budget.usedBytes, 0)
})

test('hold() refuses what is beyond the budget of all requests together', async () => {
  const budget = createMemoryBudget(100)
  let end: () => void = () => undefined
  const hold = (bytes: number): Promise<void> =>
    budget.run(() => {
      budget.hold(bytes)
      return new Promise((resolve) => {
        end = resolve
      })
    })
  const first = hold(50)
  const endFirst = end
  const second = hold(40)
  await assert.rejects(async () => hold(20), isOverloaded)
  assert.equal(budget.usedBytes, 90)
  endFirst()
  await first
  const third = hold(20)
  end()
  void second
  await third
  assert.equal(budget.usedBytes, 40)
})

test('hold() outside of a request counts nowhere', () => {
  const budget = createMemoryBudget(10)
  budget.hold(1_000)
  assert.equal(budget.usedBytes, 0)
})
