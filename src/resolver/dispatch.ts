/** Which handler answers a key: the base's device, else message@1.0. */
import { toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import type { Device, DeviceHandler } from '../device/device.ts'
import { DEFAULT_DEVICE, type DeviceRegistry } from '../device/registry.ts'
import type { Message } from '../message/message.ts'
import { Atom, isBinary } from '../message/value.ts'

export interface Dispatch {
  readonly handler: DeviceHandler
  /** Whether the key is one of the device's `ownAnswers`. */
  readonly isOwn: boolean
}

/**
 * The handler of a key on a base. Keys of devices have no case, and `_` is `-` in them.
 * @throws AoError `unsupported-device` when the base names a device that this node does not have.
 */
export function findHandler(devices: DeviceRegistry, base: Message, key: string): Dispatch {
  const normalized = key.toLowerCase().replaceAll('_', '-')
  const dispatch =
    dispatchTo(requireDevice(devices, deviceName(base)), normalized) ??
    dispatchTo(requireDevice(devices, DEFAULT_DEVICE), normalized)
  if (dispatch !== undefined) return dispatch
  throw new AoError('internal', 'Expected message@1.0 to answer every key', { key: normalized })
}

function dispatchTo(device: Device, key: string): Dispatch | undefined {
  if (device.excludes?.has(key)) return undefined
  const handler = device.keys.get(key) ?? device.fallback
  return handler && { handler, isOwn: device.ownAnswers?.has(key) ?? false }
}

function requireDevice(devices: DeviceRegistry, name: string): Device {
  const device = devices.get(name)
  if (device !== undefined) return device
  throw new AoError('unsupported-device', 'Expected the name of a device that this node has', {
    device: name.slice(0, 64),
  })
}

function deviceName(base: Message): string {
  const device = base.get('device')
  if (device === undefined) return DEFAULT_DEVICE
  const name = isBinary(device) ? toText(device) : device instanceof Atom ? device.name : undefined
  if (name !== undefined) return name
  throw new AoError('unsupported-device', 'Expected the name of a device under the key device')
}
