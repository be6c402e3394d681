/**
 * What happens in a node that an operator wants to know of: one function for each event. The
 * implementation in `telemetry/` logs and counts at once; parts only say what happened.
 */

import { type ComputeEvents, silentComputeEvents } from './compute-events.ts'
import { type CronEvents, silentCronEvents } from './cron-events.ts'

export interface Events extends ComputeEvents, CronEvents {
  nodeStarted(event: {
    readonly url: string
    readonly address: string
    readonly store: string
  }): void
  nodeStopped(event: { readonly durationMs: number }): void
  /** A message has its slot, as durable as the mode promises. */
  messageScheduled(event: MessageScheduled): void
  /** A message was not admitted: its sender must change something. */
  scheduleRefused(event: { readonly process?: string; readonly reason: string }): void
  /** A message was admitted but got no slot: the node is at fault, full or too slow. */
  scheduleFailed(event: ScheduleFailed): void
  /** Slots that were acknowledged could not be written before the node stopped (mode `aggressive`). */
  slotsLost(event: SlotsLost): void
  /** The server of a process was opened, at this last slot (-1 before the first). */
  serverOpened(event: { readonly process: string; readonly slot: number }): void
  serverClosed(event: { readonly process: string; readonly reason: ServerCloseReason }): void
  /** A scheduler location was verified and stored, of this node or another. */
  locationStored(event: { readonly signers: readonly string[] }): void
  /** A message or assignment reached the bundler. */
  uploadDone(event: { readonly id: string; readonly durationMs: number }): void
  /** An upload failed; `retryInMs` is absent when it is given up. */
  uploadFailed(event: UploadFailed): void
  /** Another node or gateway did not answer as it should. */
  remoteFailed(event: { readonly url: string; readonly error: unknown }): void
  /** A request was answered, with whatever status. */
  requestHandled(event: RequestHandled): void
  /** A request met an error that is no fault of the client; `requestId` is what the client was told. */
  requestFailed(event: RequestFailed): void
}

export type MessageScheduled = {
  readonly process: string
  readonly slot: number
  /** Id of the message, not of its assignment. */
  readonly message: string
  readonly mode: string
  /** From the start of the request's scheduling to its answer. */
  readonly durationMs: number
  /** Whether the message is the process itself. */
  readonly isSpawn: boolean
}

export type ScheduleFailed = {
  readonly process: string
  readonly mode: string
  readonly error: unknown
}

export type SlotsLost = {
  readonly process: string
  readonly slots: readonly number[]
  readonly error: unknown
}

export type ServerCloseReason = 'idle' | 'evicted' | 'stopped' | 'failed'

export type UploadFailed = {
  readonly id: string
  /** 1 for the first. */
  readonly attempt: number
  readonly retryInMs?: number
  readonly error: unknown
}

export type RequestHandled = {
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

export type RequestFailed = {
  readonly requestId: string
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly error: unknown
}

/** Events that go nowhere: the default inside somebody else's test. */
export const silentEvents: Events = {
  ...silentComputeEvents,
  ...silentCronEvents,
  nodeStarted: () => undefined,
  nodeStopped: () => undefined,
  messageScheduled: () => undefined,
  scheduleRefused: () => undefined,
  scheduleFailed: () => undefined,
  slotsLost: () => undefined,
  serverOpened: () => undefined,
  serverClosed: () => undefined,
  locationStored: () => undefined,
  uploadDone: () => undefined,
  uploadFailed: () => undefined,
  remoteFailed: () => undefined,
  requestHandled: () => undefined,
  requestFailed: () => undefined,
}
