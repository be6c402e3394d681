/**
 * `test-device@1.0`: answers with known values, so that processes, stacks and hooks can be tried
 * without a virtual machine. Only a node for tests has it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Message } from '../message/message.ts'
import { type Integer, isInteger, isList, type Value } from '../message/value.ts'
import { type Device, failed, type Outcome, ok } from './device.ts'
import { numberAt, textAt } from './read-key.ts'
import { setKeys } from './set-keys.ts'

const NAME = 'test-device@1.0'

const DEFAULT_DELAY_MS = 750
const MAX_DELAY_MS = 60_000

/** The pass from which on `append` changes nothing. */
const LAST_PASS = 3

export function createTestDevice(): Device {
  return {
    name: NAME,
    keys: new Map([
      ['info', async () => ok(INFO)],
      ['test-func', async () => ok('GOOD_FUNCTION')],
      ['index', async (base) => ok(index(base))],
      ['load', async (base) => ok(setKeys(base, [['device', NAME]]))],
      ['init', async (base) => ok(setKeys(base, [['already-seen', []]]))],
      ['compute', async (base, request) => compute(base, request)],
      ['restore', async (base) => restore(base)],
      ['snapshot', async () => ok(new Message())],
      ['mul', async (base, request) => multiply(base, request)],
      ['append', async (base, request) => ok(append(base, request))],
      ['delay', delay],
      ['postprocess', async (_base, request) => ok(request.get('body') ?? new Message())],
      ['update-state', async (_base, request) => noWorker(request, 'No test worker found.')],
      [
        'increment-counter',
        async (_base, request) => noWorker(request, 'No test worker found for increment.'),
      ],
    ]),
  }
}

const INFO = new Message<Value>([
  ['status', 200],
  [
    'body',
    new Message<Value>([
      ['description', 'Test device for testing the AO-Core framework'],
      ['version', '1.0'],
      [
        'paths',
        new Message<Value>([
          ['compute', 'Compute function'],
          ['info', 'Get device info'],
          ['init', 'Initialize function'],
          ['mul', 'Multiply function'],
          ['restore', 'Restore function'],
          ['snapshot', 'Snapshot function'],
          ['test_func', 'Test function'],
          ['update_state', 'Update state function'],
        ]),
      ],
    ]),
  ],
])

function index(base: Message): Message {
  return new Message([
    ['content-type', 'text/html'],
    ['body', `i like ${textAt(base, 'name') ?? 'turtles'}!`],
  ])
}

/** Notes the slot of an assignment as result, and in front of those it has seen. */
function compute(base: Message, request: Message): Outcome {
  const slot = request.get('slot')
  if (slot === undefined) return failed(400, 'Expected a request with a slot to compute.')
  const seen = base.get('already-seen')
  return ok(
    setKeys(base, [
      ['random-key', 'random-value'],
      ['results', new Message([['assignment-slot', slot]])],
      ['already-seen', [slot, ...(isList(seen) ? seen : [])]],
    ]),
  )
}

function restore(base: Message): Outcome {
  return base.has('already-seen') ? ok(base) : failed(400, 'No viable state to restore.')
}

function multiply(base: Message, request: Message): Outcome {
  const args = request.get('args')
  const [left, right] = isList(args) ? args : []
  if (!isInteger(left) || !isInteger(right)) {
    return failed(400, 'Expected a request with a list of two integers as args.')
  }
  const state = base.get('state')
  const results: [string, Value] = ['results', [product(left, right)]]
  return ok(new Message(state === undefined ? [results] : [['state', state], results]))
}

function product(left: Integer, right: Integer): Integer {
  const exact = BigInt(left) * BigInt(right)
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
}

function append(base: Message, request: Message): Message {
  if (numberAt(base, 'pass') === LAST_PASS) return base
  const parts = [textAt(base, 'result'), textAt(base, 'append-prefix'), textAt(request, 'bin')]
  return setKeys(base, [['result', parts.map((part) => part ?? '').join('')]])
}

/** Waits for `duration` milliseconds of the base or the request. */
async function delay(base: Message, request: Message): Promise<Outcome> {
  const wanted = numberAt(base, 'duration') ?? numberAt(request, 'duration') ?? DEFAULT_DELAY_MS
  await sleep(Math.min(Math.max(wanted, 0), MAX_DELAY_MS))
  const slept = new Message([['result', 'slept']])
  return ok(base.get('return') ?? request.get('body') ?? slept)
}

/** There are no workers to reach: what they would do can be seen in the state of a process. */
function noWorker(request: Message, reason: string): Outcome {
  return failed(400, request.has('test-id') ? reason : 'No test ID found in message.')
}
