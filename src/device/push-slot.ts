/**
 * Pushes what a process said at a slot: computes the slot, delivers the messages of its outbox, and
 * pushes what their targets say to them, as deep as it may. Source: HyperBEAM, `dev_push`.
 */
import { isAoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { failed, type Outcome, ok } from './device.ts'
import { asMessage } from './message-path.ts'
import type { KnownProcess, ProcessReader } from './process-base.ts'
import { findProcess } from './process-base.ts'
import type { ProcessComputer } from './process-compute.ts'
import type { Delivered, Deliverer, Parcel } from './push-delivery.ts'
import { lowerKeys, outgoingMessage, type SecurityDeps, wantedSigners } from './push-message.ts'
import type { SlotPush } from './push-run.ts'
import { textAt } from './read-key.ts'

export interface PushSlotDeps extends SecurityDeps {
  readonly computer: ProcessComputer
  readonly reader: ProcessReader
  readonly deliverer: Deliverer
}

/** Levels of targets that a reply tells of: messages have a limit of their own. */
const SHOWN_LEVELS = 24

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
  const { run } = push
  if (run.sends <= 0 || run.visits-- <= 0) return exhausted(target)
  run.isNoted = true
  try {
    const place = { process: push.process.id, slot: push.slot, key }
    const delivered = await deps.deliverer.deliver({
      ...{ place, root: run.root },
      pack: () => pack(deps, push, { key, message }),
    })
    return await entryOf(deps, push, delivered)
  } catch (error) {
    run.sends--
    run.postponed++
    return errorEntry([
      ['target', target],
      ['reason', reasonOf(error)],
    ])
  }
}

/** What a client may know of an error; the rest of it is in the log. */
function reasonOf(error: unknown): string {
  return isAoError(error) ? error.message : 'The node failed to deliver it; its log has the cause'
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
    push.run.sends--
    if (delivered.mayPass) push.run.postponed++
    return errorEntry([
      ['target', target],
      ['reason', delivered.reason],
    ])
  }
  if (delivered.isNew) push.run.sends--
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
  const outcome = await pushDownstream(deps, push, { target, slot })
  if (outcome.kind === 'error') return errorEntry([...entry, ['reason', outcome.value]])
  const isShown = push.run.root.maxDepth - push.maxDepth < SHOWN_LEVELS
  const result = isShown ? outcome.value : whereItIs(target, slot)
  return new Message([...entry, ['resulted-in', result]])
}

/** The message was delivered, whatever comes of it. */
async function pushDownstream(
  deps: PushSlotDeps,
  { run, resultDepth, maxDepth }: SlotPush,
  { target, slot }: { readonly target: KnownProcess; readonly slot: number },
): Promise<Outcome> {
  if (!deps.computer.canCompute(target)) return ok(whereItIs(target, slot))
  const levels = { resultDepth: resultDepth - 1, maxDepth: maxDepth - 1 }
  try {
    return await pushSlot(deps, { process: target, slot, shownSlot: slot, run, ...levels })
  } catch (error) {
    run.postponed++
    return failed(500, reasonOf(error))
  }
}

/** Where a message was scheduled, where no more is told of it. */
function whereItIs({ id }: KnownProcess, slot: number): Message {
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
