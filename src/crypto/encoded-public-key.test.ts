import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeBase64, encodeBase64url } from './base64url.ts'
import { decodePublicKey } from './encoded-public-key.ts'
import { sha256Text } from './hash.ts'

describe('decodePublicKey()', () => {
  it('gives bytes and their hash for either alphabet, the first time and later', () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => (index * 7) % 256)
    for (const text of [encodeBase64(bytes), encodeBase64url(bytes), encodeBase64(bytes)]) {
      const key = decodePublicKey(text)
      assert.deepEqual(Uint8Array.from(key.bytes), bytes)
      assert.equal(key.hash, sha256Text(bytes))
    }
  })

  it('takes keys of any length, and refuses other text', () => {
    const long = new Uint8Array(2_000).fill(1)
    assert.equal(decodePublicKey(encodeBase64(long)).hash, sha256Text(long))
    assert.throws(() => decodePublicKey('no base64!'), { code: 'invalid-encoding' })
  })
})
