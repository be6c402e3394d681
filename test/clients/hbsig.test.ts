/** `hbsig` 0.1.5 by itself: `commit()`, signed requests of any form, and `verify()` of replies. */
import assert from 'node:assert/strict'
import { constants, createPublicKey, verify as verifySignature } from 'node:crypto'
import { test } from 'node:test'
import { commit, createSigner, send, verify } from 'hbsig'
import { walletFromJwk } from '../../src/crypto/local-wallet.ts'
import { Message } from '../../src/message/message.ts'
import { Atom, Float, isList, type Value } from '../../src/message/value.ts'
import { readVectorFile } from '../vectors.ts'
import { assertBytes, checkedMessages } from './check-schedule.ts'
import {
  type ClientNode,
  COMMITMENT_SPECS,
  clientAddress,
  clientJwk,
  ONE_LINE,
  startClientNode,
} from './client-node.ts'

const LINES = 'first line\nsecond line\n\nlast'

for (const assignmentCommitment of COMMITMENT_SPECS) {
  test(`commit()ted messages are scheduled, signed as ${assignmentCommitment}`, async (t) => {
    const node = await startClientNode(t, { assignmentCommitment })
    const pid = await spawn(node)
    for (const data of [ONE_LINE, LINES, 'x'.repeat(10_000)]) {
      const { out } = await post(node, `/${pid}/schedule`, { type: 'Message', target: pid, data })
      assert.equal(out.process, pid)
    }
    const messages = await checkedMessages(node, pid, { signer: clientAddress() })
    assertBytes(messages[1], ONE_LINE)
    assertBytes(messages[2], LINES)
    assertBytes(messages[3], 'x'.repeat(10_000))
  })
}

/** Posts fields as a signed message in the body of a signed request. */
async function post(node: ClientNode, path: string, fields: object) {
  const sign = createSigner(clientJwk(), node.url)
  const body = await commit(fields, { signer: sign, path: false })
  return send(await sign({ path, body }))
}

async function spawn(node: ClientNode): Promise<string> {
  const { out } = await post(node, '/~process@1.0/schedule', {
    ...{ type: 'Process', device: 'process@1.0', scheduler: node.address },
    'random-seed': 'a',
  })
  assert.equal(out.slot, 0)
  return String(out.process)
}

test('commit()ted messages keep their types, lists and nested messages', async (t) => {
  const node = await startClientNode(t)
  const pid = await spawn(node)
  const base = { type: 'Message', target: pid }
  await post(node, `/${pid}/schedule`, { ...base, n: 7, yes: true, list: [1, 'two'], half: 0.5 })
  // With `data` beside nested messages hbsig sends another text than it signs.
  await post(node, `/${pid}/schedule`, {
    ...{ ...base, nested: { a: '1', deeper: { b: 2, items: ['x', 'y'] } } },
    messages: [{ c: 3 }, { d: '4' }],
  })
  const [, typed, message] = await checkedMessages(node, pid, { signer: clientAddress() })
  assert.equal(typed?.get('n'), 7)
  assert.equal(typed?.get('yes'), Atom.true)
  assert.deepEqual(typed?.get('list'), [1, 'two'])
  assert.deepEqual(typed?.get('half'), new Float(0.5))
  const nested = requireMessage(message?.get('nested'))
  assert.equal(nested.get('a'), '1')
  const deeper = requireMessage(nested.get('deeper'))
  assert.equal(deeper.get('b'), 2)
  assert.deepEqual(deeper.get('items'), ['x', 'y'])
  const messages = message?.get('messages')
  assert.ok(isList(messages))
  assert.equal(requireMessage(messages[0]).get('c'), 3)
  assert.equal(requireMessage(messages[1]).get('d'), '4')
})

test('a nested message that was changed after commit() is refused', async (t) => {
  const node = await startClientNode(t)
  const pid = await spawn(node)
  const sign = createSigner(clientJwk(), node.url)
  const fields = { type: 'Message', target: pid, nested: { amount: '1' } }
  const committed = await commit(fields, { signer: sign, path: false })
  const text = JSON.stringify(committed)
  assert.ok(text.includes('amount: 1'))
  const body = JSON.parse(text.replace('amount: 1', 'amount: 9')) as object
  await assert.rejects(send(await sign({ path: `/${pid}/schedule`, body })), /400: /)
})

function requireMessage(value: Value | undefined): Message {
  assert.ok(value instanceof Message)
  return value
}

test('a commit()ted message that was changed on its way is refused', async (t) => {
  const node = await startClientNode(t)
  const pid = await spawn(node)
  const sign = createSigner(clientJwk(), node.url)
  const fields = { type: 'Message', target: pid, amount: '1' }
  const body = { ...(await commit(fields, { signer: sign, path: false })), amount: '1000' }
  await assert.rejects(send(await sign({ path: `/${pid}/schedule`, body })), /400: /)
  assert.equal((await checkedMessages(node, pid, { signer: clientAddress() })).length, 1)
})

test('the path header counts, not the URL', async (t) => {
  const node = await startClientNode(t)
  const pid = await spawn(node)
  const sign = createSigner(clientJwk(), node.url)
  const request = await sign({ path: `/${pid}/schedule`, type: 'Message', target: pid })
  assert.equal((await send({ ...request, url: `${node.url}/elsewhere` })).out.slot, 1)
})

test('verify() reads the signatures of replies, and they hold with its length of salt', async (t) => {
  const node = await startClientNode(t)
  const pid = await spawn(node)
  const { publicKey } = walletFromJwk(readVectorFile('wallet'))
  for (const path of [`/${pid}/slot`, `/${pid}/slot/current`, '/~meta@1.0/info/address']) {
    const reply = await fetch(`${node.url}${path}`)
    const headers = onlyRsa(Object.fromEntries(reply.headers))
    const signed = { url: reply.url, method: 'GET', headers, body: await reply.text() }
    const verdict = await verify(signed, publicKey)
    assert.equal(verdict.error, undefined)
    assert.ok(verdict.verified)
    assert.equal(verdict.algorithm, 'rsa-pss-sha512')
    // What verify() says holds of any signature that it can read.
    assert.ok(holds(headers, publicKey), path)
    assert.ok(!holds({ ...headers, status: '201' }, publicKey), path)
  }
})

/** The headers without the entry of the hmac, which hbsig does not know. */
function onlyRsa(headers: Record<string, string>): Record<string, string> {
  const inputs = (headers['signature-input'] ?? '').split(/, (?=comm-)/)
  const input = inputs.find((entry) => entry.includes('rsa-pss-sha512')) ?? ''
  const label = input.slice(0, input.indexOf('=('))
  const signatures = (headers.signature ?? '').split(/, (?=comm-)/)
  const signature = signatures.find((entry) => entry.startsWith(`${label}=:`)) ?? ''
  return { ...headers, signature, 'signature-input': input }
}

/** RFC 9421 by hand: a line for each component, then the list of them with its parameters. */
function holds(headers: Record<string, string>, publicKey: Uint8Array): boolean {
  const [, params = ''] = /^[^=]+=(\(.*)$/.exec(headers['signature-input'] ?? '') ?? []
  const names = [...params.slice(0, params.indexOf(')')).matchAll(/"([^"]+)"/g)]
  const lines = names.map(([, name = '']) => `"${name}": ${headers[name]}`)
  const [, signature = ''] = /:(.*):/.exec(headers.signature ?? '') ?? []
  const n = Buffer.from(publicKey).toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  return verifySignature(
    'sha512',
    Buffer.from([...lines, `"@signature-params": ${params}`].join('\n')),
    { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    Buffer.from(signature, 'base64'),
  )
}
