/** The devices of a node by name. Which ones there are is decided where the node is put together. */
import { AoError } from '../base/errors.ts'
import type { Device } from './device.ts'

/** Answers for every message without a `device`, and the keys that another device leaves out. */
export const DEFAULT_DEVICE = 'message@1.0'

export interface DeviceRegistry {
  get(name: string): Device | undefined
  /** The names of all devices, sorted. */
  readonly names: readonly string[]
}

/** @throws AoError `invalid-config` for two devices of one name, and without `message@1.0`. */
export function createDeviceRegistry(devices: Iterable<Device>): DeviceRegistry {
  const byName = new Map<string, Device>()
  for (const device of devices) {
    if (byName.has(device.name)) {
      throw new AoError('invalid-config', 'Expected one device of each name', { name: device.name })
    }
    byName.set(device.name, device)
  }
  if (!byName.has(DEFAULT_DEVICE)) {
    throw new AoError('invalid-config', 'Expected message@1.0 among the devices')
  }
  return { get: (name) => byName.get(name), names: [...byName.keys()].sort() }
}
