/**
 * Which messages of which outboxes were sent on. A message is noted, signed and all, before it is
 * sent, and its slot after: a push that was cut off sends what it noted, and nothing twice. Under
 * `pushed/<pid>/<slot>/<key>` the notes, under `pushing/<pid>/<slot>` pushes that nobody waits for.
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

export interface PendingPush {
  readonly process: string
  readonly slot: number
}

export interface Deliveries {
  read(place: OutboxPlace): Promise<Delivery | undefined>
  /** Notes a message that is about to be sent; it must be signed by this node. */
  begin(place: OutboxPlace, delivery: Delivery, message: Message): Promise<void>
  /** Notes the slot that the message got. */
  finish(place: OutboxPlace, delivery: Delivery): Promise<void>
  /** Notes a push that goes on when its client is gone, and that it is done. */
  setPending(push: PendingPush): Promise<void>
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
    begin: (place, delivery, message) =>
      store.commit([...prepareMessage(message).writes, note(place, delivery)]),
    finish: (place, delivery) => store.commit([note(place, delivery)]),
    setPending: (push) =>
      store.commit([{ kind: 'value', path: pendingPath(push), value: Buffer.from('1') }]),
    clearPending: (push) => store.commit([{ kind: 'delete', path: pendingPath(push) }]),
    pending: async () => {
      const pushes: PendingPush[] = []
      for (const process of await store.list(PUSHING, { limit: PAGE })) {
        const slots = await store.list(`${PUSHING}/${process}`, { limit: PAGE })
        pushes.push(...slots.map((slot) => ({ process, slot: Number(slot) })))
      }
      return pushes
    },
  }
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
  return `${PUSHING}/${process}/${slotName(slot)}`
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
