import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEndOfTurn } from './end-of-turn.ts'

test('what waits for the end of a turn goes on together and in order', async () => {
  const endOfTurn = createEndOfTurn()
  const seen: string[] = []
  const wait = async (name: string): Promise<void> => {
    seen.push(`begins ${name}`)
    await new Promise<void>((resolve) => endOfTurn(resolve))
    seen.push(name)
  }
  const all = [wait('a'), Promise.resolve().then(() => wait('b')), wait('c')]
  await Promise.all(all)
  assert.deepEqual(seen, ['begins a', 'begins c', 'begins b', 'a', 'c', 'b'])
  await wait('d')
  assert.equal(seen.at(-1), 'd')
})
