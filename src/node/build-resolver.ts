/** The resolver with all devices of a node. */
import type { Clock } from '../base/clock.ts'
import { isAoError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { MemoryBudget } from '../base/memory-budget.ts'
import { VERSION } from '../base/version.ts'
import type { MessageReader } from '../cache/cache.ts'
import { verifyCommitment } from '../codec/verify.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Cron } from '../cron/cron.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { createCronDevice } from '../device/cron.ts'
import type { Device } from '../device/device.ts'
import { createJsonDevice } from '../device/json.ts'
import { createMessageDevice } from '../device/message.ts'
import { createMetaDevice, type NodeOptions } from '../device/meta.ts'
import type { OperatorCheck } from '../device/operator.ts'
import { PUSH_REQUEST } from '../device/push.ts'
import { createDeviceRegistry, type DeviceRegistry } from '../device/registry.ts'
import { createLocationDeviceAdapter, createSchedulerDeviceAdapter } from '../device/scheduler.ts'
import { createTestDevice } from '../device/test-device.ts'
import { Message } from '../message/message.ts'
import type { Link, Value } from '../message/value.ts'
import { createResolver, type Resolver } from '../resolver/resolve.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import { buildComputing, type Computing } from './build-compute.ts'
import type { ReplyMemory } from './reply-memory.ts'
import type { NodeStores } from './stores.ts'

export interface ResolverParts {
  readonly config: NodeConfig
  readonly wallets: readonly Wallet[]
  readonly scheduler: Scheduler
  readonly nodeOptions: NodeOptions
  readonly operatorCheck: OperatorCheck
  readonly replyMemory: ReplyMemory
  readonly reader: MessageReader
  readonly cron: Cron
  readonly stores: NodeStores
  readonly clock: Clock
  readonly events: Events
  readonly memory: MemoryBudget
  readonly fetch: typeof fetch
  /** Devices of the program that starts the node. */
  readonly devices: readonly Device[]
}

/** The resolver, and what computes processes with it. */
export interface Resolution {
  readonly resolver: Resolver
  readonly computing: Computing
}

export function buildResolver(parts: ResolverParts): Resolution {
  const { config, wallets, nodeOptions, operatorCheck, replyMemory, reader } = parts
  const address = wallets[0]?.address ?? ''
  const { device } = parts.scheduler
  const computing = buildComputing({
    ...{ ...parts, store: parts.stores.cache },
    resolve: (base, request) => resolver.resolve(base, request, { requestId: 'compute' }),
    resolvePath: (request) => resolver.resolveRequest(request, { requestId: PUSH_REQUEST }),
    findDevice: (name) => registry.get(name),
  })
  const devices: Device[] = [
    createMessageDevice({ verifyCommitment }),
    createMetaDevice({ options: nodeOptions, address, operatorCheck, build: buildInfo() }),
    createJsonDevice({
      isInline: config.serializeInline,
      loadAll: (message) => reader.loadAll(message),
      storeNested: async (message) => replyMemory.remember(message),
    }),
    createSchedulerDeviceAdapter(device),
    createLocationDeviceAdapter(parts.scheduler.locationDevice),
    ...computing.devices,
    createCronDevice(parts.cron),
    ...(config.testDevices ? [createTestDevice()] : []),
    ...parts.devices,
  ]
  const registry: DeviceRegistry = createDeviceRegistry(devices)
  const resolver: Resolver = createResolver({
    devices: registry,
    readMessage: (id) => reader.read(id).then((found) => found ?? replyMemory.find(id)),
    loadLink: (link) => loadLink(reader, replyMemory, link),
    isOperator: (request) => operatorCheck.isOperator(request),
  })
  return { resolver, computing }
}

async function loadLink(reader: MessageReader, memory: ReplyMemory, link: Link): Promise<Value> {
  try {
    return await reader.load(link)
  } catch (error) {
    const remembered = isAoError(error, 'link-not-found') ? memory.find(link.id) : undefined
    if (remembered === undefined) throw error
    return remembered
  }
}

function buildInfo(): Message {
  return new Message<Value>([
    ['node', 'ao-scheduler'],
    ['version', VERSION],
  ])
}
