import assert from 'node:assert/strict'
import { generateKeyPairSync, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { Ed25519Signer } from './ed25519-signer.ts'

const one = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const texts = Array.from({ length: 50 }, (_, i) => Buffer.from('x'.repeat(i * 7)))

async function assertSigns(signer: Ed25519Signer): Promise<void> {
  const pairs = texts.map((_, i) => (i % 3 === 0 ? other : one))
  const signatures = await Promise.all(
    texts.map((text, i) => signer.sign((pairs[i] ?? one).privateKey, text)),
  )
  texts.forEach((text, i) => {
    const signature = signatures[i] ?? Buffer.alloc(0)
    assert.equal(signature.length, 64)
    assert.ok(verify(null, text, (pairs[i] ?? one).publicKey, signature), `signature ${i}`)
  })
}

describe('Ed25519Signer', () => {
  it('signs many texts of a turn with their keys, on its thread and here', async () => {
    await using signer = new Ed25519Signer({ batchFrom: 4 })
    await assertSigns(signer)
    await assertSigns(signer)
    const [text = Buffer.alloc(0)] = texts
    assert.ok(verify(null, text, one.publicKey, await signer.sign(one.privateKey, text)))
  })

  it('signs here what may not wait', async () => {
    await using signer = new Ed25519Signer({ batchFrom: 1, maxQueued: 16 })
    await assertSigns(signer)
  })

  it('answers what is under way on close(), and starts again', async () => {
    await using signer = new Ed25519Signer({ batchFrom: 1 })
    const under = assertSigns(signer)
    await new Promise(setImmediate)
    await signer.close()
    await under
    await assertSigns(signer)
  })

  it('signs what was given, whatever becomes of the bytes', async () => {
    await using signer = new Ed25519Signer({ batchFrom: 1 })
    const text = Buffer.from('text')
    const signature = signer.sign(one.privateKey, text)
    text.fill(0)
    assert.ok(verify(null, Buffer.from('text'), one.publicKey, await signature))
  })

  it('fails for a key that cannot sign, and for no other of the same turn', async () => {
    await using signer = new Ed25519Signer({ batchFrom: 1 })
    const text = Buffer.from('text')
    const [bad, good] = await Promise.allSettled([
      signer.sign(one.publicKey, text),
      signer.sign(one.privateKey, text),
    ])
    assert.equal(bad.status === 'rejected' && bad.reason.code, 'internal')
    assert.equal(good.status, 'fulfilled')
  })
})
