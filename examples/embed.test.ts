/**
 * A scheduler inside a test suite: started on a free port with everything in memory, driven like
 * any node, gone when the test ends.
 *
 *   npx node --conditions=source --test examples/embed.test.ts
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  commitMessage,
  createMessage,
  encodeAns104,
  generateWallet,
  messageId,
  startNode,
  testWallet,
} from 'ao-scheduler'

test('a process gets its messages in order', async (t) => {
  const node = await startNode(
    { host: '127.0.0.1', port: 0, storeEngine: 'memory' },
    { wallets: [testWallet()] },
  )
  t.after(() => node.stop())
  const wallet = await generateWallet('ed25519')

  const send = async (keys: Record<string, string>): Promise<Response> => {
    const message = await commitMessage(createMessage(keys), wallet, { device: 'ans104@1.0' })
    return fetch(`${node.url}/~scheduler@1.0/schedule`, {
      method: 'POST',
      headers: { 'content-type': 'application/ans104' },
      body: encodeAns104(message),
    })
  }

  const spawned = await send({
    type: 'Process',
    device: 'process@1.0',
    scheduler: node.address,
    'data-protocol': 'ao',
    variant: 'ao.N.1',
  })
  const processId = spawned.headers.get('process') ?? ''
  for (const [index, data] of ['one', 'two'].entries()) {
    const reply = await send({ type: 'Message', target: processId, data })
    assert.equal(reply.headers.get('slot'), String(index + 1))
  }

  const current = await fetch(`${node.url}/${processId}/slot/current`)
  assert.equal(await current.text(), '2')
  assert.equal(messageId(createMessage({ a: '1' })), 'z3vwVvCE7AFo58_pb6AkT5VCNON3r4Y_6aiRg46otN4')
})
