import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { commitMessage } from '../src/codec/commit.ts'
import { generateWallet } from '../src/crypto/local-wallet.ts'
import { messageId } from '../src/message/id.ts'
import {
  clientWallet,
  postHttpsig,
  signHttpsig,
  signItem,
  startTestNode,
  walletA,
} from './node-kit.ts'

async function post(url: string, body: Uint8Array): Promise<Response> {
  const headers = { 'content-type': 'application/ans104' }
  return fetch(`${url}/~scheduler@1.0/schedule`, { method: 'POST', headers, body })
}

test('the unsigned id of a process stays a name of the process that had it first', async (t) => {
  const node = await startTestNode(t)
  const keys = { type: 'Process', device: 'process@1.0', scheduler: node.address }
  const first = await signItem(keys, clientWallet)
  const copy = await signItem(keys, await generateWallet('ed25519'))
  const alias = messageId(first, 'none')
  assert.equal(messageId(copy, 'none'), alias)
  for (const process of [first, copy]) {
    assert.equal((await post(node.url, encodeAns104(process))).status, 200)
  }
  const slot = await fetch(`${node.url}/~scheduler@1.0/slot?target=${alias}`)
  assert.equal(slot.headers.get('process'), messageId(first, 'all'))
  const own = await fetch(`${node.url}/~scheduler@1.0/slot?target=${messageId(copy, 'all')}`)
  assert.equal(own.headers.get('process'), messageId(copy, 'all'))
})

test('a signature added to a process does not move its schedule', async (t) => {
  const node = await startTestNode(t)
  const process = await signHttpsig({
    type: 'Process',
    device: 'process@1.0',
    scheduler: node.address,
  })
  const twice = await commitMessage(process, walletA, { device: 'httpsig@1.0' })
  for (const message of [process, twice]) {
    assert.equal((await postHttpsig(node.url, '/~scheduler@1.0/schedule', message)).status, 200)
  }
  const id = messageId(process, 'all')
  const slot = await fetch(`${node.url}/~scheduler@1.0/slot?target=${id}`)
  assert.equal(slot.headers.get('process'), id)
})
