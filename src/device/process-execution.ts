/**
 * The execution device of a process: how a state comes into being, how an assignment changes it,
 * and what the device needs to go on from a stored one. Source: HyperBEAM, `dev_process`.
 */
import { toText } from '../base/bytes.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import { type FindDevice, failed, type Outcome, ok } from './device.ts'
import { firstState, type KnownProcess } from './process-base.ts'
import { answersKey, asRole } from './process-role.ts'
import { createSettle } from './process-settle.ts'
import { numberAt } from './read-key.ts'
import { isNotFound } from './stack-run.ts'

export interface ExecutionDeps {
  /** Calls devices on behalf of nobody. */
  readonly resolve: (base: Message, request: Message) => Promise<Outcome>
  readonly findDevice: FindDevice
}

export interface Execution {
  /** The state before slot 0: `at-slot` is -1. */
  start(process: KnownProcess): Promise<Outcome>
  /** The state after an assignment. */
  apply(state: Message, assignment: Message): Promise<Outcome>
  /** What the device needs beside the state to go on from it; empty if nothing. */
  snapshot(state: Message): Promise<Outcome>
  /** The state in which a stored one and its snapshot go on. */
  restore(state: Message, snapshot: Message): Promise<Outcome>
}

const NOBODY = new Message()

export function createExecution(deps: ExecutionDeps): Execution {
  const settle = createSettle()
  const run = (state: Message, request: Message): Promise<Outcome> =>
    // The request is the node's own: nobody's signature on it opens any door.
    deps.resolve(asRole(state, 'execution'), request.withPrivate({ request: NOBODY }))
  const settled = (outcome: Outcome, before: Message, keys: StateKeys): Outcome => {
    const next = stateOutcome(outcome, before, keys)
    return next.kind === 'ok' && next.value instanceof Message ? ok(settle(next.value)) : next
  }
  return {
    start: async (process) => {
      const base = firstState(process)
      return settled(await run(base, call('init')), base, { 'at-slot': -1 })
    },
    apply: async (state, assignment) => {
      const before = state.without('results')
      const outcome = await apply(deps.findDevice, { run, state: before, assignment })
      return settled(outcome, before, { 'at-slot': numberAt(assignment, 'slot') ?? 0 })
    },
    snapshot: async (state) => {
      const outcome = await run(state, call('snapshot', { mode: 'Map' }))
      if (isNotFound(outcome)) return ok(new Message())
      if (outcome.kind === 'error' || outcome.value instanceof Message) return outcome
      return failed(500, 'Expected the execution device to answer snapshot with a message.')
    },
    restore: async (state, snapshot) => {
      if (snapshot.size === 0) return ok(state)
      const outcome = await run(state.with([['snapshot', snapshot]]), call('normalize'))
      return settled(outcome, state, {})
    },
  }
}

type StateKeys = Readonly<Record<string, Value>>

function call(path: string, keys: Readonly<Record<string, string>> = {}): Message {
  return new Message(Object.entries({ path, ...keys }))
}

interface Application {
  readonly run: (state: Message, request: Message) => Promise<Outcome>
  readonly state: Message
  readonly assignment: Message
}

/**
 * Only a key that the execution device answers itself changes a state: the path of an assignment is
 * whatever its sender wants, and any other would be looked up in the state and take its place.
 */
async function apply(
  findDevice: FindDevice,
  { run, state, assignment }: Application,
): Promise<Outcome> {
  const path = pathOf(assignment)
  if (!answersKey(findDevice, asRole(state, 'execution'), path)) return ok(state)
  return run(state, assignment.with([['path', path]]).withPrivate({ isScheduled: true }))
}

function pathOf(assignment: Message): string {
  const path = assignment.get('path')
  const text = isBinary(path) ? (toText(path) ?? '') : ''
  return text.replaceAll('/', '') === '' ? 'compute' : text
}

/**
 * The state that a device answered with, as that of its process. An answer that is no state of the
 * process, since it lacks it, changes nothing but the results, which say so.
 */
function stateOutcome(outcome: Outcome, before: Message, keys: StateKeys): Outcome {
  if (isNotFound(outcome)) return ok(stateOf(before, before, keys))
  if (outcome.kind === 'error') return outcome
  const { value } = outcome
  if (isStateOf(value, before)) return ok(stateOf(value, before, keys))
  return ok(stateOf(before.with([['results', NO_STATE]]), before, keys))
}

const NO_STATE = new Message<Value>([
  ['status', 500],
  [
    'error',
    'Expected the execution device to answer with the state it was given, changed, which has the ' +
      'key process; the state stays as it was',
  ],
])

function isStateOf(value: Value, before: Message): value is Message {
  if (!(value instanceof Message)) return false
  const [process, own] = [value.get('process'), before.get('process')]
  if (process === own) return true
  return (
    process instanceof Message && own instanceof Message && messageId(process) === messageId(own)
  )
}

function stateOf(value: Message, before: Message, keys: StateKeys): Message {
  const process = before.get('process')
  return value
    .without('stack-steps', 'snapshot')
    .with([
      ['device', 'process@1.0'],
      ['initialized', 'true'],
      ['input-prefix', value.get('input-prefix') ?? 'process'],
      ...Object.entries(keys),
      ...(process === undefined ? [] : [['process', process] as const]),
    ])
}
