import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { ArweaveSigner, EthereumSigner } from 'arbundles'
import { readVectorFile } from '../../test/vectors.ts'
import { isAoError } from '../base/errors.ts'
import { decodeBase64, encodeBase64url } from './base64url.ts'
import { generateWallet, walletFromJwk, walletToJwk } from './local-wallet.ts'
import { verifySignature } from './verify-signature.ts'
import type { SignatureScheme, Wallet } from './wallet.ts'

const arweaveJwk = readVectorFile('wallet') as Record<string, string>
const data = Buffer.from('Some data')

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

/** The wallet of a raw secp256k1 or Ed25519 private key. */
function walletOf(curve: 'secp256k1' | 'ed25519', secret: Buffer): Wallet {
  const der =
    curve === 'ed25519'
      ? Buffer.concat([hex('302e020100300506032b657004220420'), secret])
      : Buffer.concat([hex('302e0201010420'), secret, hex('a00706052b8104000a')])
  const type = curve === 'ed25519' ? 'pkcs8' : 'sec1'
  return walletFromJwk(
    createPrivateKey({ key: der, format: 'der', type }).export({ format: 'jwk' }),
  )
}

const ethereumKey = '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318'
const ethereum = walletOf('secp256k1', hex(ethereumKey))
const ed25519 = walletOf(
  'ed25519',
  hex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
)
const arweave = walletFromJwk(arweaveJwk)

describe('walletFromJwk()', () => {
  it('gives the address of the recorded Arweave key', () => {
    assert.equal(arweave.type, 'rsa-4096')
    assert.equal(arweave.address, 'AjPfXVW_YjJexhZcWTg2qEuCcLeIu18lgbW0ZJDV2TM')
    assert.equal(encodeBase64url(arweave.publicKey), arweaveJwk.n)
  })

  it('gives the checksummed address of an Ethereum key', () => {
    assert.equal(ethereum.address, '0x2c7536E3605D9C16a7a3D7b1898e529396a65c23')
    const one = walletOf('secp256k1', hex('01'.padStart(64, '0')))
    assert.equal(one.address, '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf')
  })

  it('computes the primes that a HyperBEAM key file leaves out', async () => {
    const { n, d } = arweaveJwk
    const wallet = walletFromJwk({ kty: 'RSA', ext: true, e: 'AAEAAQ', n, d })
    assert.equal(wallet.address, arweave.address)
    const completed = walletToJwk(wallet)
    assert.deepEqual(new Set([completed.p, completed.q]), new Set([arweaveJwk.p, arweaveJwk.q]))
    assert.ok(await roundTrip(wallet, 'rsa-pss-sha256'))
  })

  it('round-trips with walletToJwk()', async () => {
    for (const wallet of [arweave, ethereum, ed25519]) {
      assert.deepEqual(walletToJwk(walletFromJwk(walletToJwk(wallet))), walletToJwk(wallet))
    }
  })

  const { d: _d, ...publicOnly } = arweaveJwk
  const other = walletToJwk(walletOf('secp256k1', hex('02'.padStart(64, '0'))))
  const refused: Record<string, unknown> = {
    'no object': 'AQAB',
    'a list': [],
    'an unknown kty': { kty: 'oct', k: 'AQAB' },
    'a public RSA key': publicOnly,
    'an RSA key with another exponent': { ...arweaveJwk, e: 'Aw' },
    'an RSA key with half of the primes': { ...arweaveJwk, q: undefined },
    'an RSA key of another modulus': { ...arweaveJwk, n: `_${arweaveJwk.n?.slice(1)}` },
    'a short modulus': { ...arweaveJwk, n: arweaveJwk.n?.slice(0, 342) },
    'text that is no base64': { ...arweaveJwk, d: '***' },
    'a private exponent of another key': { kty: 'RSA', n: arweaveJwk.n, e: 'AQAB', d: 'AQID' },
    'another curve': { ...other, crv: 'P-256' },
    'a private key that belongs to another public key': {
      ...walletToJwk(ethereum),
      d: other.d,
    },
    'an Ed25519 key with another public key': {
      ...walletToJwk(ed25519),
      x: encodeBase64url(hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')),
    },
  }
  for (const [name, jwk] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => walletFromJwk(jwk),
        (error) => isAoError(error, 'invalid-wallet') && error.cause === undefined,
      )
    })
  }

  it('shows no private part when printed', () => {
    const printed = inspect(ethereum, { showHidden: true, depth: 9 }) + JSON.stringify(ethereum)
    const d = walletToJwk(ethereum).d ?? ''
    assert.ok(!printed.includes(d))
    assert.ok(!printed.includes(decodeBase64(d).toString()))
    assert.doesNotMatch(printed, /4c, ?08, ?83|76, ?8, ?131/)
  })
})

async function roundTrip(wallet: Wallet, scheme: SignatureScheme): Promise<boolean> {
  const signature = await wallet.sign(scheme, data)
  return verifySignature({ scheme, publicKey: wallet.publicKey, signature, data })
}

describe('sign()', () => {
  it('makes the Ethereum signature that web3 documents for this key', async () => {
    const signature = await ethereum.sign('ethereum', data)
    assert.equal(
      Buffer.from(signature).toString('hex'),
      'b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd' +
        '6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c',
    )
  })

  it('makes the Ed25519 signature of RFC 8032, test 1', async () => {
    const signature = await ed25519.sign('ed25519', new Uint8Array())
    assert.equal(
      Buffer.from(signature).toString('hex'),
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555' +
        'fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })

  it('makes RSA-PSS signatures that verify, with another salt each time', async () => {
    assert.ok(await roundTrip(arweave, 'rsa-pss-sha256'))
    assert.ok(await roundTrip(arweave, 'rsa-pss-sha512'))
    const both = [
      await arweave.sign('rsa-pss-sha256', data),
      await arweave.sign('rsa-pss-sha256', data),
    ]
    assert.notDeepEqual(both[0], both[1])
  })

  it('refuses a scheme of another key type', async () => {
    await assert.rejects(ethereum.sign('rsa-pss-sha256', data), { code: 'unsupported-algorithm' })
    await assert.rejects(arweave.sign('ed25519', data), { code: 'unsupported-algorithm' })
  })

  it('agrees with arbundles in both directions', async () => {
    const rsa = new ArweaveSigner(arweaveJwk as never)
    const publicKey = arweave.publicKey
    const theirs = { scheme: 'rsa-pss-sha256', publicKey, data } as const
    assert.ok(await verifySignature({ ...theirs, signature: await rsa.sign(data) }))
    const ours = await arweave.sign('rsa-pss-sha256', data)
    assert.ok(await ArweaveSigner.verify(encodeBase64url(publicKey), data, Buffer.from(ours)))

    const signer = new EthereumSigner(ethereumKey)
    assert.deepEqual(await signer.sign(data), Buffer.from(await ethereum.sign('ethereum', data)))
    assert.deepEqual(signer.publicKey, Buffer.from(ethereum.publicKey))
  })
})

describe('generateWallet()', () => {
  for (const [type, scheme] of [
    ['rsa-4096', 'rsa-pss-sha512'],
    ['secp256k1', 'ethereum'],
    ['ed25519', 'ed25519'],
  ] as const) {
    it(`makes a ${type} wallet that signs ${scheme}`, async () => {
      const wallet = await generateWallet(type)
      assert.equal(wallet.type, type)
      assert.ok(await roundTrip(wallet, scheme))
    })
  }
})
