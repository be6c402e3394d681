/**
 * `push@1.0`: schedules the message of a request, computes its slot and sends on what the process
 * said, here in push-slot.ts and push-delivery.ts. A client that does not want to wait for all that
 * asks for `async`. A process that is pushed is only scheduled. Source: HyperBEAM, `dev_push`.
 */
import { toText } from '../base/bytes.ts'
import type { ComputeEvents } from '../base/compute-events.ts'
import { isAoError } from '../base/errors.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import type { SchedulerDevice } from '../scheduler/device.ts'
import { type Device, type DeviceHandler, failed, type Outcome, ok } from './device.ts'
import type { KnownProcess } from './process-base.ts'
import type { ProcessComputer } from './process-compute.ts'
import { createPushRun, type PushOptions, type SlotPush } from './push-run.ts'
import type { PushRunner } from './push-runner.ts'
import { isTrueAt, numberAt, textAt } from './read-key.ts'

export interface PushDeps {
  readonly scheduler: Pick<SchedulerDevice, 'schedule'>
  readonly computer: ProcessComputer
  readonly runner: PushRunner
  readonly events: Pick<ComputeEvents, 'pushFailed'>
  readonly options: PushOptions
}

/** Id of requests that a push makes itself, to find out what a message of an outbox stands for. */
export const PUSH_REQUEST = 'push'

export function createPushHandler(deps: PushDeps): DeviceHandler {
  return async (base, request, { requestId }) => {
    // It might wait for the very message that it is asked for.
    if (requestId === PUSH_REQUEST) return failed(400, 'A message of an outbox cannot push.')
    return request.has('slot')
      ? pushKnownSlot(deps, base, request)
      : pushPosted(deps, base, request)
  }
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
  const outcome = await pushed(deps, push, isAsync(request, process))
  if (outcome !== undefined) return outcome
  return own(
    new Message<Value>([
      ['slot', push.shownSlot],
      ['process', process.id],
    ]),
  )
}

/** What comes of a push, unless it is one that nobody waits for, or not so long. */
async function pushed(
  { runner }: PushDeps,
  push: SlotPush,
  isLater: boolean,
): Promise<Outcome | undefined> {
  return isLater ? runner.start(push) : runner.run(push)
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
  const results = await resultsOf(deps, request, value)
  return results.size === 0 ? own(scheduled) : ok(new Message([...results, ...scheduled]))
}

/**
 * The results of a message that has its slot, as far as this node has any. It must not look as if it
 * had none, whatever fails from here on: its sender would send it again.
 */
async function resultsOf(deps: PushDeps, request: Message, assignment: Message): Promise<Message> {
  const slot = numberAt(assignment, 'slot') ?? 0
  try {
    const process = await deps.computer.find(new Message([], undefined, processPriv(assignment)))
    if ('kind' in process) return new Message()
    const push = slotPush(deps, request, { process, slot, shownSlot: slot })
    const outcome = await pushed(deps, push, isAsync(request, process))
    if (outcome === undefined) return new Message()
    if (outcome.kind !== 'error' && outcome.value instanceof Message) return outcome.value
    return failure(outcome.value)
  } catch (error) {
    if (isAoError(error)) return failure(error.message)
    const process = textAt(assignment, 'process') ?? ''
    deps.events.pushFailed({ process, slot, key: '', error })
    return failure('The node failed to push the slot; its log has the cause')
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
  const maxDepth = Math.min(numberAt(request, 'max-depth') ?? options.maxDepth, options.maxDepth)
  const root = { process: pushed.process.id, slot: pushed.slot, maxDepth }
  const resultDepth = numberAt(request, 'result-depth') ?? 1
  return { ...pushed, resultDepth, maxDepth, run: createPushRun(root, options) }
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
