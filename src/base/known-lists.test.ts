import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KnownLists } from './known-lists.ts'

function joining() {
  let made = 0
  const make = (items: readonly (string | number)[]) => {
    made++
    return items.join(' ')
  }
  return { make, made: () => made }
}

describe('KnownLists', () => {
  it('makes what belongs to a list once', () => {
    const { make, made } = joining()
    const lists = new KnownLists(make)
    for (const items of [['a', 'b'], ['a'], [], ['a b'], ['a', 1], ['a', '1']]) {
      assert.equal(lists.get(items), items.join(' '))
      assert.equal(lists.get([...items]), items.join(' '))
    }
    assert.equal(made(), 6)
  })

  it('keeps nothing of long lists and of long names', () => {
    const { make, made } = joining()
    const lists = new KnownLists(make, { maxItems: 2, maxLength: 3 })
    for (const items of [['a', 'b', 'c'], ['long']]) {
      assert.equal(lists.get(items), items.join(' '))
      assert.equal(lists.get(items), items.join(' '))
    }
    assert.equal(made(), 4)
  })

  it('knows undefined, too', () => {
    let made = 0
    const lists = new KnownLists(() => {
      made++
      return undefined
    })
    lists.get(['a'])
    lists.get(['a'])
    assert.equal(made, 1)
  })

  it('stays right when more lists come than are kept', () => {
    const { make } = joining()
    const lists = new KnownLists(make, { maxNodes: 8 })
    for (let index = 0; index < 100; index++) {
      assert.equal(lists.get(['a', index, 'b']), `a ${index} b`)
    }
  })
})

it('KnownLists counts what was made of lists, not only their names', () => {
  let made = 0
  const lists = new KnownLists<string, number>(() => ++made, { maxNodes: 40 })
  const beginning = Array.from({ length: 9 }, (_, n) => `name-${n}`)
  for (let n = 0; n < 30; n++) lists.get([...beginning, `last-${n}`])
  const first = lists.get([...beginning, 'last-29'])
  assert.equal(first, 30)
  // By names alone all 30 would still be there: they begin alike.
  assert.equal(lists.get([...beginning, 'last-0']), 31)
})
