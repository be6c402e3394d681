import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAoError } from '../base/errors.ts'
import type { Device } from './device.ts'
import { createDeviceRegistry } from './registry.ts'

const device = (name: string): Device => ({ name, keys: new Map() })

test('createDeviceRegistry() finds devices by name', () => {
  const message = device('message@1.0')
  const registry = createDeviceRegistry([message, device('a@1.0')])
  assert.equal(registry.get('message@1.0'), message)
  assert.equal(registry.get('message@2.0'), undefined)
  assert.deepEqual(registry.names, ['a@1.0', 'message@1.0'])
})

test('createDeviceRegistry() refuses two devices of one name, and none for plain messages', () => {
  const isInvalid = (error: unknown) => isAoError(error, 'invalid-config')
  assert.throws(() => createDeviceRegistry([device('a@1.0')]), isInvalid)
  const twice = [device('message@1.0'), device('message@1.0')]
  assert.throws(() => createDeviceRegistry(twice), isInvalid)
})
