import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMessage } from '../message/create-message.ts'
import { Atom } from '../message/value.ts'
import { reasonOf } from './reason.ts'

test('reasonOf() finds the words of a refusal, whatever its form, and not too many', () => {
  assert.equal(reasonOf('Not now'), 'Not now')
  assert.equal(reasonOf(new Atom('not_found')), 'not_found')
  assert.equal(reasonOf(createMessage({ status: 404, reason: 'None' })), 'None')
  assert.equal(reasonOf(createMessage({ body: 'Text' })), 'Text')
  assert.equal(reasonOf(createMessage({ reason: { error: 'Deep' } })), 'Deep')
  assert.equal(reasonOf(createMessage({ status: 500 })), 'no reason given')
  assert.equal(reasonOf('x'.repeat(1_000)).length, 256)
})
