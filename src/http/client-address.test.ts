import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClientAddress } from './client-address.ts'
import type { RequestHead } from './request-head.ts'

function head(peerAddress: string, forwarded?: string): RequestHead {
  const headers = new Map(forwarded === undefined ? [] : [['x-forwarded-for', forwarded] as const])
  return { method: 'GET', target: '/', headers, headerCount: 1, bytes: 1, peerAddress }
}

test('createClientAddress() believes nobody by default', () => {
  const address = createClientAddress([])
  assert.equal(address(head('::ffff:127.0.0.1', '9.9.9.9')), '127.0.0.1')
})

test('createClientAddress() takes the client that the last trusted proxy names', () => {
  const address = createClientAddress(['loopback', '10.0.0.0/8'])
  assert.equal(address(head('127.0.0.1', '9.9.9.9')), '9.9.9.9')
  assert.equal(address(head('127.0.0.1', '1.1.1.1, 9.9.9.9, 10.0.0.4')), '9.9.9.9')
  assert.equal(address(head('127.0.0.1', '10.0.0.9, 10.0.0.4')), '10.0.0.9')
  assert.equal(address(head('127.0.0.1')), '127.0.0.1')
})

test('createClientAddress() does not read what a stranger wrote', () => {
  const address = createClientAddress(['10.0.0.1'])
  assert.equal(address(head('8.8.8.8', '10.0.0.1')), '8.8.8.8')
  assert.equal(address(head('10.0.0.1', 'nonsense')), '10.0.0.1')
  assert.equal(address(head('10.0.0.1', '1.2.3.4, unknown')), '10.0.0.1')
})
