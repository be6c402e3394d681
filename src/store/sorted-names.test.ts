import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SortedNames } from './sorted-names.ts'

test('SortedNames gives ranges as sorting every time would, through additions and deletions', () => {
  const name = fc.constantFrom('a', 'b', 'ab', 'B', 'é', '\u{ffff}', '𝒳', '1', '10', '2')
  const range = fc.record({
    from: fc.option(name, { nil: undefined }),
    limit: fc.nat(12),
    reverse: fc.boolean(),
  })
  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, range), { maxLength: 40 }), (steps) => {
      const names = new SortedNames()
      const model = new Set<string>()
      for (const [each, { from, limit, reverse }] of steps) {
        if (model.delete(each)) {
          names.delete(each)
        } else {
          model.add(each)
          names.add(each)
        }
        const sorted = [...model].sort(byBytes)
        if (reverse) sorted.reverse()
        const isIn = (other: string): boolean =>
          from === undefined || byBytes(other, from) * (reverse ? -1 : 1) >= 0
        assert.deepEqual(names.range({ from, limit, reverse }), sorted.filter(isIn).slice(0, limit))
      }
    }),
  )
})
