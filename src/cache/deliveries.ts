/**
 * Which messages of which outboxes were sent on. A message is noted, signed and all, before it is
 * sent, and its slot after: a push that was cut off sends what it noted, and nothing twice. Under
 * `pushed/<pid>/<slot>/<key>` the notes, under `pushing/<slot><pid>` where pushes under way began.
 */
import { AoError } from '../base/errors.ts'
import { hashpath } from '../message/hashpath.ts'
import type { Message } from '../message/message.ts'
import type { Store } from '../store/store.ts'
import { prepareMessage } from './prepare.ts'

const PUSHED = 'pushed'
const PUSHING = 'pushing'
const SLOT_DIGITS = 16
const PAGE = 1_000

/** A message in the outbox of a process after a slot. */
export interface OutboxPlace {
  readonly process: string
  readonly slot: number
  readonly key: string
}

export interface Delivery {
  /** The process that it is for, as the outbox names it. */
  readonly target: string
  /** Of the signed message. */
  readonly messageId: string
  /** Newest slot of the target before the message was sent for the first time. */
  readonly after: number
  /** Slot that the message got; absent while nobody knows of one. */
  readonly slot?: number
}

/** Where a push began. */
export interface PendingPush {
  readonly process: string
  readonly slot: number
  /** Levels of targets that it goes through. */
  readonly maxDepth: number
}

/** A message that is about to be sent. */
export interface Departure {
  readonly place: OutboxPlace
  readonly delivery: Delivery
  /** Signed by this node. */
  readonly message: Message
  /** The push that sends it. */
  readonly root: PendingPush
}

export interface Deliveries {
  read(place: OutboxPlace): Promise<Delivery | undefined>
  /** Notes a message that is about to be sent, and the push that sends it. */
  begin(departure: Departure): Promise<void>
  /** Notes the slot that the message got. */
  finish(place: OutboxPlace, delivery: Delivery): Promise<void>
  /** Notes a push that nobody waits for. */
  setPending(push: PendingPush): Promise<void>
  /** Notes that a push is done. */
  clearPending(push: PendingPush): Promise<void>
  /** Pushes that were cut off. */
  pending(): Promise<PendingPush[]>
}

export function createDeliveries(store: Store): Deliveries {
  return {
    read: async (place) => {
      const bytes = await store.get(placePath(place))
      return bytes && parse(bytes)
    },
    begin: ({ place, delivery, message, root }) =>
      store.commit([...prepareMessage(message).writes, note(place, delivery), pendingNote(root)]),
    finish: (place, delivery) => store.commit([note(place, delivery)]),
    setPending: (push) => store.commit([pendingNote(push)]),
    clearPending: (push) => store.commit([{ kind: 'delete', path: pendingPath(push) }]),
    pending: async () => {
      const pushes: PendingPush[] = []
      for (let last: string | undefined; ; ) {
        // All names have the same length: none stands between one and what it begins.
        const from = last === undefined ? {} : { from: `${last}0` }
        const entries = await store.scan(PUSHING, { ...from, limit: PAGE })
        pushes.push(...entries.flatMap(({ name, value }) => parsePending(name, value)))
        if (entries.length < PAGE) return pushes
        last = entries.at(-1)?.name
      }
    },
  }
}

function pendingNote(push: PendingPush) {
  const value = Buffer.from(`${push.maxDepth}`)
  return { kind: 'value', path: pendingPath(push), value } as const
}

function parsePending(name: string, value: Uint8Array | undefined): PendingPush[] {
  const slot = Number(name.slice(0, SLOT_DIGITS))
  const maxDepth = Number(Buffer.from(value ?? []).toString() || Number.NaN)
  if (!Number.isInteger(slot) || !Number.isInteger(maxDepth)) return []
  return [{ process: name.slice(SLOT_DIGITS), slot, maxDepth }]
}

function note(place: OutboxPlace, delivery: Delivery) {
  const value = Buffer.from(JSON.stringify(delivery))
  return { kind: 'value', path: placePath(place), value } as const
}

/** Keys of an outbox may be any text of any length. */
function placePath({ process, slot, key }: OutboxPlace): string {
  return `${PUSHED}/${process}/${slotName(slot)}/${hashpath(key)}`
}

function pendingPath({ process, slot }: PendingPush): string {
  return `${PUSHING}/${slotName(slot)}${process}`
}

function slotName(slot: number): string {
  return String(slot).padStart(SLOT_DIGITS, '0')
}

function parse(bytes: Uint8Array): Delivery {
  try {
    const delivery = JSON.parse(Buffer.from(bytes).toString('utf8')) as Delivery
    if (typeof delivery.messageId === 'string' && Number.isInteger(delivery.after)) return delivery
  } catch {
    // Falls through to the one error below.
  }
  throw new AoError('store-failed', 'The note of a delivery is corrupted; restore the store')
}
