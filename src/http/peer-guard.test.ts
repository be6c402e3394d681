import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sendMessage, startFake } from '../../test/fake-network.ts'
import { isAoError } from '../base/errors.ts'
import { createMessage } from '../message/create-message.ts'
import { createPeerClient } from './client.ts'
import { createPeerGuard } from './peer-guard.ts'

const isPrivate = (error: unknown): boolean =>
  isAoError(error, 'remote-failed') && error.message.includes('localPeers')

test('a guard refuses addresses of private networks in every spelling', () => {
  const guard = createPeerGuard([])
  for (const host of [
    ...['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '0.0.0.0', '10.1.2.3'],
    ...['169.254.169.254', '172.31.0.1', '192.168.1.1', '100.64.0.1', '[::1]', '[::]'],
    ...['[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[fd00::1]', '[fe80::1]', '[64:ff9b::7f00:1]'],
  ]) {
    assert.throws(() => guard.assertAddress(new URL(`http://${host}:80/`)), isPrivate, host)
  }
  for (const host of ['93.184.215.14', '172.32.0.1', '[2606:4700::1111]', 'scheduler.example']) {
    guard.assertAddress(new URL(`http://${host}/`))
  }
})

test('a client with a guard reaches no private address, by number or by name', async (t) => {
  const peer = await startFake(t, (_, response) => sendMessage(response, createMessage({ a: '1' })))
  const ask = async (trusted: readonly string[], url: URL) => {
    const client = createPeerClient({ guard: createPeerGuard(trusted) })
    try {
      return (await client.request({ url, method: 'GET' })).status
    } finally {
      await client.close()
    }
  }
  const byNumber = new URL(peer.url)
  const byName = new URL(peer.url.replace('127.0.0.1', 'localhost'))
  for (const url of [byNumber, byName]) await assert.rejects(ask([], url), isPrivate)
  assert.equal(peer.received.length, 0)
  for (const url of [byNumber, byName]) assert.equal(await ask([url.href], url), 200)
  assert.equal(peer.received.length, 2)
})
