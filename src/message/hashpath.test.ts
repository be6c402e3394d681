import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readVectorFile } from '../../test/vectors.ts'
import { AoError } from '../base/errors.ts'
import { createMessage } from './create-message.ts'
import { chainHashpath, hashpath, parsePath } from './hashpath.ts'
import { toHumanId } from './keys.ts'
import { Message } from './message.ts'

const base = createMessage({ a: '1' })
const baseId = 'z3vwVvCE7AFo58_pb6AkT5VCNON3r4Y_6aiRg46otN4'
const idOf = (value: number) =>
  toHumanId(Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? value : 0)))
const at = (path: string) => new Message([['a', '1']]).withPrivate({ hashpath: path })

interface Recorded {
  readonly base: string
  readonly request: string
  readonly hashpath: string
}

describe('chainHashpath()', () => {
  it('gives the recorded hashpaths', () => {
    const recorded = readVectorFile('hashpaths') as readonly Recorded[]
    assert.equal(recorded.length, 4)
    for (const step of recorded) assert.equal(chainHashpath(step.base, step.request), step.hashpath)
  })

  it('folds a base of two parts, ids as bytes and keys as text', () => {
    assert.equal(
      chainHashpath(`${idOf(1)}/${idOf(2)}`, 'key'),
      '1rqTKfiTLBIZKzeEn3chBNIASPdkNKMpBRLZ2BTkEW8/key',
    )
    assert.equal(
      chainHashpath(`${idOf(1)}/key`, 'key'),
      'SOw9Ta-5Ktr1F0SIHDfIZMVGun7_0oexbHac1h7kcco/key',
    )
    assert.equal(chainHashpath(`${idOf(1)}/${idOf(2)}`, 'key', 'accumulate-256'), `${idOf(3)}/key`)
  })

  it('refuses other bases', () => {
    for (const bad of ['', '/', 'a/b/c', 'short/key']) {
      assert.throws(() => chainHashpath(bad, 'key'), AoError)
    }
    assert.throws(() => chainHashpath(`${idOf(1)}/key`, 'key', 'accumulate-256'), AoError)
  })
})

describe('hashpath()', () => {
  it('of a binary is its hash, of a message its unsigned id or the path it came by', () => {
    assert.equal(hashpath(''), '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
    assert.equal(hashpath(base), baseId)
    assert.equal(hashpath(at('x/y')), 'x/y')
    assert.throws(() => hashpath('', 'key'), AoError)
  })

  it('adds the first segment of a bare path, else the id of the request', () => {
    assert.equal(hashpath(base, 'key'), `${baseId}/key`)
    assert.equal(hashpath(base, createMessage({ path: 'key/more' })), `${baseId}/key`)
    assert.equal(
      hashpath(base, createMessage({ path: 'key', q: '1' })),
      `${baseId}/Zo4QahiYEHuIaeHx-DBI1UT4wr9abRU3l0N68niGZEw`,
    )
    assert.equal(
      hashpath(base, createMessage({})),
      `${baseId}/TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI`,
    )
  })

  it('takes the algorithm from the base', () => {
    const summing = at(`${idOf(1)}/${idOf(2)}`).with([['hashpath-alg', 'accumulate-256']])
    assert.equal(hashpath(summing, 'key'), `${idOf(3)}/key`)
    assert.throws(() => hashpath(base.with([['hashpath-alg', 'md5']]), 'key'), AoError)
  })
})

describe('parsePath()', () => {
  it('drops empty segments and tells no path from the empty one', () => {
    assert.deepEqual(parsePath('/a//b/'), ['a', 'b'])
    assert.deepEqual(parsePath('/'), [])
    assert.equal(parsePath(''), undefined)
    assert.equal(parsePath('//'), undefined)
  })
})
