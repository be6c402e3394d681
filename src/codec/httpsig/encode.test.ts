import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Binary } from '../../base/bytes.ts'
import { Message } from '../../message/message.ts'
import { commitUnsigned, decodeHttpsig, encodeHttpsig, type HttpsigWire } from './httpsig.ts'
import type { SignatureLabels } from './signature-writer.ts'

describe('encodeHttpsig()', () => {
  it('sends what no header can carry as parts of the body', () => {
    const entries = [
      ['lines', 'a\r\nb'],
      ['blanks', ' x '],
      ['a b/c"d', 'odd key'],
      ['ключ', 'значение'],
    ] as const
    const wire = encodeHttpsig(new Message(entries))
    assert.deepEqual(
      wire.headers.map(([name]) => name),
      ['content-digest', 'content-type'],
    )
    assertArrives(wire, entries)
  })

  it('keeps content-type and an empty body beside such parts', () => {
    const entries = [
      ['body', ''],
      ['content-type', 'text/plain'],
      ['lines', 'a\nb'],
    ] as const
    assertArrives(encodeHttpsig(new Message(entries)), entries)
  })

  it('refuses keys that no part can have', () => {
    const nested = new Message([['k', 'v']])
    for (const key of ['a/b', '', 'a"b', '%41']) {
      assert.throws(() => encodeHttpsig(new Message([[key, nested]]), { bundle: true }), {
        code: 'unencodable',
      })
    }
  })

  it('labels signatures as HyperBEAM does, or with no underscores', () => {
    // The label of this hmac, which is its id in lower case, has one.
    const message = commitUnsigned(new Message([['n', '3']]))
    const inputs = (labels: SignatureLabels): Binary | undefined =>
      new Map(encodeHttpsig(message, { labels }).headers).get('signature-input')
    assert.match(String(inputs('hyperbeam')), /^comm-[^=]*_[^=]*=/)
    assert.equal(inputs('hyphenated'), String(inputs('hyperbeam')).replaceAll('_', '-'))
    const wire = encodeHttpsig(message, { labels: 'hyphenated' })
    assert.deepEqual([...decodeHttpsig(wire).commitments], [...message.commitments])
  })

  it('never sends private keys', () => {
    const message = new Message([
      ['private-note', 'x'],
      ['a', '1'],
    ] as const)
    assert.deepEqual(encodeHttpsig(message).headers, [['a', '1']])
    assert.ok(!decodeHttpsig({ headers: [['priv', 'x']] }).has('priv'))
  })
})

function assertArrives(wire: HttpsigWire, entries: readonly (readonly [string, string])[]): void {
  assert.deepEqual(new Map(decodeHttpsig(wire)), new Map(entries))
}
