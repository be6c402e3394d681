import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Message } from '../message/message.ts'
import type { PageAssignment } from './formats.ts'
import { createLookAhead } from './look-ahead.ts'

const OPTIONS = { slots: 4, processes: 2 }

/** A schedule that counts how it is read; it has `length` slots, and fails when told so. */
function schedule(length: number) {
  const reads: number[] = []
  const source = {
    reads,
    length,
    fails: false,
    read: async (from: number, limit: number): Promise<readonly PageAssignment[]> => {
      reads.push(from)
      if (source.fails) throw new Error('not now')
      const count = Math.max(0, Math.min(limit, source.length - from))
      return Array.from({ length: count }, (_, n) => ({ slot: from + n, message: new Message() }))
    },
  }
  return source
}

describe('createLookAhead()', () => {
  test('reads some slots at once, and the next before they are asked for', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const source = schedule(100)
    const readsAt: number[] = []
    for (let slot = 0; slot < 12; slot++) {
      assert.equal((await lookAhead.take('p', slot, source.read))?.slot, slot)
      readsAt.push(source.reads.length)
    }
    assert.deepEqual(source.reads.slice(0, 3), [0, 4, 8])
    // The second read was begun while two of the first four were still to come.
    assert.deepEqual(readsAt.slice(0, 4), [1, 1, 2, 2])
  })

  test('asks again at the end of a schedule, which may have grown', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const source = schedule(1)
    assert.equal((await lookAhead.take('p', 0, source.read))?.slot, 0)
    assert.equal(await lookAhead.take('p', 1, source.read), undefined)
    source.length = 3
    assert.equal((await lookAhead.take('p', 1, source.read))?.slot, 1)
    assert.equal((await lookAhead.take('p', 2, source.read))?.slot, 2)
  })

  test('what was read ahead too early is read again', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const source = schedule(4)
    for (let slot = 0; slot < 4; slot++) await lookAhead.take('p', slot, source.read)
    source.length = 8
    assert.equal((await lookAhead.take('p', 4, source.read))?.slot, 4)
  })

  test('a read ahead that fails troubles nobody but who needs it', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const source = schedule(100)
    await lookAhead.take('p', 0, source.read)
    source.fails = true
    for (let slot = 1; slot < 4; slot++) {
      assert.equal((await lookAhead.take('p', slot, source.read))?.slot, slot)
    }
    await assert.rejects(lookAhead.take('p', 4, source.read), /not now/)
    source.fails = false
    assert.equal((await lookAhead.take('p', 4, source.read))?.slot, 4)
  })

  test('goes anywhere, forward and back', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const source = schedule(100)
    for (const slot of [50, 51, 7, 8, 90, 7]) {
      assert.equal((await lookAhead.take('p', slot, source.read))?.slot, slot)
    }
  })

  test('never takes what was read for another process', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const [long, short] = [schedule(100), schedule(1)]
    await lookAhead.take('p', 1, long.read)
    assert.equal(await lookAhead.take('q', 1, short.read), undefined)
  })

  test('forgets the process that was unused longest', async () => {
    const lookAhead = createLookAhead(OPTIONS)
    const source = schedule(100)
    for (const name of ['a', 'b', 'a', 'c']) await lookAhead.take(name, 0, source.read)
    assert.equal(source.reads.length, 3)
    await lookAhead.take('a', 1, source.read)
    assert.equal(source.reads.length, 3)
    await lookAhead.take('b', 1, source.read)
    assert.equal(source.reads.length, 4)
  })
})
