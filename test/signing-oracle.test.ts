/**
 * Nobody gets the signature of the node on what he chooses: every way to make a node say something
 * is tried, in every codec, and what comes back is signed by the node only where it speaks itself.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { decodeAns104 } from '../src/codec/ans104/ans104.ts'
import { decodeJson } from '../src/codec/json.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { withOnlyCommitted } from '../src/message/committed.ts'
import { createMessage } from '../src/message/create-message.ts'
import { unsignedId } from '../src/message/id.ts'
import type { Message } from '../src/message/message.ts'
import { startNode } from '../src/node/node.ts'
import {
  get,
  type HttpReply,
  idOf,
  post,
  request,
  signHttpsig,
  spawn,
  walletA,
} from './node-kit.ts'

const node = await startNode(
  { host: '127.0.0.1', port: 0, storeEngine: 'memory' },
  { wallets: [walletA] },
)
after(() => node.stop())

const processId = await spawn(node)
/** Each would mean something, were it signed by the node. */
const RECORD = { type: 'scheduler-location', url: 'http://thief.example', nonce: 99 }
const ORDER = { target: processId, action: 'Transfer', recipient: 'thief', quantity: '1000' }
const nested = { record: RECORD, order: ORDER, list: [RECORD, ORDER], page: { type: 'schedule' } }
const stored = await signHttpsig({ type: 'Message', target: processId, ...nested })
assert.equal((await post(node.url, stored)).status, 200)

const record = unsignedId(createMessage(RECORD))
const order = unsignedId(createMessage(ORDER))
const text = encodeURIComponent(JSON.stringify(ORDER))
const query = 'url=http://thief.example&nonce=9&data-protocol=ao&action=Transfer'

/** Paths that lead to keys and values of a client. */
const ECHOES = [
  ...[`/~message@1.0?${query}`, `/~message@1.0/set?${query}`, `/~message@1.0&${query}`],
  ...[`/~message@1.0/set?${query}&type=schedule`, `/~message@1.0/remove?item=host&${query}`],
  ...[`/${record}`, `/${order}`, `/${idOf(stored)}/record`, `/${idOf(stored)}/order`],
  ...[`/${order}/set?${query}`, `/${idOf(stored)}/set?extra=1`, `/${idOf(stored)}/list/1`],
  ...[`/${idOf(stored)}/page`, `/${processId}/set?${query}`, `/${processId}/slot/set?${query}`],
  ...[`/~json@1.0/deserialize?body=${text}`, `/~scheduler@1.0/checkpoint?${query}`],
  ...[`/${processId}/slot/~json@1.0&${query}`, `/${processId}/slot/~scheduler@1.0&${query}`],
  ...[`/${processId}/slot/~message@1.0&${query}`, `/${processId}/as?as=scheduler&${query}`],
  ...[`/${processId}/schedule/~x@1.0&${query}`, `/(/~message@1.0&${query})`],
  ...[`/(/${processId}/slot)/set?${query}`, `/~message@1.0&x+resolve=/${order}/x`],
]

const CODECS = ['httpsig@1.0', 'ans104@1.0', 'json@1.0']

function read(reply: HttpReply, codec: string): Message {
  if (codec === 'ans104@1.0') return decodeAns104(reply.bytes)
  return codec === 'json@1.0' ? decodeJson(reply.text) : reply.message()
}

/** Keys of a reply under a signature of the node, all of which must hold. */
async function keysSignedByNode(reply: HttpReply, codec: string): Promise<string[]> {
  const message = read(reply, codec)
  const { valid, signers } = await verifyMessage(message)
  assert.ok(valid)
  return signers.includes(node.address) ? [...withOnlyCommitted(message).keys()] : []
}

/** An empty message may be signed: it says nothing. */
async function assertNotSigned(reply: HttpReply, codec: string): Promise<void> {
  const keys = await keysSignedByNode(reply, codec)
  assert.deepEqual(
    keys.filter((key) => key !== 'status'),
    [],
  )
}

for (const codec of CODECS) {
  describe(`as ${codec} the node signs`, () => {
    for (const path of ECHOES) {
      test(`nothing of ${path.slice(0, 60)}`, async () => {
        for (const bundle of ['true', 'false']) {
          const headers = { 'require-codec': codec, 'accept-bundle': bundle }
          const reply = await get(node.url + path, headers)
          if (reply.status !== 200) continue
          await assertNotSigned(reply, codec)
        }
      })
    }

    test('nothing of a message that comes as JSON or headers', async () => {
      const json = { 'content-type': 'application/json', 'require-codec': codec }
      const body = JSON.stringify({ ...RECORD, inner: ORDER })
      for (const path of ['/~message@1.0', '/inner', '/~message@1.0/set?x=1']) {
        const posted = await request(node.url + path, { method: 'POST', headers: json, body })
        assert.equal(posted.status, 200, posted.text)
        await assertNotSigned(posted, codec)
      }
      const headers = { ...ORDER, 'require-codec': codec }
      const sent = await request(`${node.url}/~message@1.0`, { method: 'POST', headers })
      assert.equal(sent.status, 200, sent.text)
      await assertNotSigned(sent, codec)
    })

    test('what it says itself', async () => {
      const own = [`/${processId}/slot`, `/${processId}/schedule`, '/~meta@1.0/info']
      for (const path of [...own, '/~scheduler@1.0/status', `/${processId}/slot/current`]) {
        const reply = await get(node.url + path, { 'require-codec': codec })
        assert.equal(reply.status, 200, reply.text)
        assert.ok((await keysSignedByNode(reply, codec)).includes('status'), path)
      }
    })
  })
}

test('the key commit is refused, on every base', async () => {
  for (const base of ['~message@1.0', processId, order, `${processId}/slot`]) {
    const reply = await get(`${node.url}/${base}/commit?${query}`)
    assert.equal(reply.status, 403)
  }
})
