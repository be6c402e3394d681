import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { assertSameValue } from '../../test/arbitrary-message.ts'
import { AoError } from '../base/errors.ts'
import { decodeValue } from './decode-value.ts'
import { Message } from './message.ts'
import { Atom, Float, type Value } from './value.ts'

const refuses = (type: string, ...texts: (string | Uint8Array)[]) => {
  for (const text of texts) {
    assert.throws(
      () => decodeValue(type, text),
      (error) => {
        return error instanceof AoError && error.code === 'invalid-encoding'
      },
    )
  }
}

describe('decodeValue()', () => {
  it('reads large integers, with zeros in front and parameters after them', () => {
    assert.equal(decodeValue('integer', '-0'), 0)
    assert.equal(decodeValue('integer', '0042;a;b="c"'), 42)
    assert.equal(decodeValue('integer', '0000000000000000000001'), 1)
    assert.equal(decodeValue('integer', '9007199254740991'), Number.MAX_SAFE_INTEGER)
    assert.equal(decodeValue('integer', '9007199254740993'), 9007199254740993n)
    refuses('integer', '', '-', '+1', ' 1', '1 ', '1.0', 'abc', '"5"', '?1', '1;', '1;A=1', '٣')
    refuses('integer', Uint8Array.of(0xff))
    assert.throws(
      () => decodeValue('integer', '9'.repeat(5000)),
      (error) => error instanceof AoError && error.code === 'limit-exceeded',
    )
  })

  it('gives back every integer', () => {
    fc.assert(
      fc.property(fc.bigInt(), (value) => {
        assert.equal(BigInt(decodeValue('integer', value.toString()) as number | bigint), value)
      }),
    )
  })

  it('reads atoms as token, string or byte sequence, and any other text as a name', () => {
    for (const text of ['true', '"true"', ':dHJ1ZQ==:', 'true;a=1']) {
      assertSameValue(decodeValue('atom', text), Atom.true)
    }
    for (const name of ['Hello World', '_x', '', '1', 'with"quote', '"open', ':-:', 'a;B', 'é']) {
      assertSameValue(decodeValue('atom', name), new Atom(name))
    }
  })

  it('reads compact lists', () => {
    assertSameValue(decodeValue('list', '"a", 1, 1.5, ?1, tok, :/w==:, "(ao-type-integer) 7"'), [
      'a',
      1,
      new Float(1.5),
      Atom.true,
      new Atom('tok'),
      Uint8Array.of(0xff),
      7,
    ])
    refuses('list', '(1 2)', '"(ao-type-integer"', '"(ao-type-integer) x"', '1,')
  })

  it('reads compact maps', () => {
    const expected = new Message<Value>([
      ['a', 1],
      ['b', Atom.true],
    ])
    assertSameValue(decodeValue('map', 'a=1, b'), expected)
    refuses('map', 'a=(1)', '=')
  })
})
