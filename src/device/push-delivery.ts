/**
 * Delivers a message of an outbox: signs it, notes it, has it scheduled, notes its slot. Each is
 * delivered once, however often its slot is pushed and wherever a push before was cut off: what was
 * noted without a slot is looked for in the schedule of its target before it is sent again.
 */
import type { Clock } from '../base/clock.ts'
import type { ComputeEvents } from '../base/compute-events.ts'
import { AoError } from '../base/errors.ts'
import type { MessageReader } from '../cache/cache.ts'
import type { Deliveries, Delivery, OutboxPlace, PendingPush } from '../cache/deliveries.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import type { SchedulerDevice } from '../scheduler/device.ts'
import { parsePage } from '../scheduler/formats.ts'
import { numberAt } from './read-key.ts'
import { reasonOf } from './reason.ts'

export type DeliveryCodec = 'httpsig@1.0' | 'ans104@1.0'

export interface DeliveryDeps {
  readonly scheduler: Pick<SchedulerDevice, 'schedule' | 'slot'>
  readonly deliveries: Deliveries
  readonly reader: Pick<MessageReader, 'readCommitted' | 'loadAll'>
  /** Signs with those wallets of the node whose addresses are wanted; `undefined` if it does not. */
  readonly sign: (
    message: Message,
    wanted: readonly string[],
    codec: DeliveryCodec,
  ) => Promise<Message | undefined>
  readonly events: Pick<ComputeEvents, 'messagePushed' | 'pushFailed'>
  readonly clock: Clock
}

export interface Parcel {
  /** The process that it is for, with a hint if it has one. */
  readonly target: string
  /** Unsigned. */
  readonly message: Message
  /** Addresses that the target wants it signed by. */
  readonly signers: readonly string[]
}

/** Makes the message of a place, which is done once; a message of another kind says why it cannot. */
export type PackParcel = () => Promise<Parcel | { readonly refusal: Message }>

export type Delivered =
  | {
      readonly kind: 'delivered'
      readonly target: string
      readonly messageId: string
      readonly slot: number
      /** Whether it was sent now, and not before. */
      readonly isNew: boolean
    }
  | { readonly kind: 'unsendable'; readonly refusal: Message }
  | {
      readonly kind: 'refused'
      readonly target: string
      readonly reason: Value
      /** Whether it may be taken later. */
      readonly mayPass: boolean
    }

/** A message of an outbox on its way. */
export interface Consignment {
  readonly place: OutboxPlace
  /** Where the push that sends it began. */
  readonly root: PendingPush
  readonly pack: PackParcel
}

const NOT_SIGNED =
  'Application of security policy failed: No identities matching authority were found.'

export class Deliverer {
  readonly #deps: DeliveryDeps
  /** Deliveries under way, by their place: whoever else wants one waits for it. */
  readonly #underWay = new Map<string, Promise<Delivered>>()

  constructor(deps: DeliveryDeps) {
    this.#deps = deps
  }

  /** What came of the delivery. @throws AoError when the store or the target's scheduler fails. */
  deliver(consignment: Consignment): Promise<Delivered> {
    const { process, slot, key } = consignment.place
    const name = JSON.stringify([process, slot, key])
    const known = this.#underWay.get(name)
    if (known !== undefined) return known
    const running = this.#once(consignment).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, running)
    return running
  }

  async #once(consignment: Consignment): Promise<Delivered> {
    const { place } = consignment
    const startedMs = this.#deps.clock.now()
    try {
      const known = await this.#deps.deliveries.read(place)
      if (known?.slot !== undefined) return delivered(known, known.slot, false)
      const outcome = await (known === undefined
        ? this.#begin(consignment)
        : this.#resume(consignment, known))
      this.#tell(place, outcome, startedMs)
      return outcome
    } catch (error) {
      this.#deps.events.pushFailed({ ...place, error })
      throw error
    }
  }

  async #begin(consignment: Consignment, codec: DeliveryCodec = 'httpsig@1.0'): Promise<Delivered> {
    const parcel = await consignment.pack()
    if ('refusal' in parcel) return { kind: 'unsendable', refusal: parcel.refusal }
    const { target, message, signers } = parcel
    const signed = await this.#deps.sign(message, signers, codec)
    if (signed === undefined) {
      return { kind: 'refused', target, reason: NOT_SIGNED, mayPass: false }
    }
    const { place, root } = consignment
    const after = await this.#newestSlot(target)
    const delivery: Delivery = { target, messageId: messageId(signed, 'all'), after }
    await this.#deps.deliveries.begin({ place, delivery, message: signed, root })
    return this.#post({ consignment, delivery, signed })
  }

  async #post({ consignment, delivery, signed }: SignedParcel): Promise<Delivered> {
    const request = new Message<Value>([
      ['path', 'schedule'],
      ['method', 'POST'],
      ['body', signed],
    ])
    const { status, value } = await this.#deps.scheduler.schedule(new Message(), request)
    // An older scheduler may take data items only.
    if (status === 422 && !isItem(signed)) return this.#begin(consignment, 'ans104@1.0')
    const slot = value instanceof Message ? numberAt(value, 'slot') : undefined
    if (status === 200 && slot !== undefined) return this.#finish(consignment.place, delivery, slot)
    const mayPass = status >= 500 || status === 429
    return { kind: 'refused', target: delivery.target, reason: value, mayPass }
  }

  /** Goes on with a message that was sent perhaps. */
  async #resume(consignment: Consignment, delivery: Delivery): Promise<Delivered> {
    const slot = await this.#findSlot(delivery)
    if (slot !== undefined) return this.#finish(consignment.place, delivery, slot)
    const stored = await this.#deps.reader.readCommitted(delivery.messageId)
    if (stored === undefined) return this.#begin(consignment)
    const signed = await this.#deps.reader.loadAll(stored)
    return this.#post({ consignment, delivery, signed })
  }

  async #finish(place: OutboxPlace, delivery: Delivery, slot: number): Promise<Delivered> {
    await this.#deps.deliveries.finish(place, { ...delivery, slot })
    return delivered(delivery, slot, true)
  }

  async #newestSlot(target: string): Promise<number> {
    const request = new Message([['target', target]])
    const { status, value } = await this.#deps.scheduler.slot(new Message(), request)
    const current = value instanceof Message ? numberAt(value, 'current') : undefined
    if (status === 200 && current !== undefined) return current
    // It is only where to look first for the message, should this push be cut off.
    return -1
  }

  /** The slot of a message in the schedule of its target. */
  async #findSlot({ target, messageId: id, after }: Delivery): Promise<number | undefined> {
    for (let from = after + 1; ; ) {
      const request = new Message<Value>([
        ['method', 'GET'],
        ['target', target],
        ['from', from],
      ])
      const { status, value } = await this.#deps.scheduler.schedule(new Message(), request)
      if (status !== 200 || !(value instanceof Message)) {
        throw new AoError(
          'unavailable',
          'The schedule of the target cannot be read; push again later',
        )
      }
      const { assignments, continues } = parsePage(await this.#deps.reader.loadAll(value))
      const found = assignments.find(({ message }) => bodyId(message) === id)
      const last = assignments.at(-1)?.slot
      if (found !== undefined || !continues || last === undefined) return found?.slot
      from = last + 1
    }
  }

  #tell(place: OutboxPlace, outcome: Delivered, startedMs: number): void {
    const { events, clock } = this.#deps
    if (outcome.kind === 'delivered') {
      const durationMs = clock.now() - startedMs
      const { target, slot: targetSlot } = outcome
      events.messagePushed({ ...place, target, targetSlot, durationMs })
    } else {
      const isRefused = outcome.kind === 'refused'
      const error = reasonOf(isRefused ? outcome.reason : outcome.refusal)
      events.pushFailed({ ...place, error, hasTarget: isRefused })
    }
  }
}

interface SignedParcel {
  readonly consignment: Consignment
  readonly delivery: Delivery
  readonly signed: Message
}

/** Whether a message is signed as a data item. */
function isItem({ commitments }: Message): boolean {
  return [...commitments.values()].some(({ device }) => device === 'ans104@1.0')
}

function delivered({ target, messageId }: Delivery, slot: number, isNew: boolean): Delivered {
  return { kind: 'delivered', target, messageId, slot, isNew }
}

function bodyId(assignment: Message): string | undefined {
  const body = assignment.get('body')
  return body instanceof Message ? messageId(body, 'all') : undefined
}
