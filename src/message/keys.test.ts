import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AoError } from '../base/errors.ts'
import { getKey, isId, isIdKey, normalizeKey, toHumanId, toNativeId } from './keys.ts'
import { Message } from './message.ts'
import { Atom, Float } from './value.ts'

const human = 'AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA'
const native = Uint8Array.from({ length: 32 }, (_, index) => index + 1)

describe('normalizeKey()', () => {
  it('makes text of integers, atoms, bytes and parts', () => {
    assert.equal(normalizeKey(7), '7')
    assert.equal(normalizeKey(2n ** 64n), '18446744073709551616')
    assert.equal(normalizeKey(new Atom('a')), 'a')
    assert.equal(normalizeKey(['a', 1, Buffer.from('b')]), 'a/1/b')
  })

  it('refuses floats and bytes that are no text', () => {
    for (const key of [1.5, new Float(1), Uint8Array.of(0xff), null, {}]) {
      assert.throws(() => normalizeKey(key), AoError)
    }
  })
})

describe('ids', () => {
  it('are told by their length in bytes', () => {
    assert.ok(isId(human))
    assert.ok(isId(native))
    assert.ok(isIdKey('é'.repeat(16)))
    assert.ok(isIdKey('x'.repeat(42)))
    assert.ok(!isIdKey('é'.repeat(32)))
    assert.ok(!isIdKey('x'.repeat(44)))
  })

  it('convert between text and bytes', () => {
    assert.equal(toHumanId(native), human)
    assert.equal(toHumanId(human), human)
    assert.deepEqual(new Uint8Array(toNativeId(human)), native)
    assert.equal(toNativeId(native), native)
    const address = `0x${'aB'.repeat(20)}`
    assert.equal(toHumanId(address), address)
    assert.deepEqual(Buffer.from(toNativeId(address)).toString(), address)
  })

  it('are refused at other lengths and in other alphabets', () => {
    for (const bad of ['', 'x', human.slice(1, 42), `${human}A`, new Uint8Array(43).fill(0xff)]) {
      assert.throws(() => toHumanId(bad), AoError)
      assert.throws(() => toNativeId(bad), AoError)
    }
    assert.throws(() => toNativeId('!'.repeat(43)), AoError)
  })
})

describe('getKey()', () => {
  const message = new Message([
    ['a', '1'],
    ['B', '2'],
    ['private-x', '3'],
  ])

  it('takes the exact key, else the asked key in lower case', () => {
    assert.equal(getKey(message, 'A'), '1')
    assert.equal(getKey(message, 'B'), '2')
    assert.equal(getKey(message, 'b'), undefined)
  })

  it('never finds private keys', () => {
    assert.equal(getKey(message, 'private-x'), undefined)
    assert.equal(getKey(message, 'PRIVATE-X'), undefined)
  })
})
