import assert from 'node:assert/strict'
import { constants, createPrivateKey, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { readVectorFile } from '../../test/vectors.ts'
import { generateWallet, walletFromJwk } from './local-wallet.ts'
import { verifySignature } from './verify-signature.ts'

const jwk = readVectorFile('wallet') as Record<string, string>
const arweave = walletFromJwk(jwk)
const data = Buffer.from('payload')

/** The order of the curve secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

describe('verifySignature()', () => {
  it('accepts RSA-PSS signatures with a salt of any length, as clients make them', async () => {
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    const padding = constants.RSA_PKCS1_PSS_PADDING
    for (const [digest, scheme] of [
      ['sha512', 'rsa-pss-sha512'],
      ['sha256', 'rsa-pss-sha256'],
    ] as const) {
      for (const saltLength of [0, 20, 32, 64, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
        const signature = sign(digest, data, { key, padding, saltLength })
        const publicKey = arweave.publicKey
        assert.ok(await verifySignature({ scheme, publicKey, signature, data }), `${saltLength}`)
      }
    }
  })

  it('refuses changed data, a changed signature, another key and another scheme', async () => {
    for (const [type, scheme] of [
      ['rsa-4096', 'rsa-pss-sha256'],
      ['secp256k1', 'ethereum'],
      ['ed25519', 'ed25519'],
    ] as const) {
      const wallet = type === 'rsa-4096' ? arweave : await generateWallet(type)
      const signature = await wallet.sign(scheme, data)
      const good = { scheme, publicKey: wallet.publicKey, signature, data }
      assert.ok(await verifySignature(good))
      assert.ok(!(await verifySignature({ ...good, data: Buffer.from('Payload') })))
      const flipped = Uint8Array.from(signature)
      flipped[9] = (flipped[9] ?? 0) ^ 1
      assert.ok(!(await verifySignature({ ...good, signature: flipped })))
      const publicKey = Uint8Array.from(wallet.publicKey)
      publicKey[20] = (publicKey[20] ?? 0) ^ 1
      assert.ok(!(await verifySignature({ ...good, publicKey })))
    }
    const signature = await arweave.sign('rsa-pss-sha256', data)
    const publicKey = arweave.publicKey
    assert.ok(!(await verifySignature({ scheme: 'rsa-pss-sha512', publicKey, signature, data })))
  })

  it('gives false for keys and signatures of other lengths and for bytes that are no key', async () => {
    for (const scheme of ['rsa-pss-sha256', 'rsa-pss-sha512', 'ed25519', 'ethereum'] as const) {
      for (const bytes of [0, 32, 33, 64, 65, 512]) {
        const publicKey = new Uint8Array(bytes)
        for (const signature of [new Uint8Array(bytes), new Uint8Array(64), new Uint8Array(512)]) {
          // A key of zeros is a point of small order for Ed25519, with a forgeable signature.
          assert.equal(await verifySignature({ scheme, publicKey, signature, data }), false)
        }
      }
    }
  })

  it('accepts one form only of an Ethereum signature, so that no item gets a second id', async () => {
    const wallet = await generateWallet('secp256k1')
    const signature = await wallet.sign('ethereum', data)
    const v = signature[64] ?? 0
    const s = BigInt(`0x${Buffer.from(signature.subarray(32, 64)).toString('hex')}`)
    const highS = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')
    const r = signature.subarray(0, 32)
    const forms = [
      Buffer.concat([r, highS, Buffer.of(55 - v)]),
      Buffer.concat([r, highS, Buffer.of(v)]),
      ...[v - 27, v + 2, 55 - v, 35 + v].map((other) => {
        return Buffer.concat([signature.subarray(0, 64), Buffer.of(other)])
      }),
    ]
    for (const form of forms) {
      const publicKey = wallet.publicKey
      assert.ok(
        !(await verifySignature({ scheme: 'ethereum', publicKey, signature: form, data })),
        form.toString('hex'),
      )
    }
  })
})
