import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyKey, anyScalar, assertSameValue } from '../../test/arbitrary-message.ts'
import { AoError, type ErrorCode } from '../base/errors.ts'
import { encodeBase64url } from '../crypto/base64url.ts'
import { sha256Text } from '../crypto/hash.ts'
import type { Commitment } from './commitment.ts'
import {
  commitmentFromMessage,
  commitmentFromTabm,
  commitmentToMessage,
  commitmentToTabm,
  idOfSignature,
  takeCommitments,
} from './commitment-map.ts'
import { Message } from './message.ts'
import { Float, type Value } from './value.ts'

const key = Uint8Array.from({ length: 512 }, (_, index) => index % 251)
const signature = Uint8Array.from({ length: 512 }, (_, index) => index % 7)

function signed(overrides: Partial<Commitment> = {}): Commitment {
  return {
    id: sha256Text(signature),
    device: 'httpsig@1.0',
    type: 'rsa-pss-sha512',
    keyid: `publickey:${Buffer.from(key).toString('base64')}`,
    committer: sha256Text(key),
    signature: encodeBase64url(signature),
    committed: ['a', 'b'],
    fields: new Map<string, Value>([['bundle', 'true']]),
    ...overrides,
  }
}

const refused = (run: () => unknown, code: ErrorCode = 'invalid-commitment') => {
  assert.throws(run, (error) => error instanceof AoError && error.code === code)
}
const reread = (commitment: Commitment) => {
  return commitmentFromMessage(commitment.id, commitmentToMessage(commitment))
}

describe('commitments as maps', () => {
  it('give back every commitment, typed and as TABM', () => {
    const fields = fc
      .array(fc.tuple(anyKey, anyScalar))
      .map((pairs) => new Map(pairs.filter(([name]) => !MEMBERS.includes(name))))
    fc.assert(
      fc.property(fields, fc.array(anyKey), (extra, committed) => {
        const commitment = signed({ fields: extra, committed })
        const id = commitment.id
        for (const read of [
          reread(commitment),
          commitmentFromTabm(id, commitmentToTabm(commitment)),
        ]) {
          assert.deepEqual({ ...read, fields: null }, { ...commitment, fields: null })
          assertSameValue(new Message(read.fields), new Message(extra))
        }
      }),
    )
  })

  it('leave out what was received and never write members twice', () => {
    const wire = { kind: 'httpsig', base: Uint8Array.of(1) } as const
    const fields = new Map<string, Value>([
      ['committer', 'forged'],
      ['n', new Float(1)],
    ])
    const map = commitmentToMessage(signed({ wire, fields }))
    assert.ok(!map.has('wire'))
    assert.equal(map.get('committer'), signed().committer)
    assert.ok(map.has('n'))
  })

  it('take a numbered map of committed keys, none, and no device', () => {
    const numbered = commitmentToMessage(signed())
      .with([
        [
          'committed',
          new Message([
            ['2', 'b'],
            ['1', 'a'],
          ]),
        ],
      ])
      .without('commitment-device')
    const read = commitmentFromMessage(signed().id, numbered)
    assert.deepEqual(read.committed, ['a', 'b'])
    assert.equal(read.device, 'httpsig@1.0')
    assert.deepEqual(
      commitmentFromMessage(signed().id, numbered.without('committed')).committed,
      [],
    )
  })

  it('refuse an id that is not that of the signature', () => {
    refused(() => commitmentFromMessage('A'.repeat(43), commitmentToMessage(signed())))
    refused(() => reread(signed({ signature: 'not base64!' })))
    const hmac = encodeBase64url(key.subarray(0, 32))
    assert.equal(idOfSignature(key.subarray(0, 32)), hmac)
    const { signature: _, ...unsigned } = signed()
    refused(() => reread({ ...unsigned, id: 'short' }))
  })

  it('refuse a committer that does not own the key', () => {
    const forged = 'A'.repeat(43)
    refused(() => reread(signed({ committer: forged })))
    refused(() => reread(signed({ keyid: 'constant:ao' })))
    refused(() => reread(signed({ keyid: 'constant:ao', committer: `0x${'a'.repeat(40)}` })))
    refused(() => reread(signed({ keyid: `secret:${forged}` })))
    const { keyid: _, ...keyless } = signed()
    refused(() => reread(keyless))
    assert.ok(reread(signed({ keyid: `secret:${forged}`, committer: forged })))
    assert.ok(reread(signed({ committer: `0x${'a'.repeat(40)}` })))
  })

  it('refuse members of other types', () => {
    const map = commitmentToMessage(signed())
    const id = signed().id
    const bad: [string, Value][] = [
      ['type', 1],
      ['keyid', []],
      ['committed', 'a'],
      ['committed', ['a', 1]],
      ['committed', new Message([['2', 'b']])],
    ]
    for (const entry of bad) refused(() => commitmentFromMessage(id, map.with([entry])))
    refused(() => commitmentFromMessage(id, map.without('type')))
    refused(() => commitmentFromTabm(id, new Message([['ao-types', '.="list"']])))
  })
})

describe('takeCommitments()', () => {
  it('moves the key out of the entries', () => {
    const map = new Message([[signed().id, commitmentToMessage(signed())]])
    const entries = new Map<string, Value>([
      ['a', '1'],
      ['commitments', map],
    ])
    assert.deepEqual([...takeCommitments(entries).keys()], [signed().id])
    assert.deepEqual([...entries.keys()], ['a'])
    assert.equal(takeCommitments(entries).size, 0)
  })

  it('refuses what is no map of maps', () => {
    refused(() => takeCommitments(new Map([['commitments', 'x']])))
    refused(() => takeCommitments(new Map([['commitments', new Message([['id', 'x']])]])))
  })
})

const MEMBERS = ['commitment-device', 'type', 'keyid', 'committer', 'signature', 'committed']
