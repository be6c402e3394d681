import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateWallet } from '../crypto/local-wallet.ts'
import { createMessage } from '../message/create-message.ts'
import { Link } from '../message/value.ts'
import { commitMessage } from './commit.ts'
import { verifyMessage } from './verify.ts'

const wallet = await generateWallet('ed25519')
const other = await generateWallet('secp256k1')

describe('commitMessage()', () => {
  it('adds a signature and the hmac by httpsig@1.0', async () => {
    const message = createMessage({ a: 'b', n: { c: 'd' } })
    const committed = await commitMessage(message, wallet, {
      device: 'httpsig@1.0',
      committed: ['a'],
    })
    const types = [...committed.commitments.values()].map(({ type }) => type)
    assert.deepEqual(types.sort(), ['ed25519', 'hmac-sha256'])
    for (const { committed: keys } of committed.commitments.values()) assert.deepEqual(keys, ['a'])
    assert.deepEqual((await verifyMessage(committed)).signers, [wallet.address])
  })

  it('makes the message a data item by ans104@1.0, with a link or with all that is inside', async () => {
    const message = createMessage({ Action: 'b', n: { c: 'd' }, left: 'out' })
    const options = { device: 'ans104@1.0', committed: ['Action', 'n'] } as const
    const linked = await commitMessage(message, wallet, options)
    assert.deepEqual([...linked.keys()].sort(), ['action', 'n'])
    assert.ok(linked.get('n') instanceof Link)
    const bundled = await commitMessage(message, wallet, { ...options, bundle: true })
    assert.deepEqual(bundled.get('n'), message.get('n'))
    assert.deepEqual((await verifyMessage(bundled)).signers, [wallet.address])
  })

  it('replaces an item signature, in the same form, by that of a second wallet', async () => {
    const first = await commitMessage(createMessage({ Z: '1', a: '2' }), wallet, {
      device: 'ans104@1.0',
    })
    const second = await commitMessage(first, other, { device: 'ans104@1.0' })
    const [before] = first.commitments.values()
    const [after, ...more] = second.commitments.values()
    assert.deepEqual(more, [])
    assert.deepEqual(after?.fields.get('original-tags'), before?.fields.get('original-tags'))
    assert.deepEqual((await verifyMessage(second)).signers, [other.address])
  })

  it('signs keys that were added to an item', async () => {
    const first = await commitMessage(createMessage({ a: '1' }), wallet, { device: 'ans104@1.0' })
    const more = await commitMessage(first.with([['b', '2']]), wallet, { device: 'ans104@1.0' })
    assert.equal(more.get('b'), '2')
    assert.ok((await verifyMessage(more)).valid)
    assert.ok(!(await verifyMessage(more.with([['b', '3']]))).valid)
  })
})
