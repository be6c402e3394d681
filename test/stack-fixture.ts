/** Stacks under a resolver: devices that append to `result`, as HyperBEAM's own tests have them. */
import {
  type ComputeEvents,
  type StackStepped,
  silentComputeEvents,
} from '../src/base/compute-events.ts'
import { createDedupDevice } from '../src/device/dedup.ts'
import { type Device, type DeviceHandler, type Outcome, ok } from '../src/device/device.ts'
import { createMessageDevice } from '../src/device/message.ts'
import { createMultipassDevice } from '../src/device/multipass.ts'
import { createPatchDevice } from '../src/device/patch.ts'
import { numberAt, textAt } from '../src/device/read-key.ts'
import { setKeys } from '../src/device/set-keys.ts'
import { createStackDevice, createStackTransformer } from '../src/device/stack.ts'
import type { StackOptions } from '../src/device/stack-run.ts'
import { createMessage, type MessageInput } from '../src/message/create-message.ts'
import { Message } from '../src/message/message.ts'
import type { Resolver } from '../src/resolver/resolve.ts'
import { device, setup } from './resolver-fixture.ts'

export interface StackSetup {
  readonly devices?: readonly Device[]
  readonly options?: Partial<StackOptions>
  readonly stored?: Readonly<Record<string, Message>>
}

export interface StackResolver extends Resolver {
  /** Every step of every stack so far. */
  readonly steps: readonly StackStepped[]
  /** Calls a key on a base, both from plain data. */
  call(base: MessageInput | Message, path: string, keys?: MessageInput): Promise<Outcome>
}

export function stackResolver({
  devices = [],
  options = {},
  stored = {},
}: StackSetup = {}): StackResolver {
  const steps: StackStepped[] = []
  const events: ComputeEvents = {
    ...silentComputeEvents,
    stackStep: (event) => void steps.push(event),
  }
  const message = createMessageDevice({ verifyCommitment: async () => true })
  const defaults: StackOptions = { maxPasses: 10, errorStrategy: 'throw', recordSteps: false }
  const stack = createStackDevice({
    ...{ events, options: { ...defaults, ...options }, elapsedMs: () => performance.now() },
    findDevice: () => message,
  })
  const resolver = setup({
    stored,
    devices: [
      ...[stack, createStackTransformer(), createMultipassDevice(), createDedupDevice()],
      ...[createPatchDevice(), ...devices],
    ],
  })
  const call: StackResolver['call'] = (base, path, keys = {}) =>
    resolver.resolve(
      base instanceof Message ? base : createMessage(base),
      createMessage({ ...keys, path }),
    )
  return { ...resolver, steps, call }
}

/** `result` and then the separator and the request's `bin`; from pass 3 on nothing any more. */
export function appendDevice(separator: string, kind: 'ok' | 'skip' | 'pass' = 'ok'): Device {
  const append: DeviceHandler = async (base, request) => {
    if (numberAt(base, 'pass') === 3) return ok(base)
    const result = (textAt(base, 'result') ?? '') + separator + (textAt(request, 'bin') ?? '')
    return { kind, value: setKeys(base, [['result', result]]) }
  }
  return device(`append${separator}@1.0`, { append })
}

/** A stack of these devices that has "INIT" to append to. */
export function stackOf(
  names: readonly string[],
  keys: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { device: 'stack@1.0', 'device-stack': names, result: 'INIT', ...keys }
}
