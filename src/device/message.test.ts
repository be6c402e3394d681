import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { answerOf, BASE, call, messageOf, testWallet } from '../../test/device-calls.ts'
import { isAoError } from '../base/errors.ts'
import { commitMessage } from '../codec/commit.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import { combineIds } from '../message/combine-ids.ts'
import { createMessage } from '../message/create-message.ts'
import { messageId, unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Atom, Link, type Value } from '../message/value.ts'
import { failed } from './device.ts'

const NOT_FOUND = failed(404, new Atom('not_found'))
const plain = createMessage({ a: '1', Case: 'kept', n: { x: 1 } })

/** `a` and `n` signed by the wallet of the tests, then by another. */
let signed: Message
let addresses: string[]

before(async () => {
  const first = testWallet()
  const second = await generateWallet('rsa-4096')
  addresses = [first.address, second.address]
  const once = await commitMessage(plain, first, { device: 'httpsig@1.0' })
  signed = await commitMessage(once, second, { device: 'httpsig@1.0' })
})

const onPlain = (path: string) => answerOf(`/${BASE}/${path}`, { base: plain })
const onSigned = (path: string) => answerOf(`/${BASE}/${path}`, { base: signed })

/** The id of the signature of one signer. */
const idBy = (address: string | undefined) => {
  const own = [...signed.commitments.values()].find(({ committer }) => committer === address)
  return own?.id ?? ''
}

describe('values', () => {
  test('a key is found as it is written, else in lower case', async () => {
    assert.equal(await onPlain('A'), '1')
    assert.equal(await onPlain('Case'), 'kept')
    assert.deepEqual(await call(`/${BASE}/case`, { base: plain }), NOT_FOUND)
  })

  test('names that HyperBEAM happens to export are ordinary keys', async () => {
    for (const key of ['get', 'info', 'index', 'case_insensitive_get', 'module_info']) {
      assert.deepEqual(await call(`/${BASE}/${key}`, { base: plain }), NOT_FOUND)
    }
  })

  test('`keys` are sorted, without private ones, with commitments where there are any', async () => {
    assert.deepEqual(await onPlain('keys'), ['Case', 'a', 'n'])
    assert.deepEqual(await onSigned('keys'), ['Case', 'a', 'commitments', 'n'])
    const base = new Message([['private', 'x']])
    assert.deepEqual(await answerOf(`/${BASE}/keys`, { base }), [])
  })
})

describe('ids', () => {
  test('`id` is by default that of the content, also of a signed message', async () => {
    assert.equal(await onPlain('id'), unsignedId(plain))
    assert.equal(await onSigned('id'), messageId(signed, 'none'))
    assert.equal(await onSigned('id&committers=none'), messageId(signed, 'none'))
  })

  test('`id` adds up the signatures of the committers that are asked for', async () => {
    const [first, second] = addresses
    const both = combineIds([idBy(first), idBy(second)])
    assert.equal(await onSigned('id&committers=all'), both)
    assert.equal(await onSigned('id&committers=signed'), both)
    assert.equal(await onSigned(`id&committers=${first}`), idBy(first))
    const request = { committers: addresses }
    assert.equal(await answerOf(`/${BASE}/id`, { base: signed, request }), both)
    assert.equal(await onSigned(`id&commitment-ids=${idBy(second)}`), idBy(second))
  })

  test('`id` refuses an address that did not commit, and names that are no text', async () => {
    const base = signed
    await assert.rejects(call(`/${BASE}/id&committers=${BASE}`, { base }), (error) =>
      isAoError(error, 'not-found'),
    )
    await assert.rejects(call(`/${BASE}/id&committers+integer=1`, { base }), (error) =>
      isAoError(error, 'invalid-request'),
    )
  })
})

describe('commitments', () => {
  test('`commitments` and what is in them can be read', async () => {
    const [first] = addresses
    const id = idBy(first)
    assert.equal(await onSigned(`commitments/${id}/committer`), first)
    assert.deepEqual(await call(`/${BASE}/commitments`, { base: plain }), NOT_FOUND)
  })

  test('`committers` lists the signers', async () => {
    assert.deepEqual(await onSigned('committers'), addresses)
    assert.deepEqual(await onPlain('committers'), [])
  })

  test('`committed` lists the keys that all selected commitments cover', async () => {
    const keys = (await onSigned('committed&committers=all')) as string[]
    assert.ok(['Case', 'a', 'n'].every((key) => keys.includes(key)))
    assert.deepEqual(await onPlain('committed'), [])
  })

  test('`verify` checks the selected commitments against what the message says', async () => {
    assert.deepEqual(await onSigned('verify'), Atom.true)
    assert.deepEqual(await onSigned('verify&committers=all'), Atom.true)
    const base = signed.with([['a', '2']])
    for (const query of ['', '&committers=all', '&commitment-ids=all']) {
      assert.deepEqual(await answerOf(`/${BASE}/verify${query}`, { base }), Atom.false, query)
    }
  })

  test('`verify` checks a message in the request when `target` names its key', async () => {
    const request = new Message<Value>([
      ['item', signed],
      ['text', 'x'],
      ['gone', new Link(BASE.toLowerCase())],
    ])
    const verify = (target: string) =>
      call(`/${BASE}/verify&committers=all&target=${target}`, { base: plain, request })
    assert.deepEqual((await verify('item')).value, Atom.true)
    assert.equal((await verify('text')).kind, 'error')
    assert.deepEqual(await verify('nothing'), NOT_FOUND)
    assert.equal((await verify('gone')).kind, 'error')
  })

  test('`commit` is refused to everybody', async () => {
    const outcome = await call(`/${BASE}/commit`, { base: plain })
    assert.equal(outcome.kind === 'error' && outcome.status, 403)
  })
})

describe('changes', () => {
  test('`set` merges the keys of the request and can unset', async () => {
    const base = createMessage({ a: '1', b: '2', n: { x: 1 } })
    const result = await messageOf(`/${BASE}/set&c+integer=3&b+atom=unset`, { base })
    assert.deepEqual([...result], [...createMessage({ a: '1', n: { x: 1 }, c: 3 })])
    const deep = { base, request: { n: { y: 2 } } }
    assert.deepEqual(
      (await messageOf(`/${BASE}/set`, deep)).get('n'),
      createMessage({ x: 1, y: 2 }),
    )
    const explicit = await messageOf(`/${BASE}/set&set-mode=explicit`, deep)
    assert.deepEqual(explicit.get('n'), createMessage({ y: 2 }))
  })

  test('`set` keeps signatures unless a signed key changes', async () => {
    const base = signed
    assert.equal((await messageOf(`/${BASE}/set&free=1`, { base })).commitments, signed.commitments)
    assert.equal((await messageOf(`/${BASE}/set&a=2`, { base })).commitments.size, 0)
  })

  test('`set_path` sets the path, dropping signatures over another', async () => {
    const base = createMessage({ path: 'old' })
    assert.equal((await messageOf(`/${BASE}/set_path&value=new`, { base })).get('path'), 'new')
    assert.equal((await messageOf(`/${BASE}/set_path&value+atom=unset`, { base })).size, 0)
    await assert.rejects(call(`/${BASE}/set_path`, { base }), (error) =>
      isAoError(error, 'invalid-request'),
    )
    const withPath = await commitMessage(base, testWallet(), { device: 'httpsig@1.0' })
    const other = await messageOf(`/${BASE}/set_path&value=new`, { base: withPath })
    assert.equal(other.commitments.size, 0)
    const same = await messageOf(`/${BASE}/set_path&value=old`, { base: withPath })
    assert.equal(same.commitments, withPath.commitments)
  })

  test('`remove` takes one key or a list, and needs either', async () => {
    const base = createMessage({ a: '1', b: '2', c: '3' })
    assert.deepEqual([...(await messageOf(`/${BASE}/remove&item=a`, { base })).keys()], ['b', 'c'])
    const many = await messageOf(`/${BASE}/remove`, { base, request: { items: ['a', 'b', 'x'] } })
    assert.deepEqual([...many.keys()], ['c'])
    assert.equal((await call(`/${BASE}/remove`, { base })).kind, 'error')
    assert.equal((await messageOf(`/${BASE}/remove&item=a`, { base: signed })).commitments.size, 0)
  })
})
