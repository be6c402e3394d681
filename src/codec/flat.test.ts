import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyBinary, anyMessage, assertSameValue } from '../../test/arbitrary-message.ts'
import { type ErrorCode, isAoError } from '../base/errors.ts'
import type { Commitment } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { decodeFlat, encodeFlat, formatFlat, parseFlat } from './flat.ts'

const fails = (code: ErrorCode, run: () => unknown) => {
  assert.throws(run, (error) => isAoError(error, code))
}

describe('encodeFlat()', () => {
  it('puts binaries under paths, without empty segments', () => {
    const message = createMessage({ '/x/': 'a', 'p//q': 'b', '/': 'c', n: { l: [1] }, empty: {} })
    assert.deepEqual(
      [...encodeFlat(message, { bundle: true })],
      [
        ['x', 'a'],
        ['p/q', 'b'],
        ['', 'c'],
        ['n/l/1', '1'],
        ['n/l/ao-types', '.="list", 1="integer"'],
      ],
    )
  })

  it('shows commitments of every level as HyperBEAM does', () => {
    const id = 'z3vwVvCE7AFo58_pb6AkT5VCNON3r4Y_6aiRg46otN4'
    const hmac: Commitment = {
      id,
      device: 'httpsig@1.0',
      type: 'hmac-sha256',
      keyid: 'constant:ao',
      signature: id,
      committed: ['a'],
      fields: new Map(),
    }
    const child = createMessage({ a: '1' }).withCommitments(new Map([[id, hmac]]))
    const flat = encodeFlat(new Message([['n', child]]), { bundle: true })
    assert.equal(flat.get(`n/commitments/${id}/committed/1`), 'a')
    assert.equal(flat.has(`n/commitments/${id}/committed/ao-types`), false)
    const decoded = decodeFlat(flat).get('n')
    assert.ok(decoded instanceof Message)
    assert.deepEqual(decoded.commitments.get(id), hmac)
  })
})

describe('decodeFlat()', () => {
  it('merges paths and types', () => {
    const flat = new Map([
      ['a/b', '1'],
      ['/a//c/', 'x'],
      ['a/ao-types', 'b="integer"'],
      ['n+link', 'id'],
    ])
    const decoded = decodeFlat(flat)
    assertSameValue(decoded.get('a') ?? '', createMessage({ b: 1, c: 'x' }))
    assert.ok(decoded.has('n'))
  })

  it('refuses a path through a binary, no path, and endless paths', () => {
    for (const paths of [['a', 'a/b'], ['a/b', 'a'], ['a/b/c', 'a/b'], [''], ['/']]) {
      fails('invalid-message', () => decodeFlat(paths.map((path) => [path, 'x'] as const)))
    }
    fails('limit-exceeded', () => decodeFlat([['a/'.repeat(100_000), 'x']]))
    fails('invalid-commitment', () => decodeFlat([['commitments/id', 'x']]))
  })
})

describe('formatFlat() and parseFlat()', () => {
  it('write sorted lines with nested messages as links', () => {
    const message = createMessage({ b: 'x', a: 5, n: { a: 1 } })
    assert.equal(
      formatFlat(message),
      'a: 5\nao-types: a="integer"\nb: x\nn+link: Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA\n',
    )
  })

  it('keep bytes, and what stands before a line break', () => {
    const message = new Message<Value>([
      ['b', Uint8Array.of(0xff, 0x0d)],
      ['é', 'x'],
    ])
    assertSameValue(parseFlat(formatFlat(message)), message)
    fails('invalid-key', () => parseFlat(Buffer.from([0xff, 0x3a, 0x20, 0x61])))
  })

  it('ignore lines that are no entry', () => {
    assertSameValue(
      parseFlat('a: 1\r\nb\nc: 1: 2\n: \nd: \n'.replace(': \nd', 'd')),
      createMessage({ a: '1\r', d: '' }),
    )
  })

  it('give back what a text can hold', () => {
    const line = fc.string().filter((text) => !/[\n/]|: |:$|^ |^$/.test(text))
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), line), (entries) => {
        fc.pre(Object.keys(entries).every((key) => !key.startsWith('priv')))
        const message = createMessage(entries)
        assertSameValue(parseFlat(formatFlat(message)), message)
      }),
    )
  })
})

describe('encodeFlat() and decodeFlat()', () => {
  it('give back every message without empty messages and slashes in keys', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        fc.pre(message.size > 0 && isFlattable(message))
        assertSameValue(decodeFlat(encodeFlat(message, { bundle: true })), message)
      }),
    )
  })

  it('give back bytes', () => {
    fc.assert(
      fc.property(anyBinary, (value) => {
        assertSameValue(decodeFlat([['a/b', value]]).get('a') ?? '', new Message([['b', value]]))
      }),
    )
  })
})

function isFlattable(value: Value): boolean {
  if (Array.isArray(value)) return value.every(isNestable)
  if (!(value instanceof Message)) return true
  return [...value].every(([key, item]) => key !== '' && !key.includes('/') && isNestable(item))
}

function isNestable(value: Value): boolean {
  return isFlattable(value) && !(value instanceof Message && value.size === 0)
}
