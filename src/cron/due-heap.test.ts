import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DueHeap } from './due-heap.ts'

test('a DueHeap gives its entries in order, none before its time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100 })),
      fc.integer({ max: 100 }),
      (ats, until) => {
        const heap = new DueHeap<number>()
        ats.forEach((at, item) => {
          heap.push({ at, item })
        })
        assert.equal(heap.size, ats.length)
        const popped: number[] = []
        for (let entry = heap.popUntil(until); entry !== undefined; entry = heap.popUntil(until)) {
          assert.equal(ats[entry.item], entry.at)
          popped.push(entry.at)
        }
        assert.deepEqual(
          popped,
          ats.filter((at) => at <= until).sort((left, right) => left - right),
        )
        assert.equal(heap.size, ats.length - popped.length)
        assert.ok((heap.peek()?.at ?? Number.POSITIVE_INFINITY) > until)
      },
    ),
  )
})
