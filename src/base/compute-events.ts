/** What happens while a node computes processes and pushes what they say to each other. */

export interface ComputeEvents {
  /** A device that is a member of a stack was called. */
  stackStep(event: StackStepped): void
  /** A slot was applied to the state of its process. */
  slotComputed(event: SlotComputed): void
  /** A slot could not be applied; the process stays at the slot before. */
  computeFailed(event: ComputeFailed): void
  /** The state of a process can be restored at this slot. */
  snapshotStored(event: { readonly process: string; readonly slot: number }): void
  /** A message of an outbox has its slot. */
  messagePushed(event: MessagePushed): void
  /** A message of an outbox did not reach its target. */
  pushFailed(event: PushFailed): void
}

export type StackStepped = {
  /** As the stack names it; not always a device of the node. */
  readonly device: string
  /** The key that was called, as it was asked for. */
  readonly key: string
  /** From 1. */
  readonly pass: number
  readonly outcome: StepOutcome
  readonly durationMs: number
  readonly requestId: string
}

/** `not-found`: the device does not have the key. `thrown`: it raised an error. */
export type StepOutcome = 'ok' | 'skip' | 'pass' | 'error' | 'not-found' | 'thrown'

export type SlotComputed = {
  readonly process: string
  readonly slot: number
  readonly durationMs: number
}

export type ComputeFailed = {
  readonly process: string
  /** The slot that was to be applied; -1 for the state before the first. */
  readonly slot: number
  readonly error: unknown
}

export type MessagePushed = {
  /** The process whose outbox held the message, the slot that filled it, and the key in it. */
  readonly process: string
  readonly slot: number
  readonly key: string
  readonly target: string
  readonly targetSlot: number
  readonly durationMs: number
}

export type PushFailed = {
  readonly process: string
  readonly slot: number
  /** Empty where it is not about one message. */
  readonly key: string
  readonly error: unknown
  /** `false`: it is for nobody that this node knows, as messages to wallets are. */
  readonly hasTarget?: boolean
}

export const silentComputeEvents: ComputeEvents = {
  stackStep: () => undefined,
  slotComputed: () => undefined,
  computeFailed: () => undefined,
  snapshotStored: () => undefined,
  messagePushed: () => undefined,
  pushFailed: () => undefined,
}
