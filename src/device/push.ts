/**
 * `push@1.0`: schedules the message of a request, computes its slot and sends on what the process
 * said, here in push-slot.ts and push-delivery.ts. A client that does not want to wait for all that
 * asks for `async`. A process that is pushed is only scheduled. Source: HyperBEAM, `dev_push`.
 */
import { toText } from '../base/bytes.ts'
import { isAoError } from '../base/errors.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import type { SchedulerDevice } from '../scheduler/device.ts'
import { type Device, type DeviceHandler, failed, type Outcome, ok } from './device.ts'
import type { KnownProcess } from './process-base.ts'
import type { ProcessComputer } from './process-compute.ts'
import type { BackgroundPushes } from './push-background.ts'
import { type PushSlotDeps, pushSlot, type SlotPush } from './push-slot.ts'
import { isTrueAt, numberAt, textAt } from './read-key.ts'

export interface PushDeps extends PushSlotDeps {
  readonly scheduler: Pick<SchedulerDevice, 'schedule'>
  readonly computer: ProcessComputer
  readonly background: BackgroundPushes
  readonly options: PushOptions
}

export interface PushOptions {
  /** Levels of targets that one push goes through at most. */
  readonly maxDepth: number
  /** Messages that one push sends at most. */
  readonly maxMessages: number
}

/** How many times more messages a push may look at than send: those that were sent before. */
const VISITS_PER_SEND = 10

export function createPushHandler(deps: PushDeps): DeviceHandler {
  return (base, request) =>
    request.has('slot') ? pushKnownSlot(deps, base, request) : pushPosted(deps, base, request)
}

export function createPushDevice(push: DeviceHandler): Device {
  return { name: 'push@1.0', keys: new Map([['push', push]]) }
}

/** Pushes a slot that there is. */
async function pushKnownSlot(deps: PushDeps, base: Message, request: Message): Promise<Outcome> {
  const slot = numberAt(request, 'slot')
  if (slot === undefined || slot < 0) {
    return failed(400, 'Expected a slot, a whole number from 0, as slot.')
  }
  const process = await deps.computer.find(base)
  if ('kind' in process) return process
  const push = slotPush(deps, request, { process, slot, shownSlot: request.get('slot') ?? slot })
  if (!isAsync(request, process)) return pushSlot(deps, push)
  await deps.background.start(push)
  return own(
    new Message<Value>([
      ['slot', push.shownSlot],
      ['process', process.id],
    ]),
  )
}

/** Schedules the message of a request, then pushes its slot where this node can compute it. */
async function pushPosted(deps: PushDeps, base: Message, request: Message): Promise<Outcome> {
  if (methodOf(request) !== 'POST') {
    return failed(400, 'Expected a POST with the message to push, or the slot to push as slot.')
  }
  const { status, value } = await deps.scheduler.schedule(base, request)
  if (status !== 200) return { ...failed(status, value), isOwn: true }
  const body = value instanceof Message ? value.get('body') : undefined
  if (!(value instanceof Message) || isProcess(body)) return { ...ok(value), isOwn: true }
  const scheduled = scheduledKeys(value)
  const slot = numberAt(value, 'slot')
  const process = await deps.computer.find(new Message([], undefined, processPriv(value)))
  if ('kind' in process || slot === undefined) return own(scheduled)
  const push = slotPush(deps, request, { process, slot, shownSlot: slot })
  const isLater = isAsync(request, process)
  const answer = await pushed(() => (isLater ? begin(deps, push) : pushSlot(deps, push)))
  return isLater && answer.size === 0 ? own(scheduled) : ok(new Message([...answer, ...scheduled]))
}

async function begin(deps: PushDeps, push: SlotPush): Promise<Outcome> {
  await deps.background.start(push)
  return ok(new Message())
}

/**
 * The results of a message that has its slot. It must not look as if it had none, whatever fails
 * from here on: its sender would send it again.
 */
async function pushed(push: () => Promise<Outcome>): Promise<Message> {
  try {
    const outcome = await push()
    if (outcome.kind !== 'error' && outcome.value instanceof Message) return outcome.value
    return failure(outcome.value)
  } catch (error) {
    if (!isAoError(error)) throw error
    return failure(error.message)
  }
}

function failure(reason: Value): Message {
  return new Message<Value>([
    ['response', 'error'],
    ['reason', reason],
  ])
}

/** What of a push is the node's own word; results are what the process made them. */
function own(message: Message): Outcome {
  return { ...ok(message), isOwn: true }
}

/** Where a message was scheduled, and its id, which clients ask for who leave it to the node. */
function scheduledKeys(assignment: Message): Message {
  const body = assignment.get('body')
  const entries: [string, Value][] = []
  if (body instanceof Message) entries.push(['id', messageId(body, 'all')])
  for (const key of ['process', 'slot']) {
    const value = assignment.get(key)
    if (value !== undefined) entries.push([key, value])
  }
  return new Message(entries)
}

function processPriv(assignment: Message) {
  return { loadedFrom: textAt(assignment, 'process') ?? '' }
}

interface Pushed {
  readonly process: KnownProcess
  readonly slot: number
  readonly shownSlot: Value
}

function slotPush({ options }: PushDeps, request: Message, pushed: Pushed): SlotPush {
  const { maxDepth, maxMessages } = options
  return {
    ...pushed,
    resultDepth: numberAt(request, 'result-depth') ?? 1,
    maxDepth: Math.min(numberAt(request, 'max-depth') ?? maxDepth, maxDepth),
    budget: { sends: maxMessages, visits: maxMessages * VISITS_PER_SEND },
  }
}

/** `async`, or `push-mode: async`, of the request or the process. */
function isAsync(request: Message, { message }: KnownProcess): boolean {
  const mode = textAt(request, 'push-mode') ?? textAt(message, 'push-mode')
  return isTrueAt(request, 'async') || mode === 'async'
}

function isProcess(body: Value | undefined): boolean {
  return body instanceof Message && textAt(body, 'type') === 'Process'
}

function methodOf(request: Message): string {
  const method = request.get('method')
  return isBinary(method) ? (toText(method) ?? '').toUpperCase() : 'GET'
}
