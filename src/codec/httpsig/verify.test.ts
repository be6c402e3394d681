import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeBase64, encodeBase64url } from '../../crypto/base64url.ts'
import { generateWallet } from '../../crypto/local-wallet.ts'
import type { Wallet } from '../../crypto/wallet.ts'
import { type Commitment, isSigned } from '../../message/commitment.ts'
import { idOfSignature } from '../../message/commitment-map.ts'
import { withOnlyCommitted } from '../../message/committed.ts'
import { messageId, unsignedId } from '../../message/id.ts'
import { Message } from '../../message/message.ts'
import { signatureBase } from '../../message/signature-base.ts'
import { secretHmacKey } from '../../message/unsigned-commitment.ts'
import { Atom, Link, type Value } from '../../message/value.ts'
import { verifyMessage } from '../verify.ts'
import {
  commitHttpsig,
  commitUnsigned,
  decodeHttpsig,
  encodeHttpsig,
  verifyHttpsig,
} from './httpsig.ts'

const wallet = await generateWallet('ed25519')
const other = await generateWallet('secp256k1')

function signatureOf(message: Message): Commitment {
  const [signature] = [...message.commitments.values()].filter(isSigned)
  assert.ok(signature !== undefined)
  return signature
}

function holds(message: Message, commitment = signatureOf(message)): Promise<boolean> {
  return verifyHttpsig(message, commitment)
}

function withCommitment(message: Message, commitment: Commitment): Message {
  return message.withCommitments(new Map([[commitment.id, commitment]]))
}

describe('verifyHttpsig()', () => {
  it('holds for every type of wallet, under its name for httpsig', async () => {
    const message = new Message([['a', '1']])
    for (const [signer, type] of [
      [wallet, 'ed25519'],
      [other, 'ecdsa-secp256k1-eip191'],
    ] as const) {
      const signed = await commitHttpsig(message, signer)
      const signature = signatureOf(signed)
      assert.equal(signature.type, type)
      assert.equal(signature.committer, signer.address)
      assert.ok(await holds(decodeHttpsig(encodeHttpsig(signed))))
    }
  })

  it('refuses a changed, a missing and a differently typed key', async () => {
    const signed = await commitHttpsig(new Message([['n', 5]]), wallet)
    assert.ok(await holds(signed))
    assert.ok(!(await holds(signed.with([['n', 6]]))))
    assert.ok(!(await holds(signed.with([['n', '5']]))))
    assert.ok(!(await holds(signed.without('n'))))
  })

  it('does not mind keys that the signature does not cover', async () => {
    const signed = await commitHttpsig(new Message([['a', 1]]), wallet)
    const added = signed.with([['status', 200]])
    assert.ok(await holds(added))
    const received = decodeHttpsig(encodeHttpsig(added))
    assert.ok(await holds(received))
    assert.deepEqual([...withOnlyCommitted(received).keys()], ['a'])
  })

  it('gives a signed text no other type than it was signed with', async () => {
    const signed = await commitHttpsig(new Message([['n', '5']]), wallet)
    const { headers } = encodeHttpsig(signed)
    const forged = decodeHttpsig({ headers: [...headers, ['ao-types', 'n="integer"']] })
    assert.equal(forged.get('n'), 5)
    assert.equal(withOnlyCommitted(forged).get('n'), '5')
  })

  it('refuses another committer or id than key and signature give', async () => {
    const signed = await commitHttpsig(new Message([['a', '1']]), wallet)
    const signature = signatureOf(signed)
    const { committer: _, ...anonymous } = signature
    for (const forged of [
      { ...signature, committer: other.address },
      { ...signature, id: messageId(new Message()) },
      { ...signature, keyid: `publickey:${encodeBase64(other.publicKey)}` },
      { ...signature, type: 'rsa-pss-sha512' },
      { ...signature, type: 'unheard-of' },
      { ...signature, keyid: 'publickey:!' },
      { ...signature, device: 'ans104@1.0' },
      anonymous,
    ]) {
      assert.ok(!(await holds(withCommitment(signed, forged), forged)))
    }
  })

  it('takes a public key in base64url and without padding', async () => {
    const keyid = `publickey:${encodeBase64url(wallet.publicKey)}`
    const received = decodeHttpsig(encodeHttpsig(await signedWith(wallet, { keyid })))
    assert.equal(signatureOf(received).committer, wallet.address)
    assert.ok(await holds(received))
  })

  it('verifies a secret hmac for those who know the secret', async () => {
    const secret = 'correct horse'
    const message = commitUnsigned(new Message([['a', '1']]), { hmacKey: secretHmacKey(secret) })
    const hmac = signatureOf(message)
    assert.ok(await verifyHttpsig(message, hmac, { secret }))
    assert.ok(!(await verifyHttpsig(message, hmac, { secret: 'wrong' })))
    assert.ok(!(await verifyHttpsig(message, hmac)))
  })
})

describe('a signature over nested messages', () => {
  async function wrapped(child: Message): Promise<Message> {
    return commitHttpsig(new Message([['body', child]]), wallet)
  }

  it('fails when an unsigned nested message is changed, even if it keeps its hmac', async () => {
    const parent = await wrapped(commitUnsigned(new Message([['a', '1']])))
    const child = parent.get('body') as Message
    assert.ok(await holds(parent))
    assert.ok(!(await holds(parent.with([['body', child.with([['a', '2']])]]))))
    assert.ok(!(await holds(parent.with([['body', child.with([['b', 'added']])]]))))
  })

  it('fails when a signed nested message is changed, though its id stays', async () => {
    const parent = await wrapped(await commitHttpsig(new Message([['a', '1']]), other))
    const child = parent.get('body') as Message
    const forged = parent.with([['body', child.with([['a', '2']])]])
    assert.equal(messageId(forged.get('body') as Message), messageId(child))
    assert.ok(await holds(parent))
    assert.ok(!(await holds(forged)))
    assert.ok(!(await holds(decodeHttpsig(encodeHttpsig(forged, { bundle: true })))))
  })

  it('holds for the link as for the message', async () => {
    const child = new Message([['a', 1]])
    const parent = await wrapped(child)
    assert.ok(await holds(parent.with([['body', new Link(unsignedId(child))]])))
  })

  it('signs a bundle by its content, and needs that content to be verified', async () => {
    const child = new Message([['a', 1]])
    const parent = await commitHttpsig(new Message([['body', child]]), wallet, { bundle: true })
    assert.ok(await holds(decodeHttpsig(encodeHttpsig(parent, { bundle: true }))))
    const linked = decodeHttpsig(encodeHttpsig(parent))
    assert.ok(!(await holds(linked)))
    assert.ok(await holds(linked.with([['body', child]])))
  })
})

describe('several commitments', () => {
  it('a second signer covers the keys of the first, and one hmac remains', async () => {
    const first = await commitHttpsig(new Message([['a', '1']]), wallet)
    const both = await commitHttpsig(first.with([['b', '2']]), other)
    const { valid, signers } = await verifyMessage(both)
    assert.deepEqual([valid, signers], [true, [wallet.address, other.address]])
    assert.equal(both.commitments.size, 3)
    for (const { committed } of both.commitments.values()) assert.deepEqual(committed, ['a'])
  })

  it('signs all keys of a message that has only an hmac, which the node would not', async () => {
    const stale = commitUnsigned(new Message([['a', '1']])).with([['b', '2']])
    const signed = await commitHttpsig(stale, wallet)
    assert.deepEqual(signatureOf(signed).committed, ['a', 'b'])
  })

  it('each is verified over its own keys, and only common keys are kept', async () => {
    const wide = await commitHttpsig(
      new Message([
        ['a', '1'],
        ['b', '2'],
      ]),
      wallet,
    )
    const narrow = await commitHttpsig(wide, other, { committed: ['a'] })
    assert.ok((await verifyMessage(narrow)).valid)
    assert.deepEqual([...withOnlyCommitted(narrow).keys()], ['a'])
  })

  it('carries the hashpath as tag of signatures', async () => {
    const computed = new Message([['a', '1']]).withPrivate({ hashpath: 'x/y' })
    const signed = await commitHttpsig(computed, wallet)
    assert.equal(signatureOf(signed).fields.get('tag'), 'x/y')
    assert.ok(await holds(decodeHttpsig(encodeHttpsig(signed))))
  })
})

describe('decodeHttpsig()', () => {
  it('leaves out an hmac that is not that of the message, so that ids cannot be forged', () => {
    const { headers } = encodeHttpsig(commitUnsigned(new Message([['a', '1']])))
    const changed = headers.map(([name, value]) => [name, name === 'a' ? '2' : value] as const)
    const forged = decodeHttpsig({ headers: changed })
    assert.equal(forged.commitments.size, 0)
    assert.equal(messageId(forged), unsignedId(new Message([['a', '2']])))
  })

  it('reads created and expires, and signs over them', async () => {
    const message = await signedWith(wallet, { created: 1700000000, expires: 1800000000 })
    const received = decodeHttpsig(encodeHttpsig(message))
    assert.equal(signatureOf(received).fields.get('created'), 1700000000)
    assert.ok(await holds(received))
  })

  it('keeps atoms, integers and floats apart over HTTP', async () => {
    const entries: [string, Value][] = [
      ['a', Atom.true],
      ['i', 10n ** 20n],
      ['s', 'true'],
    ]
    const typed = new Message(entries)
    const received = decodeHttpsig(encodeHttpsig(await commitHttpsig(typed, wallet)))
    assert.ok(await holds(received))
    assert.equal(received.get('i'), 10n ** 20n)
  })
})

/** A signature with a keyid or fields that commitHttpsig() does not make. */
async function signedWith(
  signer: Wallet,
  { keyid, ...fields }: { keyid?: string; created?: number; expires?: number },
): Promise<Message> {
  const message = new Message([['a', '1']])
  const bare = signatureOf(await commitHttpsig(message, signer))
  const own = { ...bare, keyid: keyid ?? bare.keyid ?? '', fields: new Map(Object.entries(fields)) }
  const { base } = signatureBase(message as Message<string>, ['a'], own)
  const bytes = await signer.sign('ed25519', Buffer.from(base))
  const signature = encodeBase64url(bytes)
  return withCommitment(message, { ...own, signature, id: idOfSignature(bytes) })
}
