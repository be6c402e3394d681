/** `push@1.0` over real HTTP: what processes say to each other is delivered, and who is told what. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { createDevice } from '../src/device/create-device.ts'
import { failed, ok } from '../src/device/device.ts'
import { numberAt } from '../src/device/read-key.ts'
import { createMessage } from '../src/message/create-message.ts'
import { messageId, unsignedId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import {
  bodyOf,
  get,
  idOf,
  keptLogger,
  postHttpsig,
  postItem,
  readSchedule,
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
import { type Keys, nested } from './process-fixture.ts'
import { sender } from './push-devices.ts'
import { COUNTER, countOf, entry, send, startPushNode } from './push-fixture.ts'

describe('a pushed message', () => {
  test('is scheduled and computed; the reply has slot, process, id and results', async (t) => {
    const { url, address } = await startPushNode(t)
    const id = await spawn({ url, address }, COUNTER)
    const message = await signMessage(id, { action: 'Increment' })
    const reply = await postItem(url, message, `/${id}/push`)
    assert.equal(reply.status, 200, reply.text)
    const pushed = reply.message()
    assert.deepEqual(
      [pushed.get('slot'), pushed.get('process'), pushed.get('id'), pushed.get('data')],
      [1, id, idOf(message), '1'],
    )
    assert.deepEqual(
      (await verifyMessage(pushed)).signers,
      [],
      'results are not the word of the node',
    )
  })

  test('of a process that is not computed here is only scheduled', async (t) => {
    const { url, address } = await startPushNode(t)
    const id = await spawn({ url, address })
    const reply = await postItem(url, await signMessage(id), `/${id}/push`)
    const pushed = reply.message()
    assert.deepEqual(
      [pushed.get('slot'), pushed.get('process'), pushed.has('data')],
      [1, id, false],
    )
    assert.deepEqual((await verifyMessage(pushed)).signers, [address])
    const process = await postItem(url, await signProcess(address, COUNTER), '/push')
    assert.equal(process.message().get('type'), 'Assignment')
  })

  test('that cannot be computed has its slot all the same', async (t) => {
    const strict = createDevice('strict@1.0', {
      compute: async (base, request) =>
        numberAt(request, 'slot') === 0 ? ok(base) : failed(402, 'Not enough'),
    })
    const node = await startTestNode(t, {}, { devices: [strict] })
    const id = await spawn(node, { 'execution-device': 'strict@1.0' })
    const reply = await postItem(node.url, await signMessage(id), `/${id}/push`)
    const pushed = reply.message()
    assert.deepEqual([reply.status, pushed.get('slot'), pushed.get('response')], [200, 1, 'error'])
    assert.equal(nested(pushed, 'reason').get('error'), 'Not enough')
    assert.equal((await get(`${node.url}/${id}/push&slot=1`)).status, 402)
  })
})

describe('the outbox of a slot', () => {
  test('is delivered with keys that tell where it comes from, signed by the node', async (t) => {
    const { url, address } = await startPushNode(t)
    const target = await spawn({ url, address }, COUNTER)
    const process = await signProcess(address, {
      'execution-device': 'counter@1.0',
      authority: 'somebody',
    })
    await schedule(url, process)
    const from = idOf(process)
    const message = await signMessage(from, { action: 'Forward', to: target })
    const pushed = (await postItem(url, message, `/${from}/push`)).message()
    assert.equal(await countOf(url, target), '1')
    const [, assignment] = await readSchedule(url, target)
    assert.ok(assignment)
    const delivered = bodyOf(assignment)
    const { valid, signers } = await verifyMessage(delivered)
    assert.deepEqual({ valid, signers }, { valid: true, signers: [address] })
    const base = new Message(
      [...process].filter(([key]) => key !== 'authority' && key !== 'scheduler'),
    )
    assert.deepEqual(Object.fromEntries(delivered), {
      action: 'Increment',
      'data-protocol': 'ao',
      'from-authority': 'somebody',
      'from-base': messageId(base, 'none'),
      'from-process': from,
      'from-scheduler': address,
      'from-uncommitted': messageId(process, 'none'),
      target,
      type: 'Message',
      variant: 'ao.N.1',
    })
    const sent = entry(pushed)
    assert.deepEqual(
      [sent.get('id'), sent.get('target'), sent.get('slot')],
      [idOf(delivered), target, 1],
    )
    const resulted = nested(sent, 'resulted-in')
    assert.deepEqual([resulted.get('slot'), resulted.get('process')], [1, target])
    assert.equal(resulted.has('data'), false)
    const deeper = await get(`${url}/${from}/push&slot=1&result-depth+integer=2`)
    assert.equal(nested(entry(deeper.message()), 'resulted-in').get('data'), '1')
    assert.equal(deeper.message().get('slot'), '1')
  })

  test('is delivered once, however often and at once its slot is pushed', async (t) => {
    const { url, address } = await startPushNode(t)
    const [from, target] = [
      await spawn({ url, address }, COUNTER),
      await spawn({ url, address }, COUNTER),
    ]
    const slot = await send(url, from, { action: 'Forward', to: target })
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => get(`${url}/${from}/push&slot=${slot}`)),
    )
    const again = await get(`${url}/${from}/push&slot=${slot}`)
    const ids = [...replies, again].map((reply) => entry(reply.message()).get('id'))
    assert.equal(new Set(ids).size, 1)
    assert.equal((await readSchedule(url, target)).length, 2)
  })

  test('says which targets it cannot reach', async (t) => {
    const { url, address } = await startPushNode(t)
    const from = await spawn({ url, address }, { 'execution-device': 'sender@1.0' })
    const unknown = 'U'.repeat(43)
    const slot = await send(url, from, { to: unknown })
    const reply = (await get(`${url}/${from}/push&slot=${slot}`)).message()
    assert.deepEqual(
      Object.fromEntries([...entry(reply)].filter(([key]) => key !== 'commitments')),
      {
        reason: 'Could not access target process!',
        response: 'error',
        status: 404,
        target: unknown,
      },
    )
    const wrong = await send(url, from, { to: 'bob' })
    const other = (await get(`${url}/${from}/push&slot=${wrong}`)).message()
    assert.equal(entry(other).get('status'), 404)
  })

  test('is told in the log and counted, by what came of each message', async (t) => {
    const { logger, lines } = keptLogger()
    const devices = [counterDevice, sender]
    const node = await startTestNode(t, { pushAlwaysSign: false }, { devices, logger })
    const from = await spawn(node, { 'execution-device': 'sender@1.0' })
    const targets = [
      await spawn(node, COUNTER),
      await spawn(node, { ...COUNTER, authority: 'somebody' }),
      node.address,
    ]
    for (const to of targets) {
      const slot = await send(node.url, from, { to })
      await get(`${node.url}/${from}/push&slot=${slot}`)
    }
    const told = lines.filter(({ message }) => message.startsWith('Message of an outbox'))
    assert.deepEqual(
      told.map(({ message }) => message.slice('Message of an outbox '.length)),
      ['delivered', 'not delivered', 'has no target here'],
    )
    assert.match(String(told.map(({ fields }) => fields.error)), /No identities/)
    const metrics = (await get(`${node.url}/metrics`)).text
    for (const outcome of ['delivered', 'failed', 'no-target']) {
      assert.match(metrics, new RegExp(`ao_messages_pushed_total\\{outcome="${outcome}"\\} 1`))
    }
  })

  test('with a path under resolve sends what that gives, or tells its sender', async (t) => {
    const { url, address } = await startPushNode(t)
    const from = await spawn({ url, address }, { 'execution-device': 'sender@1.0' })
    const target = await spawn({ url, address }, COUNTER)
    const slot = await send(url, from, { to: target, 'say-resolve': '/~meta@1.0/info/address' })
    await get(`${url}/${from}/push&slot=${slot}`)
    const [, assignment] = await readSchedule(url, target)
    assert.ok(assignment)
    assert.equal(bodyOf(assignment).get('body'), address)
    assert.equal(bodyOf(assignment).get('target'), target)
    const failing = await send(url, from, { to: target, 'say-resolve': '/~message@1.0/nothing' })
    const reply = (await get(`${url}/${from}/push&slot=${failing}`)).message()
    assert.equal(entry(reply).get('target'), from)
    const told = bodyOf((await readSchedule(url, from)).at(-1) ?? new Message())
    assert.deepEqual([told.get('resolve'), told.get('outbox-index')], ['error', '1'])
  })
})

describe('a message of an outbox', () => {
  /** What a process that says these keys makes the node sign. */
  async function delivered(t: TestContext, said: Keys) {
    const node = await startPushNode(t)
    const from = await spawn(node, { 'execution-device': 'sender@1.0' })
    const target = await spawn(node, COUNTER)
    const slot = await send(node.url, from, { to: target, ...said })
    await get(`${node.url}/${from}/push&slot=${slot}`)
    const [, assignment] = await readSchedule(node.url, target)
    assert.ok(assignment)
    return { node, from, message: bodyOf(assignment) }
  }

  test('does not choose where it comes from, nor what kind of message it is', async (t) => {
    const said = {
      ...{ 'say-from-process': 'X', 'say-from-authority': 'Y', 'say-From-Base': 'Z' },
      ...{ 'say-type': 'Process', 'say-data-protocol': 'other' },
    }
    const { from, message } = await delivered(t, said)
    const { 'from-process': process, type, ...keys } = Object.fromEntries(message)
    assert.deepEqual([process, type, keys['data-protocol']], [from, 'Message', 'ao'])
    assert.equal(message.has('from-authority'), false)
    assert.notEqual(message.get('from-base'), 'Z')
  })

  test('is no request of the operator, though the node signs it', async (t) => {
    const keys = { 'say-path': '/~meta@1.0/info', 'say-method': 'POST', 'say-operator': 'thief' }
    const { node, message } = await delivered(t, keys)
    assert.deepEqual((await verifyMessage(message)).signers, [node.address])
    assert.equal((await postHttpsig(node.url, '/~meta@1.0/info', message)).status, 400)
    const operator = await get(`${node.url}/~meta@1.0/info/operator`)
    assert.notEqual(operator.text, 'thief')
  })

  test('makes no task of the node, though it signs it', async (t) => {
    const keys = { 'say-path': '/~cron@1.0/every', 'say-interval': '1-day', 'say-cron-path': '/x' }
    const { node, message } = await delivered(t, keys)
    const reply = await postHttpsig(node.url, '/~cron@1.0/every', message)
    assert.equal(reply.status, 400, reply.text)
  })

  test('cannot wait for itself', async (t) => {
    const { url, address } = await startPushNode(t)
    const from = await spawn({ url, address }, { 'execution-device': 'sender@1.0' })
    const target = await spawn({ url, address }, COUNTER)
    const slot = await send(url, from, { to: target, 'say-resolve': `/${from}/push&slot=1` })
    assert.equal(slot, 1)
    await get(`${url}/${from}/push&slot=1`)
    const told = bodyOf((await readSchedule(url, from)).at(-1) ?? new Message())
    assert.deepEqual(
      [told.get('resolve'), told.get('reason')],
      ['error', 'A message of an outbox cannot push.'],
    )
  })
})

describe('who signs', () => {
  test('every wallet of the node that the target names as authority', async (t) => {
    const node = await startTestNode(
      t,
      {},
      { devices: [counterDevice], wallets: [walletA, walletB] },
    )
    const from = await spawn(node, COUNTER)
    const authority = `${walletB.address}, somebody`
    const target = await spawn(node, { ...COUNTER, authority })
    await postItem(
      node.url,
      await signMessage(from, { action: 'Forward', to: target }),
      `/${from}/push`,
    )
    const [, assignment] = await readSchedule(node.url, target)
    assert.ok(assignment)
    assert.deepEqual((await verifyMessage(bodyOf(assignment))).signers, [walletB.address])
  })

  test('every wallet of the node that the policy of the target accepts', async (t) => {
    const wallets = [walletA, walletB]
    const node = await startTestNode(t, {}, { devices: [counterDevice], wallets })
    const from = await spawn(node, COUNTER)
    const rules = { 'accept-committers': `somebody, ${walletB.address}` }
    await schedule(node.url, await signHttpsig({ type: 'Message', target: from, rules }))
    const policy = `/${unsignedId(createMessage(rules))}`
    const target = await spawn(node, { ...COUNTER, policy, authority: walletA.address })
    const slot = await send(node.url, from, { action: 'Forward', to: target })
    await get(`${node.url}/${from}/push&slot=${slot}`)
    const [, assignment] = await readSchedule(node.url, target)
    assert.ok(assignment)
    assert.deepEqual((await verifyMessage(bodyOf(assignment))).signers, [walletB.address])
  })

  test('nobody, if the node must not sign for others and the target names others', async (t) => {
    const node = await startTestNode(t, { pushAlwaysSign: false }, { devices: [counterDevice] })
    const from = await spawn(node, COUNTER)
    const target = await spawn(node, { ...COUNTER, authority: 'somebody' })
    const slot = await send(node.url, from, { action: 'Forward', to: target })
    const reply = (await get(`${node.url}/${from}/push&slot=${slot}`)).message()
    assert.match(String(entry(reply).get('reason')), /^Application of security policy failed/)
    assert.equal((await readSchedule(node.url, target)).length, 1)
  })
})

test('what is no slot, and what is no POST, has a reason', async (t) => {
  const { url, address } = await startPushNode(t)
  const id = await spawn({ url, address }, COUNTER)
  assert.equal((await get(`${url}/${id}/push`)).status, 400)
  assert.equal((await get(`${url}/${id}/push&slot=x`)).status, 400)
  assert.equal((await get(`${url}/${id}/push&slot=7`)).status, 404)
  const other = await spawn({ url, address })
  assert.equal((await get(`${url}/${other}/push&slot=0`)).status, 404)
  const item = await signItem({ type: 'Message', target: 'U'.repeat(43) })
  assert.equal((await postItem(url, item, '/~push@1.0/push')).status, 404)
})
