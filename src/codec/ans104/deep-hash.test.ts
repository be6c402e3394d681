import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deepHash, digestBytes, hashBlob, hashLargeBlob } from './deep-hash.ts'

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

describe('deepHash()', () => {
  it('hashes bytes and nested lists as HyperBEAM does', () => {
    assert.equal(
      hex(deepHash('abc')),
      '71115a30152ebcffb6defbb643abc8ef76f01fe323f1d62340646085960f6e347cb2d8e9a46ddee655b3012c6131d4e0',
    )
    assert.equal(
      hex(deepHash(['abc', []])),
      '86c2afcf7b246ec3c46813452441e6cffa90f9fa0d46da08d7b4331a9259d14ab57867f098a321bd2b534af6b3fe6ef9',
    )
  })

  it('hashes the same on another thread', async () => {
    const blob = Buffer.alloc(300_000, 'x').subarray(17)
    const digest = await hashLargeBlob(blob)
    assert.equal(digest, hashBlob(blob))
    assert.equal(hex(digestBytes(digest)), hex(deepHash(blob)))
  })
})
