import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Secp256k1Pool } from './secp256k1-pool.ts'

const privateKey = Buffer.alloc(32, 7)
const data = Buffer.from('data')

describe('Secp256k1Pool', () => {
  it('signs many at once, keeps the caller key, and starts again after close()', async () => {
    await using pool = new Secp256k1Pool({ threads: 2 })
    const signatures = await Promise.all(
      Array.from({ length: 50 }, () => pool.sign(privateKey, data)),
    )
    assert.equal(new Set(signatures.map(String)).size, 1)
    assert.deepEqual(privateKey, Buffer.alloc(32, 7))
    await pool.close()
    assert.deepEqual(await pool.sign(privateKey, data), signatures[0])
  })

  it('fails unfinished jobs with `unavailable` on close()', async () => {
    await using pool = new Secp256k1Pool({ threads: 1 })
    const jobs = Promise.allSettled(Array.from({ length: 20 }, () => pool.sign(privateKey, data)))
    await pool.close()
    for (const job of await jobs) {
      assert.equal(job.status, 'rejected')
      assert.equal(job.reason.code, 'unavailable')
    }
  })

  it('refuses more jobs than may wait', async () => {
    await using pool = new Secp256k1Pool({ threads: 1, maxQueued: 3 })
    const jobs = await Promise.allSettled(
      Array.from({ length: 5 }, () => pool.sign(privateKey, data)),
    )
    const codes = jobs.map((job) => (job.status === 'rejected' ? job.reason.code : 'signed'))
    assert.deepEqual(codes, ['signed', 'signed', 'signed', 'overloaded', 'overloaded'])
  })

  it('refuses a private key outside the curve', async () => {
    await using pool = new Secp256k1Pool({ threads: 1 })
    await assert.rejects(pool.sign(Buffer.alloc(32), data), { code: 'invalid-wallet' })
  })
})
