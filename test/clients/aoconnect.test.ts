/** `@permaweb/aoconnect` 0.0.98 in mainnet mode: data items, and HTTP signatures on request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, createSigner } from '@permaweb/aoconnect'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { messageId } from '../../src/message/id.ts'
import type { Message } from '../../src/message/message.ts'
import { assertBytes, checkedMessages } from './check-schedule.ts'
import {
  BYTES,
  type ClientNode,
  COMMITMENT_SPECS,
  clientAddress,
  clientJwk,
  MANY_LINES,
  ONE_LINE,
  startClientNode,
} from './client-node.ts'

const MODULE = 'ISShJH1ij-hPPt9St5UFFr_8Ys3Kj5cyg7zrMGt7H9s'
const TAGS = [{ name: 'Action', value: 'Eval' }]

function connectTo({ url }: ClientNode) {
  return connect({ MODE: 'mainnet', URL: url, signer: createSigner(clientJwk()) })
}

for (const assignmentCommitment of COMMITMENT_SPECS) {
  test(`spawn() and message() fill a schedule signed as ${assignmentCommitment}`, async (t) => {
    const node = await startClientNode(t, { assignmentCommitment })
    const ao = connectTo(node)
    const process = await ao.spawn({ module: MODULE, tags: TAGS, data: MANY_LINES })
    assert.equal(await ao.message({ process, tags: TAGS, data: ONE_LINE }), 1)
    assert.equal(await ao.message({ process, tags: TAGS, data: MANY_LINES }), 2)
    assert.equal(await ao.message({ process, tags: TAGS, data: BYTES }), 3)
    const messages = await checkedMessages(node, process, { signer: clientAddress() })
    assertBytes(messages[0], MANY_LINES)
    assertBytes(messages[1], ONE_LINE)
    assertBytes(messages[2], MANY_LINES)
    assertBytes(messages[3], BYTES)
    assertSentItems(node, messages)
  })
}

/** The scheduled messages are the data items that were sent, byte for byte. */
function assertSentItems({ sent }: ClientNode, messages: readonly Message[]): void {
  const items = sent.filter(({ method }) => method === 'POST').map(({ body }) => body)
  assert.deepEqual(
    messages.map((message) => Buffer.from(encodeAns104(message))),
    items,
  )
}

test('message() tells the id of the message where it is asked for', async (t) => {
  const node = await startClientNode(t)
  const ao = connectTo(node)
  const process = await ao.spawn({ module: MODULE })
  const id = await ao.message({ process, data: ONE_LINE, returnMessageId: true })
  const [, message] = await checkedMessages(node, process, { signer: clientAddress() })
  assert.ok(message)
  assert.equal(id, messageId(message, 'all'))
})

test('result(), results() and dryrun() fail at once where nothing computes', async (t) => {
  const node = await startClientNode(t)
  const ao = connectTo(node)
  const process = await ao.spawn({ module: MODULE })
  const slot = await ao.message({ process, tags: TAGS, data: ONE_LINE })
  const startedAt = performance.now()
  await assert.rejects(ao.result({ process, slot }), /Error getting result/)
  await assert.rejects(ao.results({ process }), /Error getting results/)
  await assert.rejects(ao.dryrun({ process, tags: TAGS }), /Error running dryrun/)
  assert.ok(performance.now() - startedAt < 20_000)
  const refused = node.sent.slice(-4)
  assert.deepEqual(
    refused.map(({ target, status }) => [target.replace(process, 'PROCESS'), status]),
    [
      ['/PROCESS~process@1.0/compute/results=1', 404],
      ['/PROCESS/slot/current', 200],
      ['/PROCESS/compute/results=1', 404],
      ['/PROCESS~process@1.0/as=execution/compute&Action=Eval', 404],
    ],
  )
})

test('message() to an unknown process is refused', async (t) => {
  const node = await startClientNode(t)
  const process = 'A'.repeat(43)
  await assert.rejects(connectTo(node).message({ process, data: ONE_LINE }), /Error sending/)
  assert.equal(node.sent.at(-1)?.status, 404)
})

test('request() signed as a data item posts to the scheduler and asks for JSON', async (t) => {
  const node = await startClientNode(t)
  const ao = connectTo(node)
  const fields = { 'signing-format': 'ans104', 'require-codec': 'application/json' }
  const spawned = await ao.request({
    ...{ ...fields, path: '/~scheduler@1.0/schedule', method: 'POST', Type: 'Process' },
    ...{ Scheduler: node.address, device: 'process@1.0', data: ONE_LINE },
  })
  assert.equal(spawned.headers.get('content-type'), 'application/json')
  const { process, slot } = await spawned.json()
  assert.equal(slot, 0)
  for (const [at, data] of [ONE_LINE, MANY_LINES, BYTES].entries()) {
    const path = `/${process}~process@1.0/schedule`
    const reply = await ao.request({ ...fields, path, target: process, Type: 'Message', data })
    assert.equal((await reply.json()).slot, at + 1)
  }
  const messages = await checkedMessages(node, process, { signer: clientAddress() })
  assertSentItems(node, messages)
})

for (const assignmentCommitment of COMMITMENT_SPECS) {
  test(`request() signed over headers, schedule signed as ${assignmentCommitment}`, async (t) => {
    const node = await startClientNode(t, { assignmentCommitment })
    const ao = connectTo(node)
    const fields = { 'signing-format': 'httpsig', method: 'POST' }
    const spawned = await ao.request({
      ...{ ...fields, path: '/~scheduler@1.0/schedule', type: 'Process', passes: 2 },
      ...{ scheduler: node.address, device: 'process@1.0', data: ONE_LINE },
    })
    assert.equal(spawned.status, 200)
    const process = spawned.headers.get('process') ?? ''
    const long = 'x'.repeat(4_000)
    const parts = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`part-${n}`, long]))
    for (const more of [{ data: ONE_LINE }, { list: ['a', 1], n: 5 }, parts]) {
      const path = `/${process}~process@1.0/schedule`
      const reply = await ao.request({ ...fields, path, target: process, type: 'Message', ...more })
      assert.equal(reply.status, 200, await reply.text())
    }
    const messages = await checkedMessages(node, process, { signer: clientAddress() })
    assert.equal(messages[0]?.get('passes'), 2)
    assertBytes(messages[1], ONE_LINE)
    assert.deepEqual(messages[2]?.get('list'), ['a', 1])
    assert.equal(messages[2]?.get('n'), 5)
    assert.equal(messages[3]?.get('part-99'), long)
    const get = { 'signing-format': 'httpsig', method: 'GET' }
    const slot = await ao.request({ ...get, path: `/${process}/slot/current` })
    assert.equal(await slot.text(), '3')
  })
}

test('request() signed over headers drops a body: refused with a reason', async (t) => {
  const node = await startClientNode(t)
  const ao = connectTo(node)
  const process = await ao.spawn({ module: MODULE })
  for (const more of [{ data: MANY_LINES.replace(/[^\r\n -~]/g, '') }, { nested: { a: '1' } }]) {
    const reply = await ao.request({
      ...{ 'signing-format': 'httpsig', method: 'POST', target: process, type: 'Message' },
      ...{ path: `/${process}~process@1.0/schedule`, ...more },
    })
    assert.equal(node.sent.at(-1)?.body.length, 0)
    assert.equal(reply.status, 400)
    assert.match(await reply.text(), /send the body that was signed/)
  }
  const messages = await checkedMessages(node, process, { signer: clientAddress() })
  assert.equal(messages.length, 1)
})
