import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateWallet } from '../crypto/local-wallet.ts'
import type { Commitment } from '../message/commitment.ts'
import { createMessage } from '../message/create-message.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Link } from '../message/value.ts'
import { signItem } from './ans104/item-signature.ts'
import { itemToMessage } from './ans104/item-to-message.ts'
import { commitMessage } from './commit.ts'
import { decodeHttpsig, encodeHttpsig } from './httpsig/httpsig.ts'
import { decodeJson, encodeJson } from './json.ts'
import { verifyMessage } from './verify.ts'

const alice = await generateWallet('ed25519')
const bob = await generateWallet('secp256k1')
const node = await generateWallet('rsa-4096')

const input = {
  Action: 'Eval',
  type: 'Message',
  slot: 5,
  data: 'return 1',
  body: { b: '1', a: 'x' },
}

function only(message: Message): Commitment {
  const [commitment] = message.commitments.values()
  assert.ok(commitment !== undefined)
  return commitment
}

describe('verifyMessage()', () => {
  it('is true without signers for a message that nobody signed', async () => {
    assert.deepEqual(await verifyMessage(createMessage({ a: 'b' })), {
      valid: true,
      signers: [],
      failed: [],
    })
  })

  it('verifies httpsig@1.0 and ans104@1.0 on one message and names all signers once', async () => {
    const item = await commitMessage(createMessage(input), bob, { device: 'ans104@1.0' })
    const once = await commitMessage(item, node, { device: 'httpsig@1.0' })
    const both = await commitMessage(once, node, { device: 'httpsig@1.0' })
    const { valid, signers, failed } = await verifyMessage(both)
    assert.deepEqual({ valid, failed }, { valid: true, failed: [] })
    assert.deepEqual(signers, [bob.address, node.address])
  })

  it('holds beside typed keys that no signature covers, such as the status of a reply', async () => {
    for (const device of ['httpsig@1.0', 'ans104@1.0'] as const) {
      const signed = await commitMessage(createMessage(input), alice, { device })
      const reply = signed.with([['status', 200]])
      assert.deepEqual((await verifyMessage(reply)).signers, [alice.address], device)
      const sent = decodeHttpsig(encodeHttpsig(reply, { bundle: true }))
      assert.deepEqual((await verifyMessage(sent)).signers, [alice.address], device)
    }
  })

  it('names what does not hold, and does not count its signer', async () => {
    const item = await commitMessage(createMessage(input), alice, { device: 'ans104@1.0' })
    const changed = item.with([['type', 'Process']])
    assert.deepEqual(await verifyMessage(changed), {
      valid: false,
      signers: [],
      failed: [only(item).id],
    })
  })

  it('refuses forged commitments', async () => {
    const item = await commitMessage(createMessage(input), alice, { device: 'ans104@1.0' })
    const own = only(item)
    const other = only(
      await commitMessage(createMessage({ a: 'b' }), bob, { device: 'ans104@1.0' }),
    )
    const { wire: _, ...travelled } = own
    const forgeries: [string, Commitment][] = [
      [own.id, { ...own, committer: bob.address }],
      [own.id, { ...travelled, committer: bob.address }],
      [own.id, { ...own, committed: [...own.committed, 'extra'] }],
      [own.id, { ...own, committed: own.committed.slice(1) }],
      [own.id, { ...travelled, type: 'rsa-pss-sha256' }],
      [own.id, { ...travelled, type: 'unknown' }],
      [own.id, { ...travelled, keyid: 'publickey:AQAB' }],
      [own.id, { ...travelled, fields: new Map([...own.fields, ['original-tags', 'x']]) }],
      [own.id, { ...travelled, fields: new Map([...own.fields, ['field-target', 'AQAB']]) }],
      [own.id, { ...own, device: 'unknown@1.0' }],
      [other.id, own],
      [other.id, other],
    ]
    for (const [id, commitment] of forgeries) {
      const { valid } = await verifyMessage(item.withCommitments(new Map([[id, commitment]])))
      assert.equal(valid, false, JSON.stringify(commitment, undefined, 1))
    }
    assert.ok((await verifyMessage(item)).valid)
  })

  it('reads what a message says even where original tags say something else', async () => {
    const item = await commitMessage(createMessage({ Action: 'Eval' }), alice, {
      device: 'ans104@1.0',
    })
    const again = await commitMessage(
      item.withCommitments(new Map([[only(item).id, withTagName(only(item), 'Action')]])),
      alice,
      { device: 'ans104@1.0' },
    )
    const { wire: _, ...travelled } = only(again)
    const received = again.withCommitments(new Map([[travelled.id, travelled]]))
    assert.ok((await verifyMessage(received)).valid)
    assert.ok(!(await verifyMessage(received.with([['action', 'Transfer']]))).valid)
  })

  it('refuses a nested message that only pretends to be the one that was linked', async () => {
    const child = await commitMessage(createMessage({ amount: '1' }), alice, {
      device: 'ans104@1.0',
    })
    const parent = await commitMessage(new Message([['n', child]]), alice, { device: 'ans104@1.0' })
    assert.deepEqual(parent.get('n'), new Link(messageId(child)))
    assert.ok((await verifyMessage(parent.with([['n', child]]))).valid)
    const forged = child.with([['amount', '1000']])
    assert.equal(messageId(forged), messageId(child))
    assert.ok(!(await verifyMessage(parent.with([['n', forged]]))).valid)
    assert.ok(!(await verifyMessage(parent.with([['n', child.with([['more', 'x']])]]))).valid)
    const listed = await commitMessage(new Message([['n', [child]]]), alice, {
      device: 'ans104@1.0',
    })
    assert.ok((await verifyMessage(listed.with([['n', [child]]]))).valid)
    assert.ok(!(await verifyMessage(listed.with([['n', [forged]]]))).valid)
  })
})

function withTagName(commitment: Commitment, name: string): Commitment {
  const tag = new Message([
    ['name', name],
    ['value', 'Eval'],
  ])
  const { wire: _, ...travelled } = commitment
  const tags = new Message([['1', tag]])
  return { ...travelled, fields: new Map([...travelled.fields, ['original-tags', tags]]) }
}

describe('a data item commitment on its way', () => {
  for (const wallet of [alice, bob, node]) {
    for (const bundle of [false, true]) {
      it(`holds after JSON and httpsig@1.0: ${wallet.type}${bundle ? ', bundle' : ''}`, async () => {
        const body = createMessage(input)
        const item = await commitMessage(body, wallet, { device: 'ans104@1.0', bundle })
        const loaded = item.with([['body', createMessage(input.body)]])
        for (const received of [
          decodeJson(encodeJson(loaded, { bundle: true })),
          decodeHttpsig(encodeHttpsig(loaded, { bundle: true })),
          decodeHttpsig(encodeHttpsig(new Message([['body', loaded]]), { bundle: true })).get(
            'body',
          ),
        ]) {
          assert.ok(received instanceof Message)
          assert.deepEqual(await verifyMessage(received), {
            valid: true,
            signers: [wallet.address],
            failed: [],
          })
        }
      })
    }
  }

  it('holds with tags that are unsorted, repeated or in capitals', async () => {
    for (const names of [
      ['z', 'a'],
      ['a', 'a'],
      ['Z', 'a'],
      ['a', 'A'],
    ]) {
      const tags = names.map((name, index) => ({ name, value: `say "${index}" \\` }))
      const message = itemToMessage(await signItem({ tags, data: Buffer.from('1984') }, alice))
      const nested = new Message([['body', message]])
      const received = decodeHttpsig(encodeHttpsig(nested, { bundle: true })).get('body')
      assert.ok(received instanceof Message)
      for (const arrived of [decodeHttpsig(encodeHttpsig(message, { bundle: false })), received]) {
        assert.deepEqual((await verifyMessage(arrived)).signers, [alice.address])
      }
    }
  })
})
