import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Commitment } from './commitment.ts'
import { committedKeys, selectCommitments, withOnlyCommitted } from './committed.ts'
import { Message } from './message.ts'
import { Link, type Value } from './value.ts'

function commitment(id: string, committed: readonly string[], committer?: string): Commitment {
  return {
    id,
    device: 'httpsig@1.0',
    type: committer === undefined ? 'hmac-sha256' : 'rsa-pss-sha512',
    committed,
    keyid: committer === undefined ? 'constant:ao' : `publickey:${committer}`,
    ...(committer === undefined ? {} : { committer }),
    fields: new Map(),
  }
}

const entries: readonly (readonly [string, Value])[] = [
  ['a', '1'],
  ['n', 5],
  ['b', new Link('x'.repeat(43))],
]

function message(...commitments: Commitment[]): Message {
  return new Message(entries, new Map(commitments.map((own) => [own.id, own])))
}

const ids = (commitments: readonly Commitment[]) => commitments.map(({ id }) => id)

describe('selectCommitments()', () => {
  const all = message(
    commitment('h', ['a']),
    commitment('s', ['a'], 'x'),
    commitment('t', ['a'], 'y'),
  )

  it('takes signers or ids, and the hmac when nothing is named', () => {
    assert.deepEqual(ids(selectCommitments(all)), ['h'])
    assert.deepEqual(ids(selectCommitments(all, { committers: 'all' })), ['s', 't'])
    assert.deepEqual(ids(selectCommitments(all, { committers: ['y'], commitmentIds: ['h'] })), [
      't',
      'h',
    ])
    assert.deepEqual(ids(selectCommitments(all, { commitmentIds: 'all' })), ['h', 's', 't'])
    assert.deepEqual(ids(selectCommitments(message(), { committers: 'all' })), [])
  })

  it('refuses a signer or id that the message does not have', () => {
    assert.throws(() => selectCommitments(all, { committers: ['z'] }), { code: 'not-found' })
    assert.throws(() => selectCommitments(all, { commitmentIds: ['z'] }), { code: 'not-found' })
  })
})

describe('withOnlyCommitted()', () => {
  it('keeps the keys that all commitments cover, links too', () => {
    const both = message(
      commitment('h', ['b', 'a', 'n', 'ao-types']),
      commitment('s', ['a', 'b'], 'x'),
    )
    assert.deepEqual(committedKeys(both), ['b', 'a'])
    assert.deepEqual([...withOnlyCommitted(both).keys()], ['a', 'b'])
  })

  it('keeps everything of a message without commitments', () => {
    const plain = message()
    assert.equal(withOnlyCommitted(plain), plain)
  })

  it('keeps a type only where ao-types is covered', () => {
    assert.equal(withOnlyCommitted(message(commitment('s', ['n', 'ao-types'], 'x'))).get('n'), 5)
    assert.equal(withOnlyCommitted(message(commitment('s', ['n'], 'x'))).get('n'), '5')
  })
})
