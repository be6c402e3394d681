/** `@permaweb/aoconnect` 0.0.85, on which WAO stands: only `request()`, over headers or as an item. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect, createSigner } from 'aoconnect85'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { Message } from '../../src/message/message.ts'
import { Float, isList } from '../../src/message/value.ts'
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

function connectTo({ url }: ClientNode) {
  return connect({ MODE: 'mainnet', URL: url, signer: createSigner(clientJwk()) })
}

type Client = ReturnType<typeof connectTo>

/** Sends the fields; the client answers with headers and body in one object. */
async function post(client: Client, path: string, fields: object): Promise<Reply> {
  const reply: unknown = await client.request({ path, method: 'POST', ...fields })
  return reply as Reply
}

type Reply = Readonly<Record<string, string>>

for (const assignmentCommitment of COMMITMENT_SPECS) {
  test(`request() over headers and body, schedule signed as ${assignmentCommitment}`, async (t) => {
    const node = await startClientNode(t, { assignmentCommitment })
    const client = connectTo(node)
    const process = await spawn(client, node)
    const path = `/${process}~process@1.0/schedule`
    for (const [at, data] of [ONE_LINE, MANY_LINES, BYTES].entries()) {
      const reply = await post(client, path, { type: 'Message', target: process, data })
      assert.equal(reply.slot, String(at + 1))
    }
    const messages = await checkedMessages(node, process, { signer: clientAddress() })
    assert.equal(messages[0]?.get('authority'), 'somebody')
    assertBytes(messages[0], ONE_LINE)
    assertBytes(messages[1], ONE_LINE)
    assertBytes(messages[2], MANY_LINES)
    assertBytes(messages[3], BYTES)
    const slot: unknown = await client.request({ path: `/${process}/slot/current`, method: 'GET' })
    assert.equal((slot as Reply).body, '3')
  })
}

async function spawn(client: Client, { address }: ClientNode): Promise<string> {
  const { process, slot } = await post(client, '/~scheduler@1.0/schedule', {
    ...{ type: 'Process', device: 'process@1.0', scheduler: address },
    ...{ authority: 'somebody', data: ONE_LINE },
  })
  assert.equal(slot, '0')
  assert.ok(process)
  return process
}

/** Two values at least go into the body here: with one that is not `data` the client sends no value. */
test('request() with nested messages, lists and long values arrives as it was meant', async (t) => {
  const node = await startClientNode(t)
  const client = connectTo(node)
  const process = await spawn(client, node)
  const long = 'z'.repeat(5_000)
  await post(client, `/${process}~process@1.0/schedule`, {
    ...{ type: 'Message', target: process, long, note: MANY_LINES, whole: 7, half: 0.5 },
    nested: { a: '1', list: ['x', 2] },
    items: [{ c: '3' }, { d: '4' }],
  })
  const [, message] = await checkedMessages(node, process, { signer: clientAddress() })
  assert.ok(message)
  assert.equal(message.get('long'), long)
  assert.equal(message.get('note'), MANY_LINES)
  assert.equal(message.get('whole'), 7)
  assert.deepEqual(message.get('half'), new Float(0.5))
  const nested = message.get('nested')
  assert.ok(nested instanceof Message)
  assert.equal(nested.get('a'), '1')
  assert.deepEqual(nested.get('list'), ['x', 2])
  const items = message.get('items')
  assert.ok(isList(items))
  const [first] = items
  assert.ok(first instanceof Message)
  assert.equal(first.get('c'), '3')
})

test('request() as a data item is scheduled byte for byte', async (t) => {
  const node = await startClientNode(t)
  const client = connectTo(node)
  const format = { signingFormat: 'ANS-104' }
  const { process = '' } = await post(client, '/push', {
    ...{ ...format, Type: 'Process', device: 'process@1.0', Scheduler: node.address },
    ...{ 'scheduler-device': 'scheduler@1.0', data: MANY_LINES },
  })
  for (const data of [ONE_LINE, MANY_LINES, BYTES]) {
    const path = `/${process}~process@1.0/schedule`
    await post(client, path, { ...format, Type: 'Message', target: process, data })
  }
  const messages = await checkedMessages(node, process, { signer: clientAddress() })
  assert.equal(messages.length, 4)
  const items = node.sent.filter(({ method }) => method === 'POST').map(({ body }) => body)
  assert.deepEqual(
    messages.map((message) => Buffer.from(encodeAns104(message))),
    items,
  )
})

test('request() to an unknown process fails with the reason, and is not sent again', async (t) => {
  const node = await startClientNode(t)
  const path = `/${'A'.repeat(43)}~process@1.0/schedule`
  await assert.rejects(
    post(connectTo(node), path, { type: 'Message', data: ONE_LINE }),
    /404: Process A+ is not available on this node/,
  )
  assert.equal(node.sent.length, 1)
})
