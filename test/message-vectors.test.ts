/**
 * The 120 golden messages: what a real node made of each must come out of our encoders, bit by bit.
 * The wire formats that sign have tests of their own beside their codecs.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageId, unsignedId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import { fromTabm, toTabm } from '../src/message/structured.ts'
import type { Tabm } from '../src/message/tabm.ts'
import { formatTyped, parseTyped } from '../src/message/typed-notation.ts'
import { type NamedVector, readMessageVectors } from './vectors.ts'

const vectors = readMessageVectors()

describe('golden messages', () => {
  it('are 120', () => {
    assert.equal(vectors.length, 120)
  })

  each('typed notation survives reading and writing', ({ vector }) => {
    for (const message of recordedMessages(vector)) {
      assert.deepEqual(formatTyped(parseTyped(message)), message)
    }
  })

  each('TABM with links', ({ vector }) => {
    const tabm = toTabm(requireMessage(vector.msg), 'link')
    assert.deepEqual(formatTyped(tabm), vector.tabm)
  })

  each('TABM with everything inline, and back', ({ vector }) => {
    const message = requireMessage(vector.msg)
    const tabm = toTabm(message, 'bundle')
    assert.deepEqual(formatTyped(tabm), vector.tabm_bundle)
    assert.deepEqual(formatTyped(fromTabm(tabm)), formatTyped(message))
  })

  each('ids of the message, of its TABM and of its bundled TABM', ({ vector }) => {
    const message = requireMessage(vector.msg)
    assert.equal(unsignedId(message), vector.id_uncommitted)
    assert.equal(messageId(message), vector.id_all)
    for (const field of ['tabm', 'tabm_bundle']) {
      assert.equal(unsignedId(requireMessage(vector[field]) as Tabm), vector.id_uncommitted)
    }
  })
})

/** All messages of a vector that were written without an atom or integer as a key. */
function recordedMessages(vector: NamedVector['vector']): unknown[] {
  const recorded: unknown[] = [vector.tabm, vector.tabm_bundle]
  for (const part of Object.values(vector)) {
    if (typeof part !== 'object' || part === null) continue
    if ('msg' in part) recorded.push(part.msg)
    if ('read_back' in part) recorded.push(part.read_back)
  }
  return recorded
}

/** Runs a check on each vector and names those that fail. */
function each(title: string, check: (vector: NamedVector) => void): void {
  it(title, () => {
    for (const vector of vectors) {
      try {
        check(vector)
      } catch (error) {
        throw new Error(`Vector ${vector.name} differs`, { cause: error })
      }
    }
  })
}

function requireMessage(json: unknown): Message {
  const value = parseTyped(json)
  assert.ok(value instanceof Message)
  return value
}
