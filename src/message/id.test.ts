import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Commitment } from './commitment.ts'
import { messageId, unsignedId } from './id.ts'
import { Message } from './message.ts'
import { toTabm } from './structured.ts'
import { hmacCommitment } from './unsigned-commitment.ts'
import { Link, type Value } from './value.ts'

function message(entries: Readonly<Record<string, Value>>): Message {
  return new Message(Object.entries(entries))
}

function idOf(number: number): string {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').toString('base64url')
}

function commitment(id: string, committer?: string): Commitment {
  return {
    id,
    device: 'httpsig@1.0',
    type: 'rsa-pss-sha512',
    committed: ['a'],
    ...(committer === undefined ? { keyid: 'constant:ao' } : { committer }),
    fields: new Map(),
  }
}

function committed(...commitments: Commitment[]): Message {
  return message({ a: '1' }).withCommitments(new Map(commitments.map((own) => [own.id, own])))
}

describe('unsignedId()', () => {
  it('is that of HyperBEAM', () => {
    const examples: readonly (readonly [Readonly<Record<string, Value>>, string])[] = [
      [{}, 'TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI'],
      [{ a: '1' }, 'z3vwVvCE7AFo58_pb6AkT5VCNON3r4Y_6aiRg46otN4'],
      [{ a: '1', n: 5 }, 'U3mJSVLtGiWmHt05iCjjNc2arK12jhiVQrsfFr69McU'],
      [{ path: 'p' }, '3XozEqrWY0ZUJxOpHDaEzIzMwqz-pssfQRfq3s3vPgM'],
      [{ body: 'x', k: 'v' }, 'uJXf5z1w9cTk2LFwHTvM_PC7bWEuDDZYKzU8RLJc_Ms'],
      [{ data: 'x' }, 'sXhvLoW6BhI-6d4K_jTfsVhg2HrDtoPh7Te5NpgEufE'],
      [{ l: [1, 'x'] }, 'CoVrwQPoTVFPip89gyM45vh1Cxl33VH37m8Mah4_OiA'],
      [{ ['A'.repeat(43)]: 'v' }, 't2GIhTU4ve0pK9vdBnmlh7rHZKeqBEOKEV_ge3k-vTw'],
      [{ v: 'a'.repeat(4097) }, 'VRl3F7o5rULBma3fVl-qYyjdVr9hlsKsJV-id6pg3SU'],
      [{ n: message({ a: 1 }) }, 'Q26Pdni2oXFIjv3EIXWsWmeKB8FHNVX--M934TG3Y2s'],
      [
        { data: 'd', body: message({ a: '1', n: 5 }), path: '/x' },
        'daurfmg0yG02PzU8sMFgXYwLZDOXSm_X8fSoYKCePxQ',
      ],
    ]
    for (const [entries, id] of examples) assert.equal(unsignedId(message(entries)), id)
    assert.equal(unsignedId([]), 'KPzA9jjXbcmApVKFmxQSWQ2jjgAr1RhaDISQsL2etsg')
    assert.equal(unsignedId([1]), '3TR7PC04SPYVev8HpAMM5xsBenv-4GlGghLkdVZbCTg')
  })

  it('is the same for typed values, TABM, links, and text as bytes', () => {
    const child = message({ a: 1 })
    const typed = message({ n: 5, body: child })
    const id = unsignedId(typed)
    assert.equal(unsignedId(toTabm(typed, 'link')), id)
    assert.equal(unsignedId(toTabm(typed, 'bundle')), id)
    assert.equal(unsignedId(message({ n: 5, body: new Link(unsignedId(child)) })), id)
    assert.equal(unsignedId(message({ a: Buffer.from('1') })), unsignedId(message({ a: '1' })))
  })

  it('leaves out private keys and what can be made anew', () => {
    const extra = message({ a: '1', 'priv-x': 'y', 'content-digest': 'z', unsigned_id: 'u' })
    assert.equal(unsignedId(extra), unsignedId(message({ a: '1' })))
  })

  it('takes any key, a bare percent sign too', () => {
    assert.notEqual(unsignedId(message({ '%zz': '1' })), unsignedId(message({ zz: '1' })))
    assert.deepEqual(hmacCommitment(toTabm(message({ '%41': '1' }), 'link')).committed, ['%41'])
  })
})

describe('messageId()', () => {
  it('is the id of the signature, and the sum of several', () => {
    const [one, two] = [commitment(idOf(1), 'x'), commitment(idOf(2), 'y')]
    assert.equal(messageId(committed(one)), idOf(1))
    assert.equal(messageId(committed(one, two)), idOf(3))
    assert.equal(messageId(committed(one, two), ['y']), idOf(2))
    const max = commitment(Buffer.alloc(32, 0xff).toString('base64url'), 'z')
    assert.equal(messageId(committed(max, two)), idOf(1))
  })

  it('is the unsigned id where there is no signature, or none is asked for', () => {
    const signed = committed(commitment(idOf(1), 'x'))
    assert.equal(messageId(message({ a: '1' })), unsignedId(message({ a: '1' })))
    assert.equal(messageId(signed, 'none'), unsignedId(signed))
    assert.equal(
      messageId(committed(commitment(idOf(7)), commitment(idOf(1), 'x')), 'none'),
      idOf(7),
    )
  })

  it('counts no hmac with another constant than everybody has, unlike HyperBEAM', () => {
    const foreign = { ...commitment(idOf(9)), keyid: 'constant:mine' }
    assert.equal(messageId(committed(foreign), 'none'), unsignedId(message({ a: '1' })))
  })

  it('refuses an address that did not commit', () => {
    assert.throws(() => messageId(committed(), ['nobody']), { code: 'not-found' })
  })

  it('of a signed nested message stands in its parent', () => {
    const parent = message({ body: committed(commitment(idOf(1), 'x')) })
    assert.equal(toTabm(parent, 'link').get('body+link'), idOf(1))
  })
})
