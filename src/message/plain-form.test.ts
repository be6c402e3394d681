import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { anyMessage } from '../../test/arbitrary-message.ts'
import { anyPlainMessage } from '../../test/plain-message.ts'
import { linkedTabm } from './id.ts'
import { plainFormOf } from './plain-form.ts'
import { hmacCommitment, hmacOfForm } from './unsigned-commitment.ts'

test('plainFormOf() gives the hmac that the TABM of the message has', () => {
  let plain = 0
  const property = fc.property(fc.oneof(anyMessage, anyPlainMessage), (message) => {
    const form = plainFormOf(message)
    if (form === undefined) return
    plain++
    assert.deepEqual(hmacOfForm(form), hmacCommitment(linkedTabm(message)))
  })
  fc.assert(property, { numRuns: 3_000 })
  assert.ok(plain > 100)
})
