import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyMessage } from '../../test/arbitrary-message.ts'
import { createMessage } from './create-message.ts'
import { matchMessage } from './match.ts'
import { Atom, Link } from './value.ts'

const message = createMessage({ a: 5, b: 'x', n: { c: [1, 'y'], d: 'z' } })

describe('matchMessage()', () => {
  it('compares encoded values, types ignored', () => {
    assert.ok(matchMessage(createMessage({ a: '5' }), message))
    assert.ok(matchMessage(createMessage({ b: Buffer.from('x') }), message))
    assert.ok(!matchMessage(createMessage({ a: 6 }), message))
    assert.ok(!matchMessage(createMessage({ missing: 'x' }), message))
  })

  it('matches parts of nested messages, whole lists, and links by id', () => {
    assert.ok(matchMessage(createMessage({ n: { d: 'z' } }), message))
    assert.ok(matchMessage(createMessage({ n: { c: ['1', 'y'] } }), message))
    assert.ok(!matchMessage(createMessage({ n: { c: ['1'] } }), message))
    assert.ok(!matchMessage(createMessage({ n: 'z' }), message))
    assert.ok(!matchMessage(createMessage({ b: { d: 'z' } }), message))
    const inner = createMessage({ n: { a: 1 } })
    const link = createMessage({ n: new Link('Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA') })
    assert.ok(matchMessage(inner, link))
    assert.ok(matchMessage(link, inner))
    assert.ok(!matchMessage(link, message))
    assert.ok(!matchMessage(createMessage({ b: new Link('x') }), message))
  })

  it('takes any present value for the atom _', () => {
    assert.ok(matchMessage(createMessage({ n: new Atom('_') }), message))
    assert.ok(!matchMessage(createMessage({ missing: new Atom('_') }), message))
  })

  it('every message matches itself', () => {
    fc.assert(fc.property(anyMessage, (any) => assert.ok(matchMessage(any, any))))
  })
})
