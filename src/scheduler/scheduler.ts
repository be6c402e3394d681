/** Builds the scheduling system of a node from its store, wallets and options. */
import { availableParallelism } from 'node:os'
import type { BlockClock } from '../arweave/block-clock.ts'
import type { Uploader } from '../arweave/uploader.ts'
import type { Clock } from '../base/clock.ts'
import { AoError, isAoError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { HashpathAlgorithm } from '../message/hashpath.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { Link, type Value } from '../message/value.ts'
import type { Store, StoreWrite } from '../store/store.ts'
import { type CommitmentSpec, commitAssignment } from './assignment.ts'
import { createAssignmentForms } from './assignment-forms.ts'
import { type ChainSigners, createChainSigners } from './chain-signer.ts'
import type { RemoteScheduler, SchedulerContext, SchedulerOptions } from './context.ts'
import {
  createLocationDevice,
  createSchedulerDevice,
  type LocationDevice,
  type SchedulerDevice,
} from './device.ts'
import { createKnownProcesses } from './known-processes.ts'
import { parseSchedulers } from './locate.ts'
import { createLocationTable, integerOf } from './location.ts'
import { createRegistry } from './registry.ts'
import {
  type AppendEntry,
  createScheduleStore,
  type Head,
  type ScheduleStore,
} from './schedule-store.ts'
import { createProcessServer, type ProcessServer } from './server.ts'
import { noSignerRate, type SignerRate } from './signer-rate.ts'
import { createUploadQueue, type UploadQueue } from './upload-queue.ts'
import { createWriteGate, type WriteGate } from './write-gate.ts'

export interface SchedulerDeps {
  /** Holds schedules, their messages and scheduler locations. */
  readonly store: Store
  /** The node's wallets; the first is the default. */
  readonly wallets: readonly Wallet[]
  /** Looks a message up in the rest of the node's stores, everything in it loaded. */
  readonly readMessage: (id: string) => Promise<Message | undefined>
  readonly blockClock: BlockClock
  readonly uploader: Uploader
  readonly remote: RemoteScheduler
  readonly mayPublish: SchedulerContext['mayPublish']
  /** Default: no limit. */
  readonly signerRate?: SignerRate
  readonly clock: Clock
  readonly events: Events
  /** Hears of the first slot of a process. */
  readonly onSpawn?: SpawnListener
  /** Asks the gateway for the scheduler location of an address. */
  readonly lookUpLocation?: (address: string) => Promise<Message | undefined>
}

/** What wants to know of new processes, and lose none of them in a crash. */
export interface SpawnListener {
  /** What is to be written in one transaction with the first slot of the process. */
  writes(process: Message, processId: string, timestampMs: number): readonly StoreWrite[]
  /** That transaction is durable. */
  written(): void
}

export interface SchedulerLimits {
  readonly timeoutMs: number
  readonly queueLimit: number
  /** Messages of all processes together that may wait. */
  readonly totalQueueLimit: number
  readonly maxOpenServers: number
  readonly serverIdleMs: number
  /** Drafts of one process that are signed at once, where its chain allows it. */
  readonly signAhead: number
  /** Bytes of assignments that are kept in the forms in which pages hold them. */
  readonly pageCacheBytes: number
}

export interface Scheduler {
  readonly device: SchedulerDevice
  readonly locationDevice: LocationDevice
  readonly store: ScheduleStore
  openServers(): number
  pendingMessages(): number
  /** Slots that a bundler is still to get, as far as they are known. */
  uploadBacklog(): number
  /** Takes up the uploads that were not made when the node stopped. */
  resumeUploads(): Promise<void>
  /** Refuses new messages; resolves when every accepted one is answered. */
  close(): Promise<void>
}

export function createScheduler(
  deps: SchedulerDeps,
  options: SchedulerOptions,
  limits: SchedulerLimits,
): Scheduler {
  const store = createScheduleStore(deps.store)
  const wallets = new Map(deps.wallets.map((wallet) => [wallet.address, wallet]))
  const readProcess = createKnownProcesses(async (id) => {
    const process = await store.readCommitted(id)
    return process === undefined ? deps.readMessage(id) : withSchedulers(store, process)
  })
  const { clock, events, blockClock, remote, mayPublish, uploader } = deps
  const { signerRate = noSignerRate } = deps
  const uploads = createUploadQueue({ store, uploader, events })
  const chains = createChainSigners({ maxRuns: availableParallelism() })
  const openServer = (process: Message, processId: string): Promise<ProcessServer> =>
    open({ deps, options, limits, store, wallets, uploads, gate, chains }, processId, process)
  const registry = createRegistry(
    { clock: deps.clock, events: deps.events, open: openServer },
    {
      maxOpen: limits.maxOpenServers,
      maxPending: limits.totalQueueLimit,
      idleMs: limits.serverIdleMs,
    },
  )
  const gate = createWriteGate(registry, { busyFrom: 8 * availableParallelism() })
  const locations = createLocationTable({
    store: deps.store,
    reader: store,
    clock,
    ...(deps.lookUpLocation === undefined ? {} : { lookUp: deps.lookUpLocation }),
  })
  const context: SchedulerContext = {
    ...{ registry, locations, blockClock, clock, events, wallets, remote, readProcess },
    store: {
      ...store,
      // A server is opened by the one id that all others lead to.
      canonicalId: (id) =>
        registry.find(id) === undefined ? store.canonicalId(id) : Promise.resolve(id),
    },
    ...{ mayPublish, signerRate, options },
    assignmentForms: createAssignmentForms(store.readStored, limits.pageCacheBytes),
  }
  return {
    device: createSchedulerDevice(context),
    locationDevice: createLocationDevice(context),
    store,
    openServers: () => registry.openCount(),
    pendingMessages: () => registry.pendingCount(),
    uploadBacklog: () => uploads.backlog(),
    resumeUploads: () => uploads.resume(),
    close: async () => {
      await registry.close()
      await uploads.close()
      await chains[Symbol.asyncDispose]()
    },
  }
}

interface OpenParts {
  readonly deps: SchedulerDeps
  readonly options: SchedulerOptions
  readonly limits: SchedulerLimits
  readonly store: ScheduleStore
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly uploads: UploadQueue
  readonly gate: WriteGate
  readonly chains: ChainSigners
}

async function open(
  { deps, options, limits, store, wallets, uploads, gate, chains }: OpenParts,
  processId: string,
  process: Message,
): Promise<ProcessServer> {
  const { mode } = options
  if (mode === 'disabled') {
    throw new AoError('unavailable', 'Scheduling is disabled on this node')
  }
  const head = await soundHead(store, processId)
  const signers = signingWallets(process, wallets)
  const spec = commitmentSpec(process, options.commitmentSpec)
  const hashpathAlgorithm = hashpathAlgorithmOf(process)
  deps.events.serverOpened({ process: processId, slot: head?.slot ?? -1 })
  return createProcessServer(
    {
      clock: deps.clock,
      blockClock: deps.blockClock,
      sign: async (assignment) => {
        const signed = await commitAssignment(assignment, signers, spec).catch(tellNotSigned)
        gate.signed()
        return signed
      },
      openRun: (baseHashpath) => {
        const [wallet, ...others] = signers
        if (wallet === undefined || others.length > 0 || spec !== 'ans104@1.0') return undefined
        return chains.of(wallet)?.open({
          baseHashpath,
          algorithm: hashpathAlgorithm,
          signed: () => gate.signed(),
        })
      },
      gather: () => gate.ready(),
      find: (messageId) => store.assignmentOf(processId, messageId),
      append: (entries) =>
        gate.write(entries.length, () => append(deps, store, { processId, entries })),
      upload: async (assignment) => {
        const slot = integerOf(assignment, 'slot') ?? 0
        if (mode === 'remote_confirmation') await uploads.publish(processId, slot)
        else uploads.add(processId, slot)
      },
      lost: (slots, error) => deps.events.slotsLost({ process: processId, slots, error }),
    },
    {
      processId,
      mode,
      chainKind: options.chainKind,
      ...(hashpathAlgorithm === undefined ? {} : { hashpathAlgorithm }),
      ...{ timeoutMs: limits.timeoutMs, queueLimit: limits.queueLimit },
      signAhead: limits.signAhead,
    },
    head,
  )
}

/**
 * The head, if it is where the assignments end: to go on from another place would give slots that
 * are taken to other messages, or leave a gap. @throws AoError `store-failed`
 */
async function soundHead(store: ScheduleStore, processId: string): Promise<Head | undefined> {
  const head = await store.head(processId)
  const slot = head?.slot ?? -1
  const last = slot < 0 ? [] : await store.slots(processId, { from: slot, limit: 1 })
  const next = await store.nextSlot(processId, slot + 1)
  if (next === undefined && last.length === Math.min(slot + 1, 1)) return head
  const reason = 'The head of a schedule is not where its assignments end; restore the store'
  throw new AoError('store-failed', reason, { process: processId, head: slot, next })
}

/** A wallet that fails, such as a key store that does not answer, is no fault of the message. */
function tellNotSigned(cause: unknown): never {
  if (isAoError(cause)) throw cause
  const reason = 'The node could not sign the assignment; the message has no slot; try again later'
  throw new AoError('unavailable', reason, {}, cause)
}

interface Appending {
  readonly processId: string
  readonly entries: readonly AppendEntry[]
}

async function append(
  { onSpawn }: SchedulerDeps,
  store: ScheduleStore,
  { processId, entries }: Appending,
): Promise<void> {
  const [first] = entries
  const process = first?.head.slot === 0 ? first.assignment.message.get('body') : undefined
  if (onSpawn === undefined || first === undefined || !(process instanceof Message)) {
    return store.append(processId, entries)
  }
  const writes = onSpawn.writes(process, processId, first.head.timestamp)
  await store.append(processId, entries, writes)
  if (writes.length > 0) onSpawn.written()
}

/** The process with the schedulers that it names: a list of them is stored on its own. */
async function withSchedulers(store: ScheduleStore, process: Message): Promise<Message> {
  const loaded: [string, Value][] = []
  for (const key of ['scheduler', 'scheduler-location']) {
    const value = process.get(key)
    if (value instanceof Link) loaded.push([key, await store.load(value)])
  }
  return loaded.length === 0 ? process : process.with(loaded)
}

/** The node's wallets among the schedulers that a process names, each once however often it does. */
function signingWallets(process: Message, wallets: ReadonlyMap<string, Wallet>): Wallet[] {
  const named = parseSchedulers(process.get('scheduler') ?? process.get('scheduler-location'))
  const signing = new Set(named.flatMap(({ address }) => wallets.get(address) ?? []))
  return signing.size > 0 ? [...signing] : [...wallets.values()].slice(0, 1)
}

/** @throws AoError `unsupported-codec` when the process asks for a codec that cannot commit. */
function commitmentSpec(process: Message, fallback: CommitmentSpec): CommitmentSpec {
  const spec = textOf(process, 'scheduler-commitment-spec') ?? fallback
  if (spec === 'ans104@1.0' || spec === 'httpsig@1.0') return spec
  throw new AoError(
    'unsupported-codec',
    'Expected scheduler-commitment-spec of the process to be ans104@1.0 or httpsig@1.0',
  )
}

/** @throws AoError `invalid-hashpath` when the process asks for an algorithm nobody knows. */
function hashpathAlgorithmOf(process: Message): HashpathAlgorithm | undefined {
  const algorithm = textOf(process, 'hashpath-alg')
  if (algorithm === undefined || algorithm === 'sha-256-chain' || algorithm === 'accumulate-256') {
    return algorithm
  }
  throw new AoError(
    'invalid-hashpath',
    'Expected hashpath-alg of the process to be sha-256-chain or accumulate-256',
  )
}
