/** Messages with bytes that are no UTF-8, in the formats that have room for text only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { decodeJson } from '../src/codec/json.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { Message } from '../src/message/message.ts'
import { Link } from '../src/message/value.ts'
import {
  assignmentsOf,
  bodyOf,
  get,
  idOf,
  postItem,
  readPage,
  request,
  signMessage,
  spawn,
  startTestNode,
} from './node-kit.ts'

const BYTES = Uint8Array.of(0xff, 0, 0xfe, 0x80)
const JSON_BUNDLE = { 'accept-bundle': 'true', 'require-codec': 'application/json' }

function dataOf(message: Message): Uint8Array {
  const data = message.get('data')
  assert.ok(data instanceof Uint8Array)
  return new Uint8Array(data)
}

/** Assignments of a page by their slots. */
function slotsOf(json: string): Record<string, Record<string, unknown>> {
  return (JSON.parse(json) as { assignments: Record<string, Record<string, unknown>> }).assignments
}

test('a page of JSON has a link in place of a message that JSON cannot hold, long or short', async (t) => {
  const node = await startTestNode(t)
  const id = await spawn(node)
  const binary = await signMessage(id, { data: BYTES })
  for (let slot = 1; slot < 50; slot++) {
    const message = slot % 40 === 2 ? binary : await signMessage(id, { data: `text ${slot}` })
    assert.equal((await postItem(node.url, message)).status, 200)
  }
  for (const query of ['?to=9', '']) {
    const reply = await request(`${node.url}/${id}/schedule${query}`, { headers: JSON_BUNDLE })
    assert.equal(reply.status, 200)
    const slots = slotsOf(reply.text)
    assert.equal(slots['2']?.['body+link'], idOf(binary))
    assert.equal(slots['2']?.body, undefined)
    assert.equal(slots['2']?.slot, 2)
    assert.match(JSON.stringify(slots['3']), /"data":"text 3"/)
    assert.equal(slots['42']?.['body+link'], query === '' ? idOf(binary) : undefined)
    const page = decodeJson(reply.text).get('assignments')
    assert.ok(page instanceof Message)
    const assignment = page.get('2')
    assert.ok(assignment instanceof Message && assignment.get('body') instanceof Link)
    assert.ok((await verifyMessage(assignment)).valid)
  }
  const linked = (await get(`${node.url}/${idOf(binary)}`)).message()
  assert.deepEqual(dataOf(linked), BYTES)
})

test('the other formats of a page hold such a message', async (t) => {
  const node = await startTestNode(t)
  const id = await spawn(node)
  await postItem(node.url, await signMessage(id, { data: BYTES }))
  const [, assignment] = assignmentsOf(await readPage(node.url, id))
  assert.ok(assignment)
  assert.deepEqual(dataOf(bodyOf(assignment)), BYTES)
  const reply = await get(`${node.url}/${id}/schedule`, { accept: 'application/aos-2' })
  const { edges } = JSON.parse(reply.text) as { edges: { node: { message: { Data: unknown } } }[] }
  assert.equal(edges[1]?.node.message.Data, null)
})

test('who posts such a message and wants JSON hears of its slot', async (t) => {
  const node = await startTestNode(t)
  const id = await spawn(node)
  const message = await signMessage(id, { data: BYTES })
  for (const wish of [JSON_BUNDLE, { 'accept-bundle': 'true', accept: 'application/json' }]) {
    const reply = await request(`${node.url}/~scheduler@1.0/schedule`, {
      method: 'POST',
      headers: { 'content-type': 'application/ans104', ...wish },
      body: Buffer.from(encodeAns104(message)),
    })
    assert.equal(reply.status, 200, reply.text)
    const json = JSON.parse(reply.text) as Record<string, unknown>
    assert.equal(typeof json.slot, 'number')
    assert.equal(json['body+link'], idOf(message))
  }
})

test('a slot alone as JSON has a link in place of such a message', async (t) => {
  const node = await startTestNode(t)
  const id = await spawn(node)
  const message = await signMessage(id, { data: BYTES })
  await postItem(node.url, message)
  const slot = await request(`${node.url}/${id}/schedule/assignments/1`, { headers: JSON_BUNDLE })
  assert.equal(slot.status, 200, slot.text)
  assert.equal((JSON.parse(slot.text) as Record<string, unknown>)['body+link'], idOf(message))
  const body = await request(`${node.url}/${id}/schedule/assignments/1/body`, {
    headers: JSON_BUNDLE,
  })
  assert.equal(body.status, 406)
})
