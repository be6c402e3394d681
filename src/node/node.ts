/**
 * The composition root: builds a node from its configuration, starts it and stops it. The only
 * place where parts are wired together. Parts are built in the order in which they need each other;
 * stopping closes the outside first and the stores last.
 */
import { type BlockClock, createBlockClock } from '../arweave/block-clock.ts'
import { createGateway } from '../arweave/gateway.ts'
import { createUploader } from '../arweave/uploader.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { createMemoryBudget, type MemoryBudget } from '../base/memory-budget.ts'
import { createMessageCache } from '../cache/cache.ts'
import { verifyMessage } from '../codec/verify.ts'
import { resolveConfig } from '../config/load-config.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Cron } from '../cron/cron.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { Device } from '../device/device.ts'
import { createOperatorCheck } from '../device/operator.ts'
import { createPeerClient, type PeerClient } from '../http/client.ts'
import { createNetworks } from '../http/networks.ts'
import { createPeerGuard } from '../http/peer-guard.ts'
import { createRemoteScheduler } from '../scheduler/remote.ts'
import { createScheduler, type Scheduler } from '../scheduler/scheduler.ts'
import { createSignerRate, type SignerRate } from '../scheduler/signer-rate.ts'
import { createEvents } from '../telemetry/events.ts'
import { createMetrics, type RenderableMetrics } from '../telemetry/metrics.ts'
import type { Computing } from './build-compute.ts'
import { buildCron } from './build-cron.ts'
import { buildHttp } from './build-http.ts'
import { buildResolver, type Resolution } from './build-resolver.ts'
import { joinReaders } from './join-readers.ts'
import { createNodeOptions, type LiveOptions } from './node-options.ts'
import { createReplyMemory } from './reply-memory.ts'
import { areUsable, countReads, type NodeStores, openStores } from './stores.ts'
import { openWallet } from './wallets.ts'

/** What a program may give a node instead of what the configuration says. */
export interface NodeDeps {
  /** The node's wallets, the first the default one. Default: the wallet of `walletFile`. */
  readonly wallets?: readonly Wallet[]
  /** Default: the system's clock. */
  readonly clock?: Clock
  /** Default: nothing is logged. */
  readonly logger?: Logger
  /** For the gateway and the bundler. Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
  /** Default: what the configuration names. The node closes them when it stops. */
  readonly stores?: NodeStores
  /** Devices of the program itself, beside those of the node; see `createDevice`. */
  readonly devices?: readonly Device[]
}

export interface RunningNode {
  /** `http://127.0.0.1:8734` */
  readonly url: string
  /** Address of the node's default wallet: the scheduler address of its processes. */
  readonly address: string
  /** Engine and place of the store. */
  readonly storeName: string
  readonly config: NodeConfig
  /** Answers what is under way, writes everything, closes the stores. Stopping twice is allowed. */
  stop(): Promise<void>
}

/**
 * Starts a node. Without options it listens on all addresses, port 8734, and keeps its store in
 * `./data`; for a test give `{ port: 0, host: '127.0.0.1', storeEngine: 'memory' }`.
 *
 * @throws AoError `invalid-config`, `invalid-wallet`, `store-failed`
 * @example
 * const node = await startNode({ host: '127.0.0.1', port: 0, storeEngine: 'memory' })
 * await fetch(`${node.url}/~meta@1.0/info/address`)
 * await node.stop()
 */
export async function startNode(
  options: Partial<NodeConfig> = {},
  deps: NodeDeps = {},
): Promise<RunningNode> {
  const config = resolveConfig(options)
  const wallets = deps.wallets ?? [await openWallet(config)]
  const stores = deps.stores ?? (await openStores(config))
  try {
    return await startWith(config, deps, { wallets, stores })
  } catch (error) {
    await stores.close()
    throw error
  }
}

interface Ground {
  readonly wallets: readonly Wallet[]
  readonly stores: NodeStores
}

async function startWith(
  config: NodeConfig,
  deps: NodeDeps,
  { wallets, stores: opened }: Ground,
): Promise<RunningNode> {
  const memory = createMemoryBudget(config.bufferLimitBytes)
  const stores = countReads(opened, memory)
  const clock = deps.clock ?? systemClock
  const logger = deps.logger ?? silentLogger
  const metrics = createMetrics({ ofProcess: deps.logger !== undefined })
  const events = createEvents({ logger, metrics })
  const peers = openPeers(config, memory)
  const network = createNetwork(config, { clock, logger, fetch: deps.fetch ?? fetch })
  const cache = createMessageCache(stores.cache)
  const live = liveOptions(config)
  const nodeOptions = createNodeOptions(config, live)
  const address = wallets[0]?.address ?? ''
  const operatorCheck = createOperatorCheck({
    options: () => nodeOptions.read(),
    address,
    verify: verifyMessage,
  })
  const scheduler = createScheduler(
    {
      ...{ wallets, clock, events, ...network },
      mayPublish: (request) => operatorCheck.mayPublish(request),
      signerRate: signerRateOf(config, () => operatorCheck.operator()),
      store: stores.scheduler,
      readMessage: async (id) => {
        const message = await cache.readCommitted(id)
        return message && cache.loadAll(message)
      },
      remote: createRemoteScheduler(peers),
      onSpawn: {
        writes: (process, processId, timestampMs) =>
          cron.spawnWrites(process, processId, timestampMs),
        written: () => void cron.adoptSpawned(),
      },
    },
    live,
    limitsOf(config),
  )
  const cron: Cron = buildCron({
    ...{ config, wallets, store: stores.scheduler, clock, events, ...network },
    operator: () => operatorCheck.operator(),
    resolver: () => resolver,
    scheduler: () => scheduler,
  })
  await cron.load()
  const reader = joinReaders(cache, scheduler.store)
  const replyMemory = createReplyMemory()
  const parts = { config, wallets, reader, replyMemory, memory }
  const { resolver, computing }: Resolution = buildResolver({
    ...{ ...parts, scheduler, nodeOptions, operatorCheck, cron, stores, clock, events },
    ...{ devices: deps.devices ?? [], fetch: deps.fetch ?? fetch },
  })
  describeMetrics(metrics, { scheduler, stores, cron, computing })
  let isUsable = () => areUsable(stores)
  const isReady = () => isUsable()
  const http = await buildHttp({ ...parts, resolver, events, logger, metrics, isReady })
  nodeOptions.listensOn(http.port)
  tellOfFailure(scheduler.resumeUploads(), 'Uploads of earlier slots', logger)
  live.publicUrl = () => config.publicUrl ?? http.url
  await cron.start()
  tellOfFailure(computing.resume(), 'Pushes that were cut off', logger)
  const storeName = stores.scheduler.name
  events.nodeStarted({ url: http.url, address, store: storeName })
  const stop = once(() => {
    isUsable = async () => false
    return stopNode({ http, cron, computing, scheduler, peers, stores, events, ...network })
  })
  return { url: http.url, address, storeName, config, stop }
}

function tellOfFailure(resumed: Promise<void>, what: string, logger: Logger): void {
  resumed.catch((error: unknown) => {
    logger.error({ err: error }, `${what} could not be taken up`)
  })
}

interface NetworkDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly fetch: typeof fetch
}

/** What reaches beyond the node and its peers: block clock, bundler, gateway. */
function createNetwork(config: NodeConfig, deps: NetworkDeps) {
  const { gatewayUrl, bundlerUrl, blockPollMs } = config
  const gateway = gatewayUrl === undefined ? undefined : createGateway(deps, { gatewayUrl })
  return {
    blockClock: createBlockClock(deps, { gatewayUrl, pollMs: blockPollMs }),
    uploader: createUploader(deps, { bundlerUrl, timeoutMs: config.bundlerTimeoutMs }),
    ...(gateway === undefined
      ? {}
      : { lookUpLocation: (address: string) => gateway.schedulerLocation(address) }),
  }
}

function liveOptions(config: NodeConfig): LiveOptions {
  return {
    mode: config.mode,
    chainKind: config.assignmentChain,
    commitmentSpec: config.assignmentCommitment,
    verifyAssignments: config.verifyAssignments,
    followRedirects: config.followRedirects,
    followHints: config.followHints,
    returnExisting: config.returnExistingAssignment,
    pageLimit: config.pageLimit,
    pageLimitBytes: config.pageLimitBytes,
    locationTtlMs: config.schedulerLocationTtlMs,
    notifyPeers: config.notifyPeers,
    publicUrl: () => config.publicUrl ?? '',
  }
}

/** Whom the node obeys has no rate, unless its configuration leaves that out. */
function signerRateOf(config: NodeConfig, operator: () => string): SignerRate {
  const exempt = new Set(config.rateLimitExempt)
  return createSignerRate({
    perSecond: config.rateLimitPerSigner,
    burst: config.rateBurstPerSigner,
    isExempt: (address) =>
      exempt.has(address) || (exempt.has('operator') && address === operator()),
  })
}

/**
 * Signatures of one process that are made at once: enough to keep the cores of a machine busy while the
 * thread that serves requests is with others.
 */
const SIGN_AHEAD = 24

function limitsOf(config: NodeConfig) {
  return {
    timeoutMs: config.scheduleTimeoutMs,
    queueLimit: config.processQueueLimit,
    totalQueueLimit: config.totalQueueLimit,
    maxOpenServers: config.maxOpenServers,
    serverIdleMs: config.serverIdleMs,
    signAhead: SIGN_AHEAD,
    pageCacheBytes: config.pageCacheBytes,
  }
}

interface Measured {
  readonly scheduler: Scheduler
  readonly stores: NodeStores
  readonly cron: Cron
  readonly computing: Computing
}

function describeMetrics(metrics: RenderableMetrics, measured: Measured): void {
  const { scheduler, stores, cron, computing } = measured
  metrics.gauge(
    { name: 'ao_computed_processes', help: 'Processes whose state is held in memory' },
    () => computing.heldProcesses(),
  )
  metrics.gauge({ name: 'ao_cron_tasks', help: 'Cron tasks that are active or paused' }, () => {
    return cron.counts().tasks
  })
  metrics.gauge({ name: 'ao_cron_runs_active', help: 'Runs of cron tasks under way' }, () => {
    return cron.counts().running
  })
  metrics.gauge({ name: 'ao_scheduler_open_servers', help: 'Processes whose server is open' }, () =>
    scheduler.openServers(),
  )
  metrics.gauge(
    { name: 'ao_scheduler_pending_messages', help: 'Messages that wait for their slot' },
    () => scheduler.pendingMessages(),
  )
  metrics.gauge(
    { name: 'ao_scheduler_upload_backlog', help: 'Slots that the bundler does not have yet' },
    () => scheduler.uploadBacklog(),
  )
  metrics.gauge({ name: 'ao_store_size_bytes', help: 'Bytes that the store takes' }, () =>
    stores.scheduler.sizeBytes(),
  )
}

interface Running {
  readonly http: { close(): Promise<void> }
  readonly cron: Cron
  readonly computing: Computing
  readonly scheduler: Scheduler
  readonly peers: { close(): Promise<void> }
  readonly blockClock: BlockClock
  readonly stores: NodeStores
  readonly events: Events
}

async function stopNode(running: Running): Promise<void> {
  const { http, cron, computing, scheduler, peers, blockClock, stores, events } = running
  const startedMs = performance.now()
  blockClock.stop()
  await http.close()
  await cron.close()
  await computing.close()
  await scheduler.close()
  await peers.close()
  await stores.close()
  events.nodeStopped({ durationMs: performance.now() - startedMs })
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= run()
    return running
  }
}

function openPeers(config: NodeConfig, memory: MemoryBudget): PeerClient {
  const options = { timeoutMs: config.peerTimeoutMs, hold: memory.hold }
  const guard = isGuarded(config) ? createPeerGuard(config.notifyPeers) : undefined
  return createPeerClient(guard === undefined ? options : { ...options, guard })
}

/** Whether strangers must not lead the node into the network that it stands in. */
function isGuarded({ localPeers, host }: NodeConfig): boolean {
  return localPeers === 'auto' ? !isLoopback(host) : localPeers === 'refuse'
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || createNetworks(['loopback']).has(host)
}
