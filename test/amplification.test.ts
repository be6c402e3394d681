/** Small messages that would make much work: what they repeat is done once, or a few times. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Wallet } from '../src/crypto/wallet.ts'
import { startFakeGateway } from './fake-network.ts'
import { get, idOf, postItem, schedule, signProcess, startTestNode, walletA } from './node-kit.ts'
import { spawnWith } from './process-fixture.ts'
import { pingPong } from './push-devices.ts'
import { send } from './push-fixture.ts'

/** A node that counts how often it signs data. */
async function startCounted(t: TestContext) {
  const counted = { signatures: 0 }
  const wallet: Wallet = {
    ...walletA,
    sign: (...given) => {
      counted.signatures++
      return walletA.sign(...given)
    },
  }
  const node = await startTestNode(
    t,
    { signReplies: false },
    { wallets: [wallet], devices: [pingPong] },
  )
  return { node, counted }
}

describe('a process that names one address very often', () => {
  test('as its scheduler: each assignment is signed once', async (t) => {
    const { node, counted } = await startCounted(t)
    const process = await signProcess(Array<string>(500).fill(node.address))
    await schedule(node.url, process)
    assert.equal(counted.signatures, 1)
    const slot = (await get(`${node.url}/${idOf(process)}/slot`)).message()
    assert.deepEqual(slot.get('addresses'), [node.address])
  })

  test('as its authority: each message that it sends is signed once', async (t) => {
    const { node, counted } = await startCounted(t)
    const authority = Array<string>(500).fill(node.address)
    const id = await spawnWith(node, { 'execution-device': 'ping-pong@1.0', authority })
    const slot = await send(node.url, id, { left: '1', friend: id })
    const before = counted.signatures
    assert.equal((await get(`${node.url}/${id}/push&slot=${slot}`)).status, 200)
    const pushed = counted.signatures - before
    assert.ok(pushed > 0 && pushed < 20, `${pushed} signatures`)
  })
})

test('a process that names very many schedulers has a few of them looked for', async (t) => {
  const gateway = await startFakeGateway(t, {
    locations: {},
    block: { height: 1_700_123, indep_hash: 'h'.repeat(64), timestamp: 1 },
  })
  const node = await startTestNode(t, { gatewayUrl: gateway.url })
  const schedulers = Array.from({ length: 500 }, (_, n) => String(n).padStart(43, 'A'))
  const reply = await postItem(node.url, await signProcess(schedulers.join(',')))
  assert.equal(reply.status, 404, reply.text)
  const asked = gateway.received.filter(({ target }) => target === '/graphql')
  assert.ok(asked.length > 0 && asked.length <= 16, `${asked.length} requests`)
})
