/** One push in all its levels: where it began, and what it may still do. */
import type { PendingPush } from '../cache/deliveries.ts'
import type { Value } from '../message/value.ts'
import type { KnownProcess } from './process-base.ts'

export interface PushOptions {
  /** Levels of targets that one push goes through at most. */
  readonly maxDepth: number
  /** Messages that one push sends at most. */
  readonly maxMessages: number
}

export interface SlotPush {
  readonly process: KnownProcess
  readonly slot: number
  /** As the reply shows it: text where it came as text. */
  readonly shownSlot: Value
  /** Levels of replies that hold the results themselves. */
  readonly resultDepth: number
  /** Levels of targets that are pushed in turn; their messages are delivered all the same. */
  readonly maxDepth: number
  readonly run: PushRun
}

/** What all levels of a push share. */
export interface PushRun {
  /** Where it began: is noted with the first message that it sends, until it is done. */
  readonly root: PendingPush
  /** Messages that may still be sent, those counted that could not be. */
  sends: number
  /** Messages that may still be looked at, also where they were sent before. */
  visits: number
  /** Whether `root` may be noted in the store. */
  isNoted: boolean
  /** Messages that were not delivered for a reason that may pass. */
  postponed: number
}

/** How many times more messages a push may look at than send: those that were sent before. */
const VISITS_PER_SEND = 10

export function createPushRun(root: PendingPush, { maxMessages }: PushOptions): PushRun {
  const visits = maxMessages * VISITS_PER_SEND
  return { root, sends: maxMessages, visits, isNoted: false, postponed: 0 }
}
