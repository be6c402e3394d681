/** Calls of real devices through a resolver, as a request would make them. */
import assert from 'node:assert/strict'
import { AoError } from '../src/base/errors.ts'
import { verifyCommitment } from '../src/codec/verify.ts'
import { walletFromJwk } from '../src/crypto/local-wallet.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import type { Device, Outcome } from '../src/device/device.ts'
import { createMessageDevice } from '../src/device/message.ts'
import { createDeviceRegistry } from '../src/device/registry.ts'
import { createMessage, type MessageInput } from '../src/message/create-message.ts'
import { Message } from '../src/message/message.ts'
import type { Value } from '../src/message/value.ts'
import { createResolver } from '../src/resolver/resolve.ts'
import { readVectorFile } from './vectors.ts'

/** The id under which `call()` puts its base. */
export const BASE = 'B'.repeat(43)

export interface CallOptions {
  readonly base?: Message
  readonly device?: Device
  readonly stored?: Readonly<Record<string, Message>>
  /** Keys of the request, which is sent as it is when it is a message. */
  readonly request?: MessageInput | Message
}

/** The answer to a path, `BASE` in it being the base. */
export function call(path: string, options: CallOptions = {}): Promise<Outcome> {
  const { base = new Message(), device, stored = {}, request = {} } = options
  const messages: Readonly<Record<string, Message>> = { ...stored, [BASE]: base }
  const resolver = createResolver({
    devices: createDeviceRegistry([
      createMessageDevice({ verifyCommitment }),
      ...(device === undefined ? [] : [device]),
    ]),
    readMessage: async (id) => messages[id],
    loadLink: async ({ id }) => {
      const message = messages[id]
      if (message === undefined) throw new AoError('link-not-found', 'Expected a stored message')
      return message
    },
    isOperator: async () => false,
  })
  const keys = request instanceof Message ? request : createMessage(request)
  return resolver.resolveRequest(keys.with([['path', path]]))
}

export async function answerOf(path: string, options: CallOptions = {}): Promise<Value> {
  const outcome = await call(path, options)
  assert.equal(outcome.kind, 'ok', JSON.stringify(outcome))
  return outcome.value
}

export async function messageOf(path: string, options: CallOptions = {}): Promise<Message> {
  const value = await answerOf(path, options)
  assert.ok(value instanceof Message)
  return value
}

export function testWallet(): Wallet {
  return walletFromJwk(readVectorFile('wallet'))
}
