import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isAoError } from '../base/errors.ts'
import { createWalletFile, loadWalletFile } from './wallet-file.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-wallet-'))
})
after(() => rm(folder, { recursive: true }))

describe('createWalletFile()', () => {
  it('writes a file for its owner only, which loads as the same wallet', async () => {
    const path = join(folder, 'new', 'wallet.json')
    const wallet = await createWalletFile(path, { type: 'ed25519' })
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await loadWalletFile(path)).address, wallet.address)
    assert.deepEqual(await readdir(join(folder, 'new')), ['wallet.json'])
  })

  it('makes an RSA wallet when nothing is said', async () => {
    const wallet = await createWalletFile(join(folder, 'rsa.json'))
    assert.equal(wallet.type, 'rsa-4096')
  })

  it('never overwrites a file', async () => {
    const path = join(folder, 'taken.json')
    await writeFile(path, 'precious')
    await assert.rejects(createWalletFile(path, { type: 'ed25519' }), { code: 'invalid-wallet' })
    assert.equal(await readFile(path, 'utf8'), 'precious')
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
      [],
    )
  })

  it('lets one of many at the same moment win, and the file is its wallet', async () => {
    const path = join(folder, 'race.json')
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => createWalletFile(path, { type: 'secp256k1' })),
    )
    const winners = results.filter((result) => result.status === 'fulfilled')
    assert.equal(winners.length, 1)
    assert.equal((await loadWalletFile(path)).address, winners[0]?.value.address)
  })
})

describe('loadWalletFile()', () => {
  it('says when there is no file', async () => {
    await assert.rejects(loadWalletFile(join(folder, 'none.json')), { code: 'not-found' })
  })

  it('quotes nothing of a damaged file', async () => {
    const path = join(folder, 'damaged.json')
    await writeFile(path, '{"kty":"RSA","d":"SECRETSECRET')
    await assert.rejects(loadWalletFile(path), (error: unknown) => {
      return (
        isAoError(error, 'invalid-wallet') &&
        error.cause === undefined &&
        !error.message.includes('SECRET')
      )
    })
  })
})
