import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyMessage, anyScalar, assertSameValue } from '../../test/arbitrary-message.ts'
import { AoError, type ErrorCode } from '../base/errors.ts'
import { Message } from './message.ts'
import { fromTabm, fromTabmValue, toTabm } from './structured.ts'
import type { Tabm, TabmValue } from './tabm.ts'
import { formatTyped } from './typed-notation.ts'
import { Atom, Float, Link, type List, type Value } from './value.ts'

const message = (entries: Record<string, Value>) => new Message<Value>(Object.entries(entries))
const tabm = (entries: Record<string, TabmValue>): Tabm => new Message(Object.entries(entries))
const fails = (code: ErrorCode, run: () => unknown) => {
  assert.throws(run, (error) => error instanceof AoError && error.code === code)
}

describe('toTabm()', () => {
  it('writes types sorted by raw key', () => {
    const encoded = toTabm(message({ b: 1, B: new Float(1.5), 'a b': Atom.true }), 'bundle')
    assert.equal(encoded.get('ao-types'), '%42="float", a%20b="atom", b="integer"')
    assert.equal(encoded.get('B'), '1.50000000000000000000e+00')
  })

  it('sorts the indices of a list as text', () => {
    const items: List = Array.from({ length: 11 }, (_, index) => index)
    const encoded = toTabm(items, 'bundle')
    assert.match(String(encoded.get('ao-types')), /^\.="list", 1="integer", 10="integer", 11=/)
  })

  it('links nested messages or keeps them inline', () => {
    const nested = message({ n: message({ a: 1 }) })
    assertSameValue(
      toTabm(nested, 'link'),
      message({ 'n+link': 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA' }),
    )
    const inline = message({ n: message({ a: '1', 'ao-types': 'a="integer"' }) })
    assertSameValue(toTabm(nested, 'bundle'), inline)
  })

  it('keeps empty values without a marker', () => {
    const encoded = toTabm(message({ b: '', m: message({}), l: [] }), 'bundle')
    assertSameValue(
      encoded,
      message({ b: '', m: message({}), l: message({ 'ao-types': '.="list"' }) }),
    )
  })

  it('drops private and regenerable keys, and takes links as they are', () => {
    const source = message({
      'private-x': 1,
      priv: message({}),
      Priv: 'kept',
      'content-digest': 'x',
      unsigned_id: 5,
      l: new Link('AAAA'),
    })
    assertSameValue(toTabm(source, 'bundle'), message({ Priv: 'kept', 'l+link': 'AAAA' }))
    const nested = toTabm(message({ 'content-digest': message({}) }), 'link')
    assert.deepEqual([...nested.keys()], ['content-digest+link'])
  })

  it('returns a message of binaries as it is', () => {
    const source = message({ a: '1', 'x+link': 'id', 'ao-types': 'a="integer"' })
    assert.equal(toTabm(source, 'link'), source)
  })

  it('refuses keys that contradict each other', () => {
    fails('invalid-message', () => toTabm(message({ a: 1, 'ao-types': 'a="float"' }), 'bundle'))
    fails('invalid-message', () => toTabm(message({ 'ao-types': message({}) }), 'bundle'))
    fails('invalid-message', () => toTabm(message({ k: message({}), 'k+link': 'id' }), 'link'))
    fails('invalid-message', () => toTabm(message({ k: 1, 'k+link': 'id' }), 'bundle'))
    fails('invalid-message', () => toTabm(message({ 'k+link': 'id', k: 'x' }), 'bundle'))
    fails('invalid-key', () => toTabm(message({ '.': 1 }), 'bundle'))
    fails('invalid-key', () => toTabm(message({ commitments: message({}) }), 'bundle'))
    fails('invalid-value', () => toTabm(message({ 'k+link': 5 }), 'bundle'))
  })

  it('refuses lazy links, values outside the model, and endless nesting', () => {
    fails('unencodable', () => toTabm(message({ k: new Link('p/k', { lazy: true }) }), 'link'))
    fails('invalid-value', () => toTabm(message({ k: 1.5 }), 'link'))
    fails('invalid-value', () => toTabm(message({ k: new Float(Number.NaN) }), 'link'))
    let deep: Value = 'x'
    for (let level = 0; level < 5000; level++) deep = [deep]
    fails('limit-exceeded', () => toTabm(message({ deep }), 'bundle'))
  })
})

describe('fromTabm()', () => {
  it('reads types as strings, tokens or byte sequences, in any case, parameters ignored', () => {
    const types = 'a="INTEGER", b=integer;x=1, c=:aW50ZWdlcg==:, absent=?1'
    assertSameValue(
      fromTabm(tabm({ a: '1', b: '007', c: '-5;q', 'ao-types': types })),
      message({ a: 1, b: 7, c: -5 }),
    )
  })

  it('takes typed keys that HyperBEAM writes but cannot read', () => {
    const odd = message({ 'a/b?c&d': 1, '.x': 2, '': 3, 'é%': 4 })
    assertSameValue(fromTabm(toTabm(odd, 'bundle')), odd)
  })

  it('compares typed keys exactly and lets the last of equal ones win', () => {
    const types = '%41="integer", a="float", a="atom"'
    assertSameValue(
      fromTabm(tabm({ A: '1', a: 'x', b: '2', 'ao-types': types })),
      message({ A: 1, a: new Atom('x'), b: '2' }),
    )
  })

  it('turns key+link into a link', () => {
    const decoded = fromTabm(tabm({ 'n+link': 'id', 'ao-types': '' }))
    assertSameValue(decoded, message({ n: new Link('id') }))
  })

  it('reads lists whose keys are 1 to n', () => {
    const list = (entries: Record<string, TabmValue>) =>
      fromTabmValue(tabm({ 'ao-types': '.="list"', ...entries }))
    assertSameValue(list({ 2: 'b', 1: 'a', '3+link': 'id' }), ['a', 'b', new Link('id')])
    assertSameValue(list({}), [])
    assertSameValue(list({ priv: 'x', 1: 'a' }), ['a'])
    for (const keys of [
      { 0: 'a' },
      { 2: 'b' },
      { '01': 'a' },
      { 1: 'a', x: 'b' },
      { 1: 'a', 3: 'b' },
    ]) {
      fails('invalid-message', () => list(keys))
    }
    fails('invalid-message', () => fromTabm(tabm({ 'ao-types': '.=list' })))
    fails('invalid-encoding', () => fromTabm(tabm({ 'ao-types': '.="map"' })))
  })

  it('keeps commitments and the private part', () => {
    const source = tabm({ a: '1', 'ao-types': 'a="integer"' }).withPrivate({ hashpath: 'h' })
    assert.deepEqual(fromTabm(source).priv, { hashpath: 'h' })
    assert.equal(fromTabm(source).commitments, source.commitments)
  })

  it('refuses a malformed value of any level as a whole', () => {
    for (const [type, text] of [
      ['integer', '1.0'],
      ['integer', '?1'],
      ['float', 'x'],
      ['binary', 'x'],
      ['empty-message', ''],
      ['nonsense', 'x'],
    ] as const) {
      fails('invalid-encoding', () => fromTabm(tabm({ k: text, 'ao-types': `k="${type}"` })))
      fails('invalid-encoding', () => {
        fromTabm(tabm({ n: tabm({ k: text, 'ao-types': `k="${type}"` }) }))
      })
    }
    fails('invalid-encoding', () => fromTabm(tabm({ a: '1', 'ao-types': 'a=' })))
    fails('invalid-encoding', () => fromTabm(tabm({ a: '1', 'ao-types': '%zz="atom"' })))
    fails('invalid-message', () => fromTabm(tabm({ k: '1', 'k+link': 'id' })))
    fails('invalid-value', () => fromTabm(tabm({ 'k+link': tabm({}) })))
  })
})

describe('toTabm() and fromTabm()', () => {
  it('give back every message', () => {
    fc.assert(
      fc.property(anyMessage, (source) => {
        assertSameValue(fromTabm(toTabm(source, 'bundle')), source)
      }),
    )
  })

  it('give back every list', () => {
    fc.assert(
      fc.property(fc.array(anyScalar), (items) => {
        assertSameValue(fromTabmValue(toTabm(items, 'bundle')), items)
      }),
    )
  })

  it('link every nested message and nothing else', () => {
    fc.assert(
      fc.property(anyMessage, (source) => {
        const linked = toTabm(source, 'link')
        for (const [key, value] of source) {
          const isNested = value instanceof Message || Array.isArray(value)
          assert.equal(linked.has(`${key}+link`), isNested)
          assert.equal(linked.has(key), !isNested)
        }
        assert.deepEqual(formatTyped(toTabm(linked, 'link')), formatTyped(linked))
      }),
    )
  })
})
