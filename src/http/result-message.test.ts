import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Commitment } from '../message/commitment.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import type { Outcome } from './resolve.ts'
import { resultMessage } from './result-message.ts'

function sent(outcome: Outcome): { status: number; keys: Record<string, Value> } {
  const { message, status } = resultMessage(outcome)
  return { status, keys: Object.fromEntries(message) }
}

const ok = (value: Value): Outcome => ({ kind: 'ok', value })
const message = (keys: Record<string, Value>): Message => new Message(Object.entries(keys))

test('resultMessage() wraps a literal and says where it is', () => {
  assert.deepEqual(sent(ok('hi')), {
    status: 200,
    keys: { 'ao-result': 'body', body: 'hi', status: 200 },
  })
  assert.deepEqual(sent({ kind: 'error', status: 400, value: 'Task not found.' }), {
    status: 400,
    keys: { 'ao-result': 'body', body: 'Task not found.', status: 400 },
  })
})

test('resultMessage() numbers the items of a list from 1', () => {
  assert.deepEqual(sent(ok(['a', 7])), { status: 200, keys: { 1: 'a', 2: 7, status: 200 } })
})

test('resultMessage() takes the status from the message before the outcome', () => {
  const cases: readonly [Value, number][] = [
    [307, 307],
    ['404', 404],
    [new Atom('created'), 201],
    ['unavailable', 503],
    ['nonsense', 200],
    [99, 200],
    [70_000, 200],
  ]
  for (const [status, expected] of cases) {
    assert.equal(sent(ok(message({ status, x: '1' }))).status, expected)
    assert.equal(sent(ok(message({ status, x: '1' }))).keys.status, expected)
  }
})

test('resultMessage() reads a status word in the body, and leaves unknown words alone', () => {
  assert.equal(sent(ok(message({ body: new Atom('not_found'), x: '1' }))).status, 404)
  assert.equal(sent(ok(new Atom('not_found'))).status, 404)
  assert.equal(sent(ok(new Atom('not_authorized'))).status, 200)
  assert.equal(sent({ kind: 'error', status: 403, value: new Atom('true') }).status, 403)
})

test('resultMessage() treats a body under its own status word as a literal', () => {
  const value = message({ status: new Atom('ok'), body: 'x' })
  assert.deepEqual(sent(ok(value)).keys, { status: 200, body: 'x', 'ao-result': 'body' })
  const other = message({ status: 404, body: 'x' })
  assert.deepEqual(sent(ok(other)).keys, { status: 404, body: 'x' })
})

test('resultMessage() does not touch a committed status', () => {
  const commitment: Commitment = {
    id: 'id',
    device: 'httpsig@1.0',
    type: 'hmac-sha256',
    committed: ['status', 'x'],
    fields: new Map(),
  }
  const value = message({ status: '201', x: '1' }).withCommitments(new Map([['id', commitment]]))
  assert.deepEqual(sent(ok(value)), { status: 201, keys: { status: '201', x: '1' } })
})

test('resultMessage() sets a status that is said to be committed but is not there', () => {
  const commitment: Commitment = {
    id: 'id',
    device: 'httpsig@1.0',
    type: 'hmac-sha256',
    committed: ['status', 'operator'],
    fields: new Map(),
  }
  const value = message({ operator: 'x' }).withCommitments(new Map([['id', commitment]]))
  assert.deepEqual(sent(ok(value)), { status: 200, keys: { status: 200, operator: 'x' } })
})
