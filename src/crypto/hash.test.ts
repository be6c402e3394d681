import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hmacSha256Text, sha256, sha256Text } from './hash.ts'

const binary = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.uint8Array({ maxLength: 200 }),
)

describe('hmacSha256Text()', () => {
  it('is the HMAC of RFC 2104 for any key and data', () => {
    const key = fc.oneof(fc.constant('constant:ao'), fc.string({ maxLength: 100 }), binary)
    fc.assert(
      fc.property(key, binary, (key, data) => {
        const expected = createHmac('sha256', key).update(data).digest('base64url')
        assert.equal(hmacSha256Text(key, data), expected)
      }),
    )
  })
})

describe('sha256Text()', () => {
  it('is the base64url of the hash', () => {
    fc.assert(
      fc.property(binary, (data) => {
        const expected = createHash('sha256').update(data).digest()
        assert.equal(sha256Text(data), expected.toString('base64url'))
        assert.deepEqual(sha256(data), expected)
      }),
    )
  })
})
