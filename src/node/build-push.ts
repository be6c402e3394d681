/** Pushing, with what it needs of the node: the store of its notes, the wallets, the resolver. */
import { createDeliveries, type PendingPush } from '../cache/deliveries.ts'
import { commitMessage } from '../codec/commit.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { DeviceHandler } from '../device/device.ts'
import { findProcess, type ProcessReader } from '../device/process-base.ts'
import type { ProcessComputer } from '../device/process-compute.ts'
import { createPushHandler } from '../device/push.ts'
import { Deliverer, type DeliveryCodec } from '../device/push-delivery.ts'
import { createPushRun, type PushOptions, type SlotPush } from '../device/push-run.ts'
import { PushRunner } from '../device/push-runner.ts'
import { type PushSlotDeps, pushSlot } from '../device/push-slot.ts'
import { Message } from '../message/message.ts'
import type { ComputeParts } from './build-compute.ts'

/** How long a push may go on before the others get its place. */
const MAX_PUSH_MS = 600_000
/** How long a push that nobody waits for rests before it tries again. */
const RETRY_DELAYS_MS = [1_000, 5_000, 25_000]

export interface Pushing {
  readonly handler: DeviceHandler
  readonly runner: PushRunner
}

export function buildPushing(parts: ComputeParts, computer: ProcessComputer): Pushing {
  const { config, reader, events, clock, resolvePath } = parts
  const scheduler = parts.scheduler.device
  const deliveries = createDeliveries(parts.store)
  const deliverer = new Deliverer({
    ...{ scheduler, deliveries, reader, events, clock },
    sign: (message, wanted, codec) => sign(parts, { message, wanted, codec }),
  })
  const deps: PushSlotDeps = { computer, reader, deliverer, resolvePath }
  const options = { maxDepth: config.pushMaxDepth, maxMessages: config.pushMaxMessages }
  const runner = new PushRunner(
    {
      ...{ deliveries, events },
      outside: parts.memory.outside,
      push: (push) => pushSlot(deps, push),
      resume: (pending) => resumed(reader, pending, options),
    },
    {
      ...{ ...options, waitMs: config.pushWaitMs, retryDelaysMs: RETRY_DELAYS_MS },
      ...{
        maxBackground: config.maxBackgroundPushes,
        maxMs: MAX_PUSH_MS,
        closeMs: config.closeTimeoutMs,
      },
    },
  )
  return { handler: createPushHandler({ scheduler, computer, runner, events, options }), runner }
}

/** What is left of a push that was cut off. */
async function resumed(
  reader: ProcessReader,
  root: PendingPush,
  options: PushOptions,
): Promise<SlotPush | undefined> {
  const { process: id, slot } = root
  const process = await findProcess(reader, new Message([], undefined, { loadedFrom: id }))
  if (process === undefined) return undefined
  const maxDepth = Math.min(root.maxDepth, options.maxDepth)
  const run = createPushRun(root, options)
  return { process, slot, shownSlot: slot, resultDepth: 0, maxDepth, run }
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
  const own = [...new Set(wanted)].flatMap(
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
