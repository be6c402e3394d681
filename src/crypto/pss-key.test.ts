import assert from 'node:assert/strict'
import { constants, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { readVectorFile } from '../../test/vectors.ts'
import { SCHEMES } from './algorithms.ts'
import { pssPrivateKey, pssPublicKey } from './pss-key.ts'

const jwk = readVectorFile('wallet') as Record<string, string>
const key = createPrivateKey({ key: jwk, format: 'jwk' })
const modulus = Buffer.from(jwk.n ?? '', 'base64url')
const data = Buffer.from('payload')

describe('pssPrivateKey()', () => {
  it('makes signatures with the digest and the salt of the rule', () => {
    const publicKey = createPublicKey(key)
    const padding = constants.RSA_PKCS1_PSS_PADDING
    for (const rule of [SCHEMES['rsa-pss-sha256'], SCHEMES['rsa-pss-sha512']]) {
      assert.ok(rule.kind === 'rsa-pss')
      const signature = sign(rule.digest, data, pssPrivateKey(key, rule))
      for (const [salt, holds] of [
        [rule.saltBytes, true],
        [20, false],
      ] as const) {
        const options = { key: publicKey, padding, saltLength: salt }
        assert.equal(verify(rule.digest, data, options, signature), holds)
      }
    }
  })
})

describe('pssPublicKey()', () => {
  it('refuses a signature with the older padding', () => {
    const signature = sign('sha256', data, key)
    assert.ok(verify('sha256', data, createPublicKey(key), signature))
    assert.equal(verify('sha256', data, pssPublicKey(modulus), signature), false)
  })
})
