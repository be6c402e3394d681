import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Answer, sendMessage, startFake } from '../../test/fake-network.ts'
import { isAoError } from '../base/errors.ts'
import { createMessage } from '../message/create-message.ts'
import { createPeerClient, type PeerClientOptions } from './client.ts'

async function start(t: TestContext, answer: Answer, options: PeerClientOptions = {}) {
  const peer = await startFake(t, answer)
  const client = createPeerClient(options)
  t.after(() => client.close())
  const url = new URL('/path', peer.url)
  return { peer, client, ask: () => client.request({ url, method: 'GET', via: '1.1 node' }) }
}

function isRefused(pattern: RegExp) {
  return (error: unknown) => isAoError(error, 'remote-failed') && pattern.test(error.message)
}

test('request() gives the message of a reply, texts as text, without transport headers', async (t) => {
  const { ask, peer } = await start(t, (_, response) => {
    response.setHeader('date', 'today')
    sendMessage(response, createMessage({ name: 'grün', count: 3, body: Uint8Array.of(255) }), 201)
  })
  const { status, message } = await ask()
  assert.equal(status, 201)
  assert.deepEqual([...message.keys()].toSorted(), ['body', 'count', 'name'])
  assert.equal(message.get('name'), 'grün')
  assert.equal(message.get('count'), 3)
  assert.deepEqual(peer.received[0]?.headers.via, '1.1 node')
})

test('request() reads a reply in JSON, which peers send where headers cannot carry a message', async (t) => {
  const { ask } = await start(t, (_, response) => {
    response.setHeader('codec-device', 'json@1.0')
    response.setHeader('content-type', 'application/json')
    response.end('{"ao-types":"flag=\\"atom\\"","count":3,"flag":"true","lines":"one\\ntwo"}')
  })
  const { message } = await ask()
  assert.deepEqual([...message.keys()].toSorted(), ['count', 'flag', 'lines'])
  assert.equal(message.get('lines'), 'one\ntwo')
})

test('request() leaves JSON that is the body of a message as it is', async (t) => {
  const { ask } = await start(t, (_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{"edges":[]}')
  })
  assert.equal((await ask()).message.get('body'), '{"edges":[]}')
})

test('request() refuses a reply of too many bytes, announced or not', async (t) => {
  const chunk = Buffer.alloc(1_000)
  const { ask } = await start(
    t,
    (_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', write)
      write()
    },
    { maxReplyBytes: 10_000 },
  )
  await assert.rejects(ask(), isRefused(/too many bytes/))
  const announced = await start(t, (_, response) => {
    response.writeHead(200, { 'content-length': 10 ** 12 })
    response.write(chunk)
  })
  await assert.rejects(announced.ask(), isRefused(/too many bytes/))
})

test('request() gives up after its time, before the head of a reply and within its body', async (t) => {
  for (const answer of [
    () => undefined,
    (_: unknown, response: { write(text: string): unknown }) => response.write('a'),
  ]) {
    const { ask } = await start(t, answer, { timeoutMs: 50 })
    await assert.rejects(ask(), isRefused(/did not answer/))
  }
})

test('close() gives up what is under way', async (t) => {
  const { ask, peer, client } = await start(t, () => undefined)
  const asked = assert.rejects(ask(), isRefused(/did not answer/))
  await peer.reached(1)
  await client.close()
  await asked
})
