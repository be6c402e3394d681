import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMessage } from '../message/create-message.ts'
import { unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { createReplyMemory } from './reply-memory.ts'

const idOf = (keys: Record<string, unknown>): string => unsignedId(createMessage(keys))

test('remember() keeps nested messages and lists, at any depth', () => {
  const memory = createReplyMemory()
  memory.remember(createMessage({ a: { b: { c: '1' } }, list: ['x', 'y'] }))
  assert.equal(memory.find(idOf({ c: '1' }))?.get('c'), '1')
  assert.ok(memory.find(idOf({ b: { c: '1' } })))
  assert.equal(memory.find(unsignedId(['x', 'y']))?.get('2'), 'y')
  assert.equal(memory.find(idOf({ other: '1' })), undefined)
})

test('remember() forgets the oldest beyond its number of messages', () => {
  const memory = createReplyMemory({ limit: 2 })
  for (const n of ['1', '2', '1', '3']) memory.remember(createMessage({ a: { n } }))
  assert.equal(memory.find(idOf({ n: '2' })), undefined)
  assert.ok(memory.find(idOf({ n: '1' })))
  assert.ok(memory.find(idOf({ n: '3' })))
})

test('remember() forgets the oldest beyond its bytes, and keeps nothing larger than these', () => {
  const memory = createReplyMemory({ limitBytes: 3_000 })
  const large = (n: string) => ({ n, data: 'x'.repeat(1_000) })
  for (const n of ['1', '2', '3']) memory.remember(createMessage({ a: large(n) }))
  assert.equal(memory.find(idOf(large('1'))), undefined)
  assert.ok(memory.find(idOf(large('3'))))
  const huge = { data: 'x'.repeat(4_000) }
  memory.remember(createMessage({ a: huge }))
  assert.equal(memory.find(idOf(huge)), undefined)
  assert.ok(memory.find(idOf(large('3'))))
})

test('remember() keeps no forms of what a message links to', () => {
  const none = async () => new Map<string, never>()
  const inlineForms = { json: none, parts: none, release: () => undefined }
  const links = createMessage({ a: 'b' }).withPrivate({ inlineForms })
  const memory = createReplyMemory()
  memory.remember(new Message([['links', links]]))
  assert.equal(memory.find(unsignedId(links))?.priv.inlineForms, undefined)
})
