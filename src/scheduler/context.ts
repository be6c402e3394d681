/** What the handlers of `~scheduler@1.0` share: the parts they call and the options they obey. */
import type { BlockClock } from '../arweave/block-clock.ts'
import type { Clock } from '../base/clock.ts'
import type { Events } from '../base/events.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { Message } from '../message/message.ts'
import type { CommitmentSpec } from './assignment.ts'
import type { AssignmentForms } from './assignment-forms.ts'
import type { ChainKind } from './chain.ts'
import type { Redirect } from './locate.ts'
import type { LocationTable } from './location.ts'
import type { Registry } from './registry.ts'
import type { ScheduleStore } from './schedule-store.ts'
import type { SchedulingMode } from './server.ts'
import type { SignerRate } from './signer-rate.ts'

/** Other schedulers, reached over HTTP. What they answer is checked, see `remote-check.ts`. */
export interface RemoteScheduler {
  /** Posts a message for scheduling and gives the peer's assignment. */
  post(target: RemoteTarget, message: Message): Promise<RemoteOutcome>
  slot(target: RemoteTarget): Promise<RemoteOutcome>
  schedule(target: RemoteTarget, range: SlotRange): Promise<RemoteOutcome>
  /** Tells a peer of a location record. */
  announce(peerUrl: string, record: Message): Promise<void>
}

/** A process and where its scheduler is. */
export interface RemoteTarget {
  readonly processId: string
  readonly redirect: Redirect
  /** Addresses that may sign for the process; none when the process is not known here. */
  readonly schedulers: readonly string[]
  /** Addresses of the nodes that the request came through, this one at the end. */
  readonly via: readonly string[]
}

export type RemoteOutcome =
  /** A 200, checked. */
  | { readonly kind: 'answered'; readonly message: Message }
  /** A refusal with a status from 400 to 499, and its reason as a message. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: Message }

export interface SlotRange {
  readonly from: number
  /** Inclusive; up to the newest slot when absent. */
  readonly to?: number
}

export interface SchedulerContext {
  readonly store: ScheduleStore
  readonly assignmentForms: AssignmentForms
  readonly registry: Registry
  readonly locations: LocationTable
  readonly blockClock: BlockClock
  readonly clock: Clock
  readonly events: Events
  /** The node's wallets by address; the first is the default. */
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly remote: RemoteScheduler
  /** Looks a process up in the cache, all its commitments with it. */
  readonly readProcess: (id: string) => Promise<Message | undefined>
  /** Whether a request may have a location record of this node made. */
  readonly mayPublish: (request: Message) => Promise<PublishAdmission>
  readonly signerRate: SignerRate
  readonly options: SchedulerOptions
}

export type PublishAdmission =
  | { readonly kind: 'admitted' }
  /** Not signed by the operator, or not as a request for a record: maybe a record itself. */
  | { readonly kind: 'stranger' | 'unfit' }
  /** The operator made this request before. */
  | { readonly kind: 'used'; readonly reason: string }

export interface SchedulerOptions {
  readonly mode: SchedulingMode
  readonly chainKind: ChainKind
  readonly commitmentSpec: CommitmentSpec
  /** What a message must carry: a valid signature, only valid ones if any, or nothing. */
  readonly verifyAssignments: boolean | 'accept-unsigned'
  readonly followRedirects: boolean
  readonly followHints: boolean
  /** Whether posting a message again gives its first assignment instead of a new one. */
  readonly returnExisting: boolean
  /** A page has at most this many assignments more than one. Default 1,000. */
  readonly pageLimit: number
  /** A page ends after so many bytes of messages. */
  readonly pageLimitBytes: number
  readonly locationTtlMs: number
  /** URLs of nodes that are told of a new location record of this node. */
  readonly notifyPeers: readonly string[]
  /** URL under which this node is reached, for its own location record. */
  readonly publicUrl: () => string
}

/** Address of the node's default wallet. */
export function defaultAddress({ wallets }: SchedulerContext): string {
  const [address = ''] = wallets.keys()
  return address
}
