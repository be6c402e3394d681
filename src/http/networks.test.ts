import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressBlock, createNetworks, plainAddress } from './networks.ts'

test('createNetworks() holds addresses, networks and this machine', () => {
  const networks = createNetworks(['loopback', '10.0.0.0/8', '192.0.2.7', '2001:db8::/32', 'word'])
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.200.0.1']) {
    assert.equal(networks.has(address), true, address)
  }
  assert.equal(networks.has('192.0.2.7'), true)
  assert.equal(networks.has('2001:db8:1::5'), true)
  for (const address of ['11.0.0.1', '192.0.2.8', '2001:db9::1', 'word', '', 'nonsense']) {
    assert.equal(networks.has(address), false, address)
  }
  assert.equal(createNetworks([]).has('127.0.0.1'), false)
})

test('plainAddress() gives IPv4 addresses as such', () => {
  assert.equal(plainAddress('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(plainAddress('::ffff:c000:207'), '192.0.2.7')
  assert.equal(plainAddress('::1'), '::1')
})

test('addressBlock() takes an IPv4 address alone, and IPv6 by its first 64 bits', () => {
  assert.equal(addressBlock('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(addressBlock('2001:db8:0:1:2:3:4:5'), '2001:db8:0:1::/64')
  assert.equal(addressBlock('2001:db8:0:1::9'), '2001:db8:0:1::/64')
  assert.equal(addressBlock('2001:0db8:0:0001::9'), '2001:db8:0:1::/64')
  assert.equal(addressBlock('2001:db8::9'), '2001:db8:0:0::/64')
  assert.equal(addressBlock('::1'), '0:0:0:0::/64')
  assert.equal(addressBlock('fe80::1:2:3:4'), 'fe80:0:0:0::/64')
  assert.equal(addressBlock(''), '')
})
