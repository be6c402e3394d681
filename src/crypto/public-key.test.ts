import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PublicKeyCache } from './public-key.ts'

function key(first: number): Uint8Array {
  const bytes = new Uint8Array(32)
  bytes[0] = first
  return bytes
}

describe('PublicKeyCache', () => {
  it('gives the same object again and forgets the longest unused key', () => {
    const cache = new PublicKeyCache(2)
    const first = cache.get('ed25519', key(1))
    const second = cache.get('ed25519', key(2))
    assert.equal(cache.get('ed25519', key(1)), first)
    cache.get('ed25519', key(3))
    assert.equal(cache.size, 2)
    assert.equal(cache.get('ed25519', key(1)), first)
    assert.notEqual(cache.get('ed25519', key(2)), second)
  })
})
