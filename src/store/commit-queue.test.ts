import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AoError, isAoError } from '../base/errors.ts'
import { CommitQueue } from './commit-queue.ts'
import { createEngineStore } from './engine-store.ts'
import type { Batch, BatchOutcome, StoreEngine } from './store-engine.ts'
import { value } from './suite-kit.ts'

const batch = (path: string, bytes = 0): Batch => [value(path, new Uint8Array(bytes))]
const pathOf = ([write]: Batch): string => write?.path ?? ''

/** A queue whose groups are written when the test says so. */
function heldQueue(options?: ConstructorParameters<typeof CommitQueue>[1]): {
  readonly queue: CommitQueue
  readonly groups: string[][]
  readonly writeNext: () => Promise<void>
} {
  const groups: string[][] = []
  let release = Promise.withResolvers<void>()
  const queue = new CommitQueue(async (batches) => {
    groups.push(batches.map(pathOf))
    await release.promise
    release = Promise.withResolvers<void>()
    return batches.map(() => undefined)
  }, options)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const writeNext = async (): Promise<void> => {
    await turn()
    release.resolve()
    await turn()
  }
  return { queue, groups, writeNext }
}

test('CommitQueue: batches of one turn are one group, those that come meanwhile the next', async () => {
  const { queue, groups, writeNext } = heldQueue()
  const first = [queue.push(batch('a')), queue.push(batch('b'))]
  await new Promise((resolve) => setImmediate(resolve))
  const second = [queue.push(batch('c')), queue.push(batch('d')), queue.push(batch('e'))]
  await writeNext()
  await Promise.all(first)
  await writeNext()
  await Promise.all(second)
  assert.deepEqual(groups, [
    ['a', 'b'],
    ['c', 'd', 'e'],
  ])
})

test('CommitQueue: a group ends at its number of batches and at its bytes', async () => {
  const { queue, groups, writeNext } = heldQueue({ maxGroup: 3, maxGroupBytes: 5_000 })
  const all = [
    ...['a', 'b', 'c', 'd'].map((path) => queue.push(batch(path))),
    queue.push(batch('e', 4_900)),
    queue.push(batch('too large for others', 9_000)),
    queue.push(batch('f')),
  ]
  for (let group = 0; group < 5; group++) await writeNext()
  await Promise.all(all)
  const expected = [['a', 'b', 'c'], ['d'], ['e'], ['too large for others'], ['f']]
  assert.deepEqual(groups, expected)
})

test('CommitQueue: more than may wait is refused as overloaded, a single batch never is', async () => {
  const { queue, writeNext } = heldQueue({ maxWaitingBytes: 1_000 })
  const large = queue.push(batch('a', 5_000))
  await assert.rejects(queue.push(batch('b')), (error) => isAoError(error, 'overloaded'))
  await writeNext()
  await large
  const small = queue.push(batch('c'))
  await writeNext()
  await small
})

test('CommitQueue: idle() waits for what came while it waited', async () => {
  const { queue, groups, writeNext } = heldQueue()
  void queue.push(batch('a'))
  const idle = queue.idle().then(() => groups.length)
  await new Promise((resolve) => setImmediate(resolve))
  void queue.push(batch('b'))
  await writeNext()
  await writeNext()
  assert.equal(await idle, 2)
  await queue.idle()
})

test('EngineStore: when a group cannot be written, each batch has its own chance', async () => {
  const written: string[] = []
  const write = async (batches: readonly Batch[]): Promise<readonly BatchOutcome[]> => {
    if (batches.some((each) => pathOf(each) === 'large')) throw new Error('No space')
    written.push(...batches.map(pathOf))
    return batches.map((each) =>
      pathOf(each) === 'refused' ? new AoError('store-conflict', 'No') : undefined,
    )
  }
  const engine: Partial<StoreEngine> = { name: 'test', write }
  const store = createEngineStore(engine as StoreEngine)
  const paths = ['a', 'large', 'refused', 'b']
  const outcomes = await Promise.allSettled(paths.map((path) => store.commit(batch(path))))
  const codes = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'written' : (outcome.reason as AoError).code,
  )
  assert.deepEqual(codes, ['written', 'store-failed', 'store-conflict', 'written'])
  assert.deepEqual(written, ['a', 'refused', 'b'])
})
