/**
 * Pushes what a process said at a slot: computes the slot, delivers the messages of its outbox, and
 * pushes what their targets say to them, as deep as it may. Source: HyperBEAM, `dev_push`.
 */
import { isAoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { type Outcome, ok } from './device.ts'
import { asMessage } from './message-path.ts'
import type { KnownProcess, ProcessReader } from './process-base.ts'
import { findProcess } from './process-base.ts'
import type { ProcessComputer } from './process-compute.ts'
import type { Delivered, Deliverer, Parcel } from './push-delivery.ts'
import { lowerKeys, outgoingMessage, type SecurityDeps, wantedSigners } from './push-message.ts'
import { textAt } from './read-key.ts'

export interface PushSlotDeps extends SecurityDeps {
  readonly computer: ProcessComputer
  readonly reader: ProcessReader
  readonly deliverer: Deliverer
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
  readonly budget: PushBudget
}

/** What one push may do in all its levels together. */
export interface PushBudget {
  /** Messages that may still be sent. */
  sends: number
  /** Messages that may still be looked at, also where they were sent before. */
  visits: number
}

/** The reply to a push of a slot; an error where the slot cannot be computed. */
export async function pushSlot(deps: PushSlotDeps, push: SlotPush): Promise<Outcome> {
  const { process, slot } = push
  const outcome = await deps.computer.compute(process, slot)
  if (outcome.kind === 'error') return outcome
  const state = outcome.value instanceof Message ? outcome.value : new Message()
  const results = asMessage(state.get('results')) ?? new Message()
  const entries: [string, Value][] = []
  for (const [key, message] of outboxOf(results)) {
    entries.push([key, await pushMessage(deps, push, { key, message })])
  }
  return ok(
    new Message<Value>([
      ...entries,
      ...(push.resultDepth > 0 ? results : []),
      ['slot', push.shownSlot],
      ['process', process.id],
    ]),
  )
}

/** Messages in the order in which they were sent. */
function outboxOf(results: Message): [string, Value][] {
  const outbox = [...(asMessage(results.get('outbox')) ?? [])]
  const rank = (key: string): number => (/^\d+$/.test(key) ? Number(key) : Number.MAX_VALUE)
  return outbox.sort(([left], [right]) => rank(left) - rank(right))
}

interface Outgoing {
  readonly key: string
  readonly message: Value
}

async function pushMessage(
  deps: PushSlotDeps,
  push: SlotPush,
  { key, message: raw }: Outgoing,
): Promise<Message> {
  const message = raw instanceof Message ? lowerKeys(raw) : undefined
  const target = message && textAt(message, 'target')
  if (message === undefined || target === undefined) return noTarget(key, raw)
  if (push.budget.sends <= 0 || push.budget.visits-- <= 0) return exhausted(target)
  try {
    const place = { process: push.process.id, slot: push.slot, key }
    const delivered = await deps.deliverer.deliver(place, () => pack(deps, push, { key, message }))
    return await entryOf(deps, push, delivered)
  } catch (error) {
    if (!isAoError(error)) throw error
    return errorEntry([
      ['target', target],
      ['reason', error.message],
    ])
  }
}

interface Sendable {
  readonly key: string
  readonly message: Message
}

/** The message as it goes out, unless nobody knows its target. */
async function pack(
  deps: PushSlotDeps,
  push: SlotPush,
  { key, message: raw }: Sendable,
): Promise<Parcel | { readonly refusal: Message }> {
  const message = await evaluated(deps, push, { key, message: raw })
  const target = textAt(message, 'target') ?? ''
  const known = await targetProcess(deps.reader, target)
  if (known === undefined && !target.includes('?hint=')) return { refusal: unknownTarget(target) }
  const signers = await wantedSigners(deps, known?.message)
  return { target, message: outgoingMessage(message, push.process), signers }
}

async function entryOf(deps: PushSlotDeps, push: SlotPush, delivered: Delivered): Promise<Message> {
  if (delivered.kind === 'unsendable') return delivered.refusal
  const { target } = delivered
  if (delivered.kind === 'refused') {
    return errorEntry([
      ['target', target],
      ['reason', delivered.reason],
    ])
  }
  if (delivered.isNew) push.budget.sends--
  const { messageId, slot } = delivered
  const entry: [string, Value][] = [
    ['id', messageId],
    ['target', target],
    ['slot', slot],
  ]
  return pushTarget(deps, push, { entry, slot, target: await targetProcess(deps.reader, target) })
}

interface Reached {
  readonly entry: readonly [string, Value][]
  readonly slot: number
  readonly target: KnownProcess | undefined
}

/** The entry with what the target said to the message, if it may be asked. */
async function pushTarget(
  deps: PushSlotDeps,
  push: SlotPush,
  { entry, slot, target }: Reached,
): Promise<Message> {
  if (target === undefined || push.maxDepth <= 0) {
    return new Message<Value>([...entry, ['resulted-in', 'skipped']])
  }
  const outcome = deps.computer.canCompute(target)
    ? await pushSlot(deps, {
        ...{ process: target, slot, shownSlot: slot, budget: push.budget },
        resultDepth: push.resultDepth - 1,
        maxDepth: push.maxDepth - 1,
      })
    : ok(uncomputed(target, slot))
  if (outcome.kind !== 'error') return new Message([...entry, ['resulted-in', outcome.value]])
  return errorEntry([...entry, ['reason', outcome.value]])
}

/** What is known of a message to a process that this node cannot compute. */
function uncomputed({ id }: KnownProcess, slot: number): Message {
  return new Message<Value>([
    ['slot', slot],
    ['process', id],
  ])
}

async function targetProcess(
  reader: ProcessReader,
  target: string,
): Promise<KnownProcess | undefined> {
  const [id = ''] = target.split(/[?&]/)
  return findProcess(reader, new Message([], undefined, { loadedFrom: id }))
}

/**
 * What the path under `resolve` gives, on the message without its target, is sent in place of it.
 * Where it gives nothing, its sender is told.
 */
async function evaluated(
  { resolvePath }: PushSlotDeps,
  { process }: SlotPush,
  { key, message }: Sendable,
): Promise<Message> {
  const path = message.get('resolve')
  if (path === undefined) return message
  const outcome = await resolvePath(message.without('target', 'resolve').with([['path', path]]))
  const target: [string, Value] = ['target', message.get('target') ?? '']
  if (outcome.kind !== 'error') {
    const result = asMessage(outcome.value) ?? new Message([['body', outcome.value]])
    return new Message([...lowerKeys(result), target])
  }
  return new Message<Value>([
    ['resolve', 'error'],
    ['target', process.id],
    ['status', 400],
    ['outbox-index', key],
    ['reason', outcome.value],
    ['source', message],
  ])
}

function noTarget(key: string, message: Value): Message {
  return errorEntry([
    ['status', 404],
    ['outbox-index', key],
    ['reason', 'Target process not available.'],
    ['message', message],
  ])
}

function unknownTarget(target: string): Message {
  return errorEntry([
    ['status', 404],
    ['target', target],
    ['reason', 'Could not access target process!'],
  ])
}

function exhausted(target: string): Message {
  return errorEntry([
    ['status', 503],
    ['target', target],
    [
      'reason',
      'This push sent as many messages as one may; push the slot again to send the others',
    ],
  ])
}

function errorEntry(entries: readonly (readonly [string, Value])[]): Message {
  return new Message<Value>([['response', 'error'], ...entries])
}
