/** The `HB` class of `wao` 0.35.7: HTTP signatures of hbsig, replies read only as far as signed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HB } from 'wao'
import { decodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { Message } from '../../src/message/message.ts'
import { assertBytes, bytesAt, checkedMessages } from './check-schedule.ts'
import {
  type ClientNode,
  COMMITMENT_SPECS,
  clientAddress,
  clientJwk,
  ONE_LINE,
  startClientNode,
} from './client-node.ts'

/** WAO signs other texts than it sends when they are not ASCII, and cannot send bytes. */
const LINES = 'first line\nsecond line: ~!@#$%^&*()\n\nlast'

function connectTo({ url }: ClientNode): Promise<HB> {
  return new HB({ url }).init(clientJwk())
}

for (const assignmentCommitment of COMMITMENT_SPECS) {
  test(`spawn() and schedule() fill a schedule signed as ${assignmentCommitment}`, async (t) => {
    const node = await startClientNode(t, { assignmentCommitment })
    const hb = await connectTo(node)
    assert.equal(hb.operator, node.address)
    const { pid, res } = await hb.spawn({ note: 'here' })
    assert.equal(res.out.slot, 0)
    const scheduled = [
      await hb.schedule({ pid, tags: { action: 'Eval', number: 123 }, data: ONE_LINE }),
      await hb.schedule({ pid, tags: { action: 'Eval' }, data: LINES }),
      await hb.schedule({ pid, tags: { action: 'Eval' } }),
    ]
    assert.deepEqual(
      scheduled.map(({ slot }) => slot),
      [1, 2, 3],
    )
    const messages = await checkedMessages(node, pid, { signer: clientAddress() })
    assert.equal(messages[0]?.get('note'), 'here')
    assertBytes(messages[1], ONE_LINE)
    assert.equal(messages[1]?.get('number'), 123)
    assertBytes(messages[2], LINES)
    assert.equal(messages[3]?.has('data'), false)
  })
}

test('slot(), messages(), g() and getJSON() read a schedule, page by page', async (t) => {
  const node = await startClientNode(t, { pageLimit: 1 })
  const hb = await connectTo(node)
  const { pid } = await hb.spawn()
  for (const data of [ONE_LINE, LINES, 'three']) await hb.schedule({ pid, data })
  assert.equal((await hb.slot({ pid })).current, 3)
  assert.deepEqual(await hb.slot({ pid, path: '/current' }), { 'ao-result': 'body', body: 3 })
  assert.equal(Number(await hb.g(`/${pid}/slot/current`)), 3)
  assert.equal((await hb.getJSON({ path: `/${pid}/schedule` })).process, pid)
  const first = await hb.messages({ pid })
  assert.deepEqual(
    first.edges.map(({ cursor }) => cursor),
    [0, 1],
  )
  assert.ok(first.next)
  const second = await first.next()
  assert.equal(second.next, undefined)
  const data = [...first.edges, ...second.edges].map((edge) => edge.node.message.Data)
  assert.deepEqual(data, ['', ONE_LINE, LINES, 'three'])
  const range = await hb.messages({ pid, from: 1, to: 1 })
  assert.deepEqual(
    range.edges.map(({ node: { message } }) => message.Owner),
    [clientAddress()],
  )
})

test('p() schedules top-level fields, with the path signed or not', async (t) => {
  const node = await startClientNode(t)
  const hb = await connectTo(node)
  const spawned = await hb.p('/~process@1.0/schedule', {
    ...{ type: 'Process', device: 'process@1.0', scheduler: hb.operator, seed: 1 },
  })
  const pid = String(spawned.process)
  const fields = { type: 'Message', target: pid, action: 'Eval', data: LINES }
  const path = `/${pid}/schedule`
  assert.equal((await hb.p(path, fields)).slot, 1)
  assert.equal((await hb.p(path, fields, { path: false })).slot, 2)
  assert.equal((await hb.p('/~process@1.0/schedule', { ...fields, data: ONE_LINE })).slot, 3)
  const messages = await checkedMessages(node, pid, { signer: clientAddress() })
  assertBytes(messages[1], LINES)
  assert.equal(messages[1]?.get('path'), path)
  assert.equal(messages[2]?.has('path'), false)
  assertBytes(messages[3], ONE_LINE)
  const assignment = await node.schedules.assignment(pid, 1)
  assert.equal(assignment?.get('path'), 'compute')
})

test('scheduleFlat() and cacheScript() schedule the request that signs their body', async (t) => {
  const node = await startClientNode(t)
  const hb = await connectTo(node)
  const { pid } = await hb.spawn()
  assert.equal((await hb.scheduleFlat({ pid, data: ONE_LINE })).slot, 1)
  const request = node.sent.at(-1)
  assert.equal((await hb.p(`/${pid}/schedule`, { body: { type: 'Message', data: LINES } })).slot, 2)
  const id = await hb.cacheScript(ONE_LINE)
  const [, flat, posted] = await checkedMessages(node, pid, { signer: clientAddress() })
  assert.equal(flat?.get('path'), '/~process@1.0/schedule')
  assertBytes(bodyOf(flat), ONE_LINE)
  assertBytes(bodyOf(posted), LINES)
  assert.equal((await node.schedules.assignment(pid, 1))?.get('path'), 'compute')
  assert.equal(await hb.g(`/${id}/body/data`), ONE_LINE)
  const kept = [...(flat?.commitments.values() ?? [])].find(({ committer }) => committer)?.wire
  assert.ok(kept?.kind === 'httpsig' && request)
  assert.deepEqual(kept.body && Buffer.from(kept.body), request.body)
})

function bodyOf(message: Message | undefined): Message {
  const body = message?.get('body')
  assert.ok(body instanceof Message)
  return body
}

test('a process that only the request around it signs is refused with the reason', async (t) => {
  const node = await startClientNode(t)
  const hb = await connectTo(node)
  const body = { type: 'Process', device: 'process@1.0', scheduler: hb.operator }
  await assert.rejects(hb.p('/~process@1.0/schedule', { body }), /400: Message is not valid/)
  const reply = await fetch(`${node.url}/~scheduler@1.0/status?require-codec=application/json`)
  assert.doesNotMatch(await reply.text(), /processes":\["/)
})

test('with accept-unsigned a body is scheduled alone, as older nodes did', async (t) => {
  const node = await startClientNode(t, { verifyAssignments: 'accept-unsigned' })
  const hb = await connectTo(node)
  const spawned = await hb.p('/~process@1.0/schedule', {
    body: { type: 'Process', device: 'process@1.0', scheduler: hb.operator, seed: 1 },
  })
  const pid = String(spawned.process)
  assert.equal((await hb.scheduleFlat({ pid, data: LINES })).slot, 1)
  const [, edge] = (await hb.messages({ pid })).edges
  assert.equal(edge?.node.message.Data, LINES)
  assert.equal(edge?.node.message.Owner, '')
  assert.equal(await hb.g(`/${edge?.node.message.Id}/data`), LINES)
})

test('what WAO signs other than it sends is refused with a reason', async (t) => {
  const node = await startClientNode(t)
  const hb = await connectTo(node)
  const { pid } = await hb.spawn()
  await assert.rejects(hb.schedule({ pid, data: 'üñí ☃' }), /400: .*send the body that was signed/)
  await assert.rejects(hb.schedule({ pid, data: Buffer.of(0, 255) }), /400: /)
  await assert.rejects(hb.compute({ pid, slot: 0 }), /not valid JSON/)
  assert.equal(node.sent.at(-1)?.status, 404)
  assert.equal((await hb.slot({ pid })).current, 0)
})

test('WAO takes every reply as signed, whatever its labels would be', async (t) => {
  const node = await startClientNode(t)
  const hb = await connectTo(node)
  for (let n = 0; n < 12; n++) {
    const { out, headers } = await hb.get({ path: `/~message@1.0&n=${n}` })
    assert.equal(out.n, String(n), headers['signature-input'])
    assert.doesNotMatch(headers['signature-input'] ?? '', /comm-[^=]*_/)
    // What the client itself put together gets an hmac and no signature of the node.
    assert.equal(decodeHttpsig({ headers: Object.entries(headers) }).commitments.size, 1)
  }
})

test('a message of hundreds of KiB arrives whole', async (t) => {
  const node = await startClientNode(t)
  const hb = await connectTo(node)
  const { pid } = await hb.spawn()
  const data = 'abcd'.repeat(75_000)
  await hb.schedule({ pid, data })
  await hb.p(`/${pid}/schedule`, { type: 'Message', target: pid, note: data })
  const messages = await checkedMessages(node, pid, { signer: clientAddress() })
  assertBytes(messages[1], data)
  assert.equal(bytesAt(messages[2], 'note').toString(), data)
})
