/** Pushing, with what it needs of the node: the store of its notes, the wallets, the resolver. */
import { createDeliveries } from '../cache/deliveries.ts'
import { commitMessage } from '../codec/commit.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { DeviceHandler, Outcome } from '../device/device.ts'
import { findProcess } from '../device/process-base.ts'
import type { ProcessComputer } from '../device/process-compute.ts'
import { createPushHandler } from '../device/push.ts'
import { BackgroundPushes } from '../device/push-background.ts'
import { Deliverer, type DeliveryCodec } from '../device/push-delivery.ts'
import { type PushSlotDeps, pushSlot } from '../device/push-slot.ts'
import { Message } from '../message/message.ts'
import type { ComputeParts } from './build-compute.ts'

export interface Pushing {
  readonly handler: DeviceHandler
  readonly background: BackgroundPushes
}

export function buildPushing(parts: ComputeParts, computer: ProcessComputer): Pushing {
  const { config, reader, events, clock } = parts
  const scheduler = parts.scheduler.device
  const deliveries = createDeliveries(parts.store)
  const deliverer = new Deliverer({
    ...{ scheduler, deliveries, reader, events, clock },
    sign: (message, wanted, codec) => sign(parts, { message, wanted, codec }),
  })
  const deps: PushSlotDeps = {
    ...{ computer, reader, deliverer },
    resolvePath: (request: Message): Promise<Outcome> => parts.resolvePath(request),
  }
  const options = { maxDepth: config.pushMaxDepth, maxMessages: config.pushMaxMessages }
  const background = new BackgroundPushes({
    ...{ deliveries, events },
    outside: parts.memory.outside,
    push: (push) => pushSlot(deps, push),
    resume: async ({ process: id, slot }) => {
      const process = await findProcess(reader, new Message([], undefined, { loadedFrom: id }))
      if (process === undefined) return undefined
      const budget = { sends: options.maxMessages, visits: options.maxMessages * 10 }
      const { maxDepth } = options
      return { process, slot, shownSlot: slot, resultDepth: 0, maxDepth, budget }
    },
    limit: config.maxBackgroundPushes,
  })
  return { handler: createPushHandler({ ...deps, scheduler, background, options }), background }
}

interface Signing {
  readonly message: Message
  readonly wanted: readonly string[]
  readonly codec: DeliveryCodec
}

async function sign(
  { config, wallets }: ComputeParts,
  { message, wanted, codec }: Signing,
): Promise<Message | undefined> {
  const own = wanted.flatMap(
    (address) => wallets.find((wallet) => wallet.address === address) ?? [],
  )
  const mayUseDefault = wanted.length === 0 || config.pushAlwaysSign
  const chosen: readonly Wallet[] = own.length > 0 || !mayUseDefault ? own : wallets.slice(0, 1)
  let signed = message
  // A data item has one signer.
  for (const wallet of codec === 'ans104@1.0' ? chosen.slice(0, 1) : chosen) {
    signed = await commitMessage(signed, wallet, { device: codec })
  }
  return chosen.length === 0 ? undefined : signed
}
