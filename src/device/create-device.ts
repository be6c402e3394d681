/** Devices of a program that starts a node: the typed way in for code that is not part of it. */
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { Device, DeviceHandler, Outcome } from './device.ts'

export interface DeviceOptions {
  /** Answers every key that has no handler and is not excluded; without it message@1.0 does. */
  readonly fallback?: DeviceHandler
  /** Keys left to message@1.0 even with a fallback. */
  readonly excludes?: readonly string[]
}

/**
 * A device for `startNode(options, { devices: [...] })`. As the `execution-device` of a process it
 * answers `compute`, and if it likes `init`, with the state it is given, changed: the base with
 * other keys, never a message of its own. What it computes must follow from base and request alone:
 * other nodes compute it too. `snapshot` and `normalize` are for devices that keep more than the
 * state; see docs/devices.md.
 *
 * @throws AoError `invalid-config` for a name that is not like `counter@1.0`.
 * @example
 * const counter = createDevice('counter@1.0', {
 *   compute: async (base) => {
 *     const count = (numberAt(base, 'count') ?? 0) + 1
 *     return ok(base.with([['count', count], ['results', createResults({ output: `${count}` })]]))
 *   },
 * })
 */
export function createDevice(
  name: string,
  handlers: Readonly<Record<string, DeviceHandler>>,
  { fallback, excludes = [] }: DeviceOptions = {},
): Device {
  if (!NAME.test(name)) {
    throw new AoError('invalid-config', 'Expected the name of a device to be like counter@1.0', {
      name: name.slice(0, 64),
    })
  }
  const keys = new Map<string, DeviceHandler>()
  for (const [key, handler] of Object.entries(handlers)) {
    const isCompute = normalKey(key) === 'compute'
    keys.set(normalKey(key), isCompute ? withRawResults(handler) : handler)
  }
  return {
    ...{ name, keys, excludes: new Set(excludes.map(normalKey)) },
    ...(fallback === undefined ? {} : { fallback }),
  }
}

const NAME = /^[a-z0-9][a-z0-9._-]*@\d+(\.\d+)*$/

function normalKey(key: string): string {
  return key.toLowerCase().replaceAll('_', '-')
}

/**
 * The answer to a dry run is nobody's state: it also has the `raw` of its results as a key of its
 * own, which is where `dryrun()` of aoconnect looks.
 */
export function withRawResults(handler: DeviceHandler): DeviceHandler {
  return async (base, request, context) => {
    const outcome = await handler(base, request, context)
    return request.priv.isScheduled === true ? outcome : hoisted(outcome)
  }
}

function hoisted(outcome: Outcome): Outcome {
  const { kind, value } = outcome
  const results = value instanceof Message ? value.get('results') : undefined
  const raw = results instanceof Message ? results.get('raw') : undefined
  if (kind === 'error' || raw === undefined || !(value instanceof Message)) return outcome
  return { ...outcome, value: value.with([['raw', raw]]) }
}
