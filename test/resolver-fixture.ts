/** A resolver over messages and devices of a test's own. */
import assert from 'node:assert/strict'
import { AoError } from '../src/base/errors.ts'
import { type Device, type DeviceHandler, failed, type Outcome, ok } from '../src/device/device.ts'
import { createMessageDevice } from '../src/device/message.ts'
import { createDeviceRegistry } from '../src/device/registry.ts'
import { createMessage, type MessageInput } from '../src/message/create-message.ts'
import { Message } from '../src/message/message.ts'
import { Atom, type Value } from '../src/message/value.ts'
import { createResolver, type Resolver } from '../src/resolver/resolve.ts'

export const ID = '0p5fxGhFqeTYRe56DV_-NPa1XDDUFNe_hZb_W-YjVGU'
export const OTHER = 'H96PQDsnnpCwtnhb9SB-mHUdwgF3kIppDoQ9gaYG9kI'
export const UNKNOWN = 'A'.repeat(43)

export interface Setup {
  readonly devices?: readonly Device[]
  readonly stored?: Readonly<Record<string, Message>>
  readonly isOperator?: (request: Message) => Promise<boolean>
  readonly maxDepth?: number
}

export function setup({ devices = [], stored = {}, isOperator, maxDepth }: Setup = {}): Resolver {
  const message = createMessageDevice({ verifyCommitment: async () => true })
  return createResolver(
    {
      devices: createDeviceRegistry([message, ...devices]),
      readMessage: async (id) => stored[id],
      loadLink: async ({ id }) => {
        const loaded = stored[id]
        if (loaded !== undefined) return loaded
        throw new AoError('link-not-found', 'Expected a stored message')
      },
      isOperator: isOperator ?? (async () => false),
    },
    maxDepth === undefined ? {} : { maxDepth },
  )
}

export function device(name: string, keys: Record<string, DeviceHandler>): Device {
  return { name, keys: new Map(Object.entries(keys)) }
}

/** Answers any key with what it was called with. */
export function echo(name: string): Device {
  const fallback: DeviceHandler = async (base, request) =>
    ok(
      new Message<Value>([
        ['base', new Message(base)],
        ['request', new Message(request)],
        ['loaded-from', base.priv.loadedFrom ?? ''],
        ['placeholder', base.priv.isPlaceholder ? Atom.true : Atom.false],
      ]),
    )
  return { name, keys: new Map(), fallback }
}

export function request(path: string, keys: MessageInput = {}): Message {
  return new Message([...createMessage(keys), ['path', path]])
}

export function get(path: string, options: Setup = {}, keys: MessageInput = {}): Promise<Outcome> {
  return setup(options).resolveRequest(request(path, keys))
}

export function value(outcome: Outcome): Value {
  assert.equal(outcome.kind, 'ok', JSON.stringify(outcome))
  return outcome.value
}

export function message(outcome: Outcome): Message {
  const result = value(outcome)
  assert.ok(result instanceof Message)
  return result
}

export const NOT_FOUND = failed(404, new Atom('not_found'))
/** Refusals that are messages, as `refusal` shows them. */
export const MISSING = { status: 404, body: 'Necessary messages not found in cache.' }
export const UNKNOWN_ID = { status: 404, body: new Atom('not_found') }

export function refusal(outcome: Outcome): Record<string, Value> {
  assert.equal(outcome.kind, 'error')
  assert.ok(outcome.value instanceof Message, JSON.stringify(outcome))
  return Object.fromEntries(outcome.value)
}
