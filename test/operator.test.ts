/** Who may change a running node, over real HTTP, and what nobody may ever read of it. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { walletToJwk } from '../src/crypto/local-wallet.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import { Message } from '../src/message/message.ts'
import type { Value } from '../src/message/value.ts'
import type { RunningNode } from '../src/node/node.ts'
import {
  assignmentsOf,
  get,
  type HttpReply,
  idOf,
  keptLogger,
  post,
  postHttpsig,
  postItem,
  readPage,
  request,
  schedule,
  signHttpsig,
  signItem,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  walletA,
  walletB,
} from './node-kit.ts'

const PATH = '/~meta@1.0/info'
const UNFIT = `Unauthorized: The signature must cover path: ${PATH}`
const USED = 'Unauthorized: This request was made before; sign it again'

type Keys = Readonly<Record<string, unknown>>

/** A change in the form of HyperBEAM's own client: every key signed, the path among them. */
function change(keys: Keys, wallet: Wallet = walletA): Promise<Message> {
  return signHttpsig({ path: PATH, method: 'POST', ...keys }, wallet)
}

async function set(node: RunningNode, keys: Keys): Promise<HttpReply> {
  return postHttpsig(node.url, PATH, await change(keys))
}

async function option(node: RunningNode, name: string): Promise<string> {
  const reply = await get(`${node.url}${PATH}/${name}`)
  return reply.status === 200 ? reply.text : `${reply.status}`
}

function assertRefused(reply: HttpReply, text = 'Unauthorized'): void {
  assert.equal(reply.status, 400)
  assert.equal(reply.text, text)
}

describe('POST ~meta@1.0/info', () => {
  test('is obeyed when the operator signed it, directly or as a data item', async (t) => {
    const node = await startTestNode(t)
    const direct = await set(node, { 'page-limit': 7, note: 'mine' })
    assert.equal(direct.status, 200, direct.text)
    assert.equal(direct.text, 'Node message updated. History: 1updates.')
    assert.equal(direct.headers.get('history-length'), '1')
    const item = await signItem({ path: PATH, 'page-limit': 8 }, walletA)
    assert.equal((await postItem(node.url, item, PATH)).status, 200)
    assert.equal(await option(node, 'page-limit'), '8')
    assert.equal(await option(node, 'note'), 'mine')
    assert.equal(await option(node, 'path'), '404', 'keys of the request are no options')
  })

  test('is refused when anybody else signed it, or nobody', async (t) => {
    const node = await startTestNode(t)
    const keys = { 'page-limit': 7 }
    assertRefused(await postHttpsig(node.url, PATH, await change(keys, walletB)))
    assertRefused(await postItem(node.url, await signItem({ path: PATH, ...keys }), PATH))
    const headers = { 'page-limit': '7' }
    assertRefused(await request(node.url + PATH, { method: 'POST', headers }))
    assert.equal(await option(node, 'page-limit'), '1000')
  })

  test('follows the option operator, also when the operator hands the node over', async (t) => {
    const node = await startTestNode(t, { operator: walletB.address })
    assertRefused(await set(node, { note: 'node' }))
    const handOver = await change({ operator: walletA.address }, walletB)
    assert.equal((await postHttpsig(node.url, PATH, handOver)).status, 200)
    assertRefused(await postHttpsig(node.url, PATH, await change({ note: 'old' }, walletB)))
    assert.equal((await set(node, { note: 'new' })).status, 200)
    assert.equal(await option(node, 'note'), 'new')
  })

  test('is refused when a signed key was changed, and takes only what is signed', async (t) => {
    const node = await startTestNode(t)
    const signed = await change({ 'page-limit': 7 })
    const tampered = await postHttpsig(node.url, PATH, signed.with([['page-limit', 9]]))
    assertRefused(tampered)
    const added = await postHttpsig(node.url, PATH, signed.with([['operator', 'somebody']]))
    assert.equal(added.status, 200, added.text)
    assert.equal(await option(node, 'page-limit'), '7')
    assert.equal(await option(node, 'operator'), '404')
  })

  test('an item with a byte changed is refused before anything reads it', async (t) => {
    const node = await startTestNode(t)
    const item = await signItem({ path: PATH, 'page-limit': 7 }, walletA)
    const body = Buffer.from(encodeAns104(item))
    body.writeUInt8(body.readUInt8(100) ^ 1, 100)
    const headers = { 'content-type': 'application/ans104' }
    const reply = await request(node.url + PATH, { method: 'POST', headers, body })
    assert.equal(reply.status, 400, reply.text)
    assert.equal(await option(node, 'page-limit'), '1000')
  })
})

describe('a captured request of the operator', () => {
  test('works no second time', async (t) => {
    const node = await startTestNode(t)
    const first = await change({ 'page-limit': 7 })
    assert.equal((await postHttpsig(node.url, PATH, first)).status, 200)
    assert.equal((await set(node, { 'page-limit': 8 })).status, 200)
    assertRefused(await postHttpsig(node.url, PATH, first), USED)
    assert.equal(await option(node, 'page-limit'), '8')
  })

  test('works once when it comes many times at the same moment', async (t) => {
    const node = await startTestNode(t)
    const signed = await change({ note: 'once' })
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => postHttpsig(node.url, PATH, signed)),
    )
    assert.equal(replies.filter(({ status }) => status === 200).length, 1)
  })

  test('does nothing at another path, and another message of the operator nothing here', async (t) => {
    const node = await startTestNode(t)
    const processId = await spawn(node)
    const signed = await change({ 'page-limit': 7, url: 'http://elsewhere.example' })
    for (const path of ['/~location@1.0/node', '/~scheduler@1.0/location?target=body']) {
      const wrapped = new Message<Value>([['body', signed]])
      const reply = await postHttpsig(node.url, path, wrapped)
      assert.notEqual(reply.message().get('url'), 'http://elsewhere.example')
    }
    const record = await get(`${node.url}/~location@1.0/${node.address}`)
    assert.equal(record.message().get('url'), node.url)
    // Its path is signed: it goes where it was meant to go, whatever the URL says.
    const moved = await postHttpsig(node.url, `/${processId}/schedule`, signed)
    assert.equal(moved.text, 'Node message updated. History: 1updates.')

    const message = await signHttpsig({ 'page-limit': 9, target: processId }, walletA)
    assertRefused(await postHttpsig(node.url, PATH, message), UNFIT)
    const item = await signItem({ 'page-limit': 9, target: processId }, walletA)
    assertRefused(await postItem(node.url, item, PATH), UNFIT)
    assert.equal(await option(node, 'page-limit'), '7')
  })
})

/** The node signs replies, with the wallet that its operator may sign with, too. */
describe('a reply of the node', () => {
  /** What the node answers with a message that a client chose, in the codec that it asks for. */
  async function echo(node: RunningNode, keys: Keys, accept: string): Promise<HttpReply> {
    const headers = { 'content-type': 'application/json', accept }
    const body = JSON.stringify({ nested: keys })
    const reply = await request(`${node.url}/nested`, { method: 'POST', headers, body })
    assert.equal(reply.status, 200, reply.text)
    return reply
  }

  async function sendBack(node: RunningNode, reply: HttpReply, path: string): Promise<void> {
    const dropped = ['connection', 'keep-alive', 'content-length', 'date', 'transfer-encoding']
    const headers = [...reply.headers].filter(([name]) => !dropped.includes(name))
    const back = await request(node.url + path, { method: 'POST', headers, body: reply.bytes })
    assert.equal(back.status, 400, back.text)
  }

  /** Says of itself what only a signed reply has. */
  const FORGED = {
    ['A'.repeat(43)]: {
      ...{ 'commitment-device': 'httpsig@1.0', type: 'hmac-sha256', keyid: 'constant:ao' },
      ...{ signature: 'A'.repeat(43), committed: ['status', 'operator'] },
    },
  }
  const RECORD = {
    ...{ type: 'scheduler-location', url: 'http://thief.example' },
    ...{ nonce: 99, 'time-to-live': 99_999_999 },
  }

  for (const accept of ['*/*', 'application/ans104']) {
    test(`is no request of the operator, ${accept}`, async (t) => {
      const node = await startTestNode(t)
      const keys = { path: PATH, operator: 'thief' }
      await sendBack(node, await echo(node, keys, accept), PATH)
      await sendBack(node, await echo(node, { ...keys, commitments: FORGED }, accept), PATH)
      assert.equal(await option(node, 'operator'), '404')
    })

    test(`is no scheduler location, ${accept}`, async (t) => {
      const node = await startTestNode(t)
      for (const path of ['/~scheduler@1.0/location', '/~location@1.0/known']) {
        await sendBack(node, await echo(node, RECORD, accept), path)
        await sendBack(node, await echo(node, { ...RECORD, path }, accept), path)
      }
      assert.equal((await get(`${node.url}/~location@1.0/${node.address}`)).status, 404)
    })
  }

  test('that the node signed is none either, whatever it says', async (t) => {
    const node = await startTestNode(t)
    const signed = { ...RECORD, path: PATH, operator: 'thief', status: 200 }
    const reply = await postHttpsig(node.url, PATH, await signHttpsig(signed, walletA))
    assertRefused(reply, UNFIT)
    const record = await signHttpsig({ ...RECORD, status: 200 }, walletA)
    const told = await postHttpsig(node.url, '/~location@1.0/known', record)
    assert.equal(told.status, 400)
    assert.match(told.text, /Invalid location record type/)
  })
})

describe('options', () => {
  test('pageLimit takes effect at once', async (t) => {
    const node = await startTestNode(t)
    const processId = await spawn(node)
    for (let n = 1; n < 5; n++) await schedule(node.url, await signMessage(processId))
    assert.equal(assignmentsOf(await readPage(node.url, processId)).length, 5)
    assert.equal((await set(node, { 'page-limit': 1 })).status, 200)
    assert.equal(assignmentsOf(await readPage(node.url, processId)).length, 2)
  })

  test('returnExistingAssignment takes effect at once, as atom and as text', async (t) => {
    const node = await startTestNode(t)
    const message = await signMessage(await spawn(node))
    const slots = async () => (await schedule(node.url, message)).get('slot')
    assert.deepEqual([await slots(), await slots()], [1, 2])
    assert.equal((await set(node, { 'return-existing-assignment': true })).status, 200)
    assert.equal(await slots(), 1, 'the first one')
    assert.equal((await set(node, { 'return-existing-assignment': 'false' })).status, 200)
    assert.equal(await slots(), 3)
  })

  test('followRedirects takes effect at once', async (t) => {
    const node = await startTestNode(t)
    const b = await startTestNode(t, {}, { wallets: [walletB] })
    const process = await signProcess(`${b.address}?hint=${b.url}`)
    assert.equal((await post(node.url, process)).status, 200)
    const read = () => get(`${node.url}/${idOf(process)}/slot`)
    assert.equal((await read()).status, 200)
    assert.equal((await set(node, { 'follow-redirects': false })).status, 200)
    assert.equal((await read()).status, 307)
  })

  test('that need a restart, or cannot have the value, are refused and nothing is changed', async (t) => {
    const node = await startTestNode(t)
    const cases: readonly (readonly [Keys, RegExp])[] = [
      [{ port: 1 }, /Option port cannot be changed while the node runs; .* restart/],
      [{ 'store-path': '/' }, /store-path cannot be changed/],
      [{ wallet_file: '/' }, /wallet_file cannot be changed/],
      [{ mode: 'disabled', note: 'x' }, /mode cannot be changed/],
      [{ 'page-limit': 'many', note: 'x' }, /whole number/],
      [{ 'page-limit': 0 }, /whole number/],
      [{ 'follow-redirects': 'perhaps', note: 'x' }, /true or false/],
    ]
    for (const [keys, reason] of cases) {
      const reply = await set(node, keys)
      assert.equal(reply.status, 400)
      assert.match(reply.text, reason)
    }
    assert.equal(await option(node, 'note'), '404')
    assert.equal(await option(node, 'page-limit'), '1000')
  })

  test('are fixed for good by initialized=permanent', async (t) => {
    const node = await startTestNode(t)
    assert.equal((await set(node, { initialized: 'permanent' })).status, 200)
    const reply = await set(node, { 'page-limit': 7 })
    assertRefused(
      reply,
      'The node message of this machine is already permanent. It cannot be changed.',
    )
    assert.equal(await option(node, 'page-limit'), '1000')
  })
})

describe('private keys', () => {
  test('are in no reply and no line of the log', async (t: TestContext) => {
    const { logger, lines } = keptLogger()
    const node = await startTestNode(t, { walletFile: '/nowhere/wallet.json' }, { logger })
    const processId = await spawn(node)
    const jwk = walletToJwk(walletA) as unknown as Readonly<Record<string, string>>
    const secrets = ['d', 'p', 'q', 'dp', 'dq', 'qi'].map((name) => jwk[name] ?? '')
    for (const secret of secrets) assert.ok(secret.length > 300)
    const paths = [
      ...[PATH, `${PATH}/priv_wallet`, `${PATH}/wallet`, `${PATH}/wallets`, '/~meta@1.0/build'],
      ...[
        `/${processId}`,
        `/${processId}/schedule`,
        `/${processId}/slot`,
        '/~scheduler@1.0/status',
      ],
      ...['/~location@1.0/node', `/~scheduler@1.0/location?address=${node.address}`, '/metrics'],
      ...['/', '/nokey', '/(((', '/~nodevice@1.0/key', `/${'x'.repeat(43)}/slot`, '/health'],
      ...[`/${processId}/slot?target=short`, `/${processId}/schedule?from=x`, `/${processId}/now`],
    ]
    for (const path of paths) {
      for (const accept of ['*/*', 'application/json', 'text/html', 'application/ans104']) {
        const reply = await get(node.url + path, { accept })
        assertNoSecret(`${[...reply.headers].join('\n')}\n${reply.bytes.toString('latin1')}`)
      }
    }
    for (const body of ['{', '{"a":', '\u0000', JSON.stringify({ type: 'Process' })]) {
      for (const type of ['application/json', 'application/ans104', 'multipart/form-data']) {
        const init = { method: 'POST', headers: { 'content-type': type }, body }
        const reply = await request(`${node.url}/${processId}/schedule`, init)
        assertNoSecret(`${[...reply.headers].join('\n')}\n${reply.text}`)
      }
    }
    assertNoSecret(
      JSON.stringify(lines, (_, value) => (value instanceof Error ? `${value.stack}` : value)),
    )

    function assertNoSecret(text: string): void {
      for (const secret of secrets) {
        const bytes = Buffer.from(secret, 'base64url')
        for (const form of [secret, bytes.toString('base64'), bytes.toString('hex')]) {
          assert.equal(text.includes(form.slice(0, 40)), false)
        }
      }
    }
  })
})
