import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasHeader, layoutOf } from './header-layout.ts'

describe('layoutOf()', () => {
  it('sorts names by their bytes and tells where each stood', () => {
    const { names, positions } = layoutOf(['b', '\uffee', 'a', '\u{1f600}'])
    assert.deepEqual(names, ['a', 'b', '\uffee', '\u{1f600}'])
    assert.deepEqual(positions, [2, 0, 1, 3])
  })

  it('takes the last of equal names', () => {
    const { names, positions } = layoutOf(['a', 'b', 'a'])
    assert.deepEqual(
      [names, positions],
      [
        ['a', 'b'],
        [2, 1],
      ],
    )
  })

  it('lists names as signature-input and as a base does', () => {
    const { list, signedList, lineStarts } = layoutOf(['path', 'a"b'])
    assert.equal(list, '("a\\"b" "path")')
    assert.equal(signedList, '("a\\"b" "@path")')
    assert.deepEqual(lineStarts, ['"a"b": ', '\n"path": '])
  })

  it('tells lists of names apart that are one text together', () => {
    assert.deepEqual(layoutOf(['a\nb', 'c']).names, ['a\nb', 'c'])
    assert.deepEqual(layoutOf(['a', 'b\nc']).names, ['a', 'b\nc'])
    assert.deepEqual(layoutOf(['a']).names, ['a'])
    assert.deepEqual(layoutOf([]).names, [])
  })

  it('gives a layout again, unless it has too many or too long names', () => {
    assert.equal(layoutOf(['again', 'b']), layoutOf(['again', 'b']))
    const many = Array.from({ length: 100 }, (_, index) => `n${index + 100}`)
    assert.deepEqual(layoutOf(many).names, many)
    assert.notEqual(layoutOf(many), layoutOf(many))
    const long = ['a', 'x'.repeat(65)]
    assert.deepEqual(layoutOf(long).names, long)
    assert.notEqual(layoutOf(long), layoutOf(long))
  })

  it('stays right when more layouts are asked for than are kept', () => {
    for (let index = 0; index < 10_000; index++) {
      const names = ['z', `kept-${index}`]
      assert.deepEqual(layoutOf(names).positions, [1, 0])
    }
  })
})

describe('hasHeader()', () => {
  it('finds each name and no other', () => {
    const layout = layoutOf(['d', 'b', 'a', 'c'])
    for (const name of ['a', 'b', 'c', 'd']) assert.ok(hasHeader(layout, name))
    for (const name of ['', 'aa', 'e', 'B']) assert.ok(!hasHeader(layout, name))
    assert.ok(!hasHeader(layoutOf([]), 'a'))
  })
})
