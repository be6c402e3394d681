import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyMessage, assertSameValue } from '../../test/arbitrary-message.ts'
import { AoError } from '../base/errors.ts'
import { Message } from './message.ts'
import { formatOrdered, formatTyped, parseTyped } from './typed-notation.ts'
import { Link, type Value } from './value.ts'

describe('parseTyped() and formatTyped()', () => {
  it('give back every message through JSON text', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const text = JSON.stringify(formatTyped(message))
        const parsed = parseTyped(JSON.parse(text))
        assert.equal(JSON.stringify(formatTyped(parsed)), text)
        assertSameValue(parsed, message)
      }),
    )
  })

  it('keep links and keys that look like prefixes', () => {
    const message = new Message<Value>([
      ['int:5', new Link('id', { type: 'integer', lazy: true })],
      ['5', 'x'],
    ])
    assertSameValue(parseTyped(formatTyped(message)), message)
    assert.deepEqual(Object.keys((formatTyped(message) as { v: object }).v), ['5', 'b64:aW50OjU='])
  })

  it('refuse what is no notation', () => {
    const text = { t: 'bin', v: 'x' }
    const bad = [
      null,
      'x',
      [],
      { t: 'bin' },
      { t: 'what', v: 'x' },
      { t: 'int', v: '1.5' },
      { t: 'list', v: {} },
      { t: 'map', v: [] },
      { t: 'map', v: { '5': text, 'int:5': text } },
      { t: 'map', v: { 'b64:/w==': text } },
      { t: 'map', v: { commitments: text } },
    ]
    for (const json of bad) assert.throws(() => parseTyped(json), AoError)
  })
})

it('formatOrdered() keeps the order of keys that are numbers', () => {
  const message = new Message<Value>([
    ['b', '1'],
    ['2', '2'],
    ['1', new Message([['0', '3']])],
  ])
  const json: unknown = JSON.parse(JSON.stringify(formatOrdered(message)))
  const parsed = parseTyped(json)
  assert.ok(parsed instanceof Message)
  assert.deepEqual([...parsed.keys()], ['b', '2', '1'])
  assert.deepEqual(formatTyped(parsed), formatTyped(message))
})
