import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AoError } from '../base/errors.ts'
import {
  type BareItem,
  formatDictionary,
  formatItem,
  formatList,
  formatString,
  type InnerList,
  type Item,
  innerList,
  item,
  parseDictionary,
  parseItem,
  parseList,
} from './structured-fields.ts'

const refused = (run: () => unknown) => {
  assert.throws(run, (error) => error instanceof AoError && error.code === 'invalid-encoding')
}
const text = (value: string): BareItem => ({ kind: 'string', value })
const integer = (value: number): BareItem => ({ kind: 'integer', value })
const TRUE: BareItem = { kind: 'boolean', value: true }

describe('parseDictionary()', () => {
  it('reads members of every kind in order', () => {
    const parsed = parseDictionary('a="x", b=tok/en:1;q=1;r,\tc=(1 "y";z );w=:AQI=: ,d, %41*B=?0')
    assert.deepEqual([...parsed.keys()], ['a', 'b', 'c', 'd', '%41*B'])
    assert.deepEqual(parsed.get('a'), item(text('x')))
    assert.deepEqual(
      parsed.get('b'),
      item(
        { kind: 'token', value: 'tok/en:1' },
        new Map([
          ['q', integer(1)],
          ['r', TRUE],
        ]),
      ),
    )
    assert.deepEqual(
      parsed.get('c'),
      innerList(
        [item(integer(1)), item(text('y'), new Map([['z', TRUE]]))],
        new Map([['w', { kind: 'bytes', value: Buffer.from([1, 2]) }]]),
      ),
    )
    assert.deepEqual(parsed.get('d'), item(TRUE))
  })

  it('keeps the last value of a key at its first position', () => {
    const parsed = parseDictionary('a=1, b=2, a=3')
    assert.deepEqual(
      [...parsed],
      [
        ['a', item(integer(3))],
        ['b', item(integer(2))],
      ],
    )
  })

  it('takes a dot in front of the first key only, unless keys are escaped', () => {
    assert.deepEqual([...parseDictionary('.="list", 1="integer"').keys()], ['.', '1'])
    refused(() => parseDictionary('1="integer", .="list"'))
    const parsed = parseDictionary('="a", .x="b", a/b?c&d="c", .="list"', { keys: 'escaped' })
    assert.deepEqual([...parsed.keys()], ['', '.x', 'a/b?c&d', '.'])
  })

  it('takes trailing blanks and an empty text, and no other white space', () => {
    assert.equal(parseDictionary('').size, 0)
    assert.equal(parseDictionary('a=1 \t').size, 1)
    for (const bad of [' a=1', 'a =1', 'a= 1', 'a=1,', 'a=1, ', 'a=1 b=2', 'a=1\n', 'a=1,,b=2']) {
      refused(() => parseDictionary(bad))
    }
  })

  it('refuses keys that HyperBEAM refuses', () => {
    for (const bad of ['=1', 'a/b=1', 'a?=1', 'é=1', '+a=1', '"a"=1']) {
      refused(() => parseDictionary(bad))
    }
    for (const bad of ['a b=1', 'a=1,', ',a=1', ';a']) {
      refused(() => parseDictionary(bad, { keys: 'escaped' }))
    }
  })

  it('never takes a prototype name for anything but a key', () => {
    const parsed = parseDictionary('__proto__="a", constructor="b"')
    assert.deepEqual([...parsed.keys()], ['__proto__', 'constructor'])
  })
})

describe('parseItem()', () => {
  it('reads numbers within their limits', () => {
    assert.deepEqual(parseItem('-999999999999999').bare, integer(-999999999999999))
    assert.deepEqual(parseItem('007').bare, integer(7))
    assert.deepEqual(parseItem('-0').bare, integer(0))
    assert.deepEqual(parseItem('-123456789012.125').bare, {
      kind: 'decimal',
      value: -123456789012.125,
    })
    for (const bad of [
      '1000000000000000',
      '+1',
      '-',
      '',
      ' 1',
      '1 ',
      '1.',
      '.5',
      '1.2345',
      '--1',
    ]) {
      refused(() => parseItem(bad))
    }
    refused(() => parseItem('1234567890123.1'))
  })

  it('reads strings of printable ASCII with two escapes', () => {
    assert.deepEqual(parseItem('"a\\"b\\\\c"').bare, text('a"b\\c'))
    assert.deepEqual(parseItem('""').bare, text(''))
    for (const bad of ['"a', '"\\', '"\\n"', '"é"', '"\n"', '"a"b', '"\u007f"']) {
      refused(() => parseItem(bad))
    }
  })

  it('reads tokens, booleans and padded byte sequences', () => {
    assert.deepEqual(parseItem('*a!#').bare, { kind: 'token', value: '*a!#' })
    assert.deepEqual(parseItem('?1').bare, TRUE)
    assert.deepEqual(parseItem('::').bare, { kind: 'bytes', value: Buffer.alloc(0) })
    const bad = [
      '_x',
      '?2',
      '?',
      ':AQ:',
      ':A===:',
      ':AQ=',
      ':=AQ=:',
      ':A-==:',
      ':AQI=',
      '@1',
      '%"x"',
    ]
    for (const field of bad) refused(() => parseItem(field))
  })

  it('refuses parameters without a lower-case key', () => {
    assert.equal(parseItem('a; b=1;*c').parameters.size, 2)
    for (const bad of ['a;', 'a;B=1', 'a;1=1', 'a ;b', 'a;b =1', 'a;b='])
      refused(() => parseItem(bad))
  })
})

describe('parseList()', () => {
  it('reads items and inner lists, with blanks in front', () => {
    assert.deepEqual(parseList(' 1,\t("a" b) '), [
      item(integer(1)),
      innerList([item(text('a')), item({ kind: 'token', value: 'b' })]),
    ])
    assert.deepEqual(parseList(''), [])
    assert.deepEqual(parseList('()'), [innerList([])])
    for (const bad of [' ', '1,', '(1', '(1,2)', '("a""b")', '1 2']) refused(() => parseList(bad))
  })
})

describe('formatting', () => {
  it('escapes quotes and backslashes only', () => {
    assert.equal(formatString('a"b\\c\né'), '"a\\"b\\\\c\né"')
  })

  it('writes true members and parameters as bare keys, decimals with one to three digits', () => {
    const members: [string, Item][] = [
      [
        'a',
        item(
          TRUE,
          new Map([
            ['p', TRUE],
            ['q', text('v')],
          ]),
        ),
      ],
      ['b', item({ kind: 'decimal', value: 1 })],
      ['c', item({ kind: 'decimal', value: -0.0625 })],
      ['d', item({ kind: 'decimal', value: 2.4996 })],
      ['e', item({ kind: 'token', value: 't' })],
    ]
    assert.equal(formatDictionary(members), 'a;p;q="v", b=1.0, c=-0.062, d=2.5, e=t')
    assert.throws(() => formatItem(item({ kind: 'decimal', value: 1e12 })), AoError)
  })
})

const asciiText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
})
const bareItem: fc.Arbitrary<BareItem> = fc.oneof(
  asciiText.map(text),
  fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }).map(integer),
  fc.integer({ min: -99_999_999, max: 99_999_999 }).map((n): BareItem => {
    return { kind: 'decimal', value: n / 1000 }
  }),
  fc.boolean().map((value): BareItem => ({ kind: 'boolean', value })),
  fc
    .stringMatching(/^[A-Za-z*][A-Za-z0-9:/!#]{0,8}$/)
    .map((value): BareItem => ({ kind: 'token', value })),
  fc.uint8Array().map((value): BareItem => ({ kind: 'bytes', value: Buffer.from(value) })),
)
const parameters = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,4}$/), bareItem), { maxLength: 3 })
  .map((pairs) => new Map(pairs))
const anyItem: fc.Arbitrary<Item> = fc
  .tuple(bareItem, parameters)
  .map(([bare, params]) => item(bare, params))
const anyMember: fc.Arbitrary<Item | InnerList> = fc.oneof(
  anyItem,
  fc
    .tuple(fc.array(anyItem, { maxLength: 4 }), parameters)
    .map(([items, params]) => innerList(items, params)),
)
const strictKey = fc.stringMatching(/^[A-Za-z0-9*%_-][A-Za-z0-9*%_.-]{0,5}$/)

describe('structured fields', () => {
  it('survive formatting and parsing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(strictKey, anyMember)), (pairs) => {
        const members = new Map(pairs)
        assert.deepEqual([...parseDictionary(formatDictionary(members))], [...members])
        const list = [...members.values()]
        assert.deepEqual(parseList(formatList(list)), list)
      }),
    )
  })

  it('fail with an AoError only, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a=",;:()?1.- \\*') }), (source) => {
        for (const parse of [parseDictionary, parseList, parseItem]) {
          try {
            parse(source)
          } catch (error) {
            assert.ok(error instanceof AoError)
          }
        }
      }),
    )
  })
})
