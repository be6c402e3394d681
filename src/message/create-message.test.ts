import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertSameValue } from '../../test/arbitrary-message.ts'
import { AoError, type ErrorCode } from '../base/errors.ts'
import { createMessage } from './create-message.ts'
import { Message } from './message.ts'
import { Atom, Float, type Value } from './value.ts'

const refused = (code: ErrorCode, input: Record<string, unknown> | Map<unknown, unknown>) => {
  assert.throws(
    () => createMessage(input),
    (error) => error instanceof AoError && error.code === code,
  )
}

describe('createMessage()', () => {
  it('types plain data', () => {
    const bytes = Uint8Array.of(0xff)
    const created = createMessage({
      text: 'x',
      bytes,
      whole: 5,
      zero: -0,
      big: 2n ** 70n,
      half: 0.5,
      one: new Float(1),
      yes: true,
      nothing: null,
      list: [1, ['a'], {}],
      nested: new Map<unknown, unknown>([
        [7, 'seven'],
        [new Atom('k'), 'v'],
      ]),
    })
    const expected = new Message<Value>([
      ['text', 'x'],
      ['bytes', bytes],
      ['whole', 5],
      ['zero', 0],
      ['big', 2n ** 70n],
      ['half', new Float(0.5)],
      ['one', new Float(1)],
      ['yes', Atom.true],
      ['nothing', Atom.null],
      ['list', [1, ['a'], new Message()]],
      [
        'nested',
        new Message([
          ['7', 'seven'],
          ['k', 'v'],
        ]),
      ],
    ])
    assertSameValue(created, expected)
    assert.ok(Object.is(created.get('zero'), 0))
  })

  it('takes prototype names as ordinary keys', () => {
    const created = createMessage(JSON.parse('{"__proto__": "a", "constructor": {"__proto__": 1}}'))
    assert.equal(created.get('__proto__'), 'a')
    assert.equal((created.get('constructor') as Message).get('__proto__'), 1)
    assert.equal(createMessage({}).get('toString'), undefined)
  })

  it('refuses values that have no one type', () => {
    for (const value of [
      undefined,
      Number.NaN,
      2 ** 60,
      () => 1,
      new Date(),
      Symbol('x'),
      '\ud800',
    ]) {
      refused('invalid-value', { value })
    }
  })

  it('refuses keys that mean something else on the wire', () => {
    for (const key of ['priv', 'private', 'signature', 'signature-input', 'a%41', '\ud800']) {
      refused('invalid-key', { [key]: 'x' })
    }
    for (const key of ['a/b', 'a?', '', '.x']) refused('invalid-key', { [key]: 1 })
    refused('invalid-key', { k: 'x', 'k+link': 'id' })
    refused('invalid-key', { k: 1, 'ao-types': 'k="float"' })
    refused(
      'invalid-key',
      new Map<unknown, unknown>([
        [7, 'a'],
        ['7', 'b'],
      ]),
    )
    refused('invalid-key', new Map([[1.5, 'a']]))
  })

  it('refuses circles and commitments that are none', () => {
    const circle: Record<string, unknown> = {}
    circle.self = [circle]
    refused('limit-exceeded', circle)
    refused('invalid-commitment', { commitments: 'x' })
    refused('invalid-commitment', { commitments: { id: 'x' } })
    assert.equal(createMessage({ a: '1', commitments: {} }).size, 1)
  })
})
