/**
 * `delegated-compute@1.0` and `genesis-wasm@1.0`: execution devices that have a compute unit do the
 * work. The second, which processes have that name none, also merges the patches of the outbox into
 * the state. Source: HyperBEAM, `dev_delegated_compute`, `dev_genesis_wasm`.
 */
import type { Binary } from '../base/bytes.ts'
import { isAoError } from '../base/errors.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, type Value } from '../message/value.ts'
import { aos2Message, formatAos2Edge, formatAos2Page } from '../scheduler/formats.ts'
import type { ComputeUnit } from './compute-unit.ts'
import { unitResults } from './compute-unit-results.ts'
import { withRawResults } from './create-device.ts'
import { type Device, type DeviceHandler, ok } from './device.ts'
import { changeAt, pathKeys } from './message-path.ts'
import { applyPatches } from './patch.ts'
import { numberAt, textAt } from './read-key.ts'
import { inputOf, isScheduled } from './results.ts'

export function createDelegatedCompute(unit: ComputeUnit): Device {
  return unitDevice('delegated-compute@1.0', unit, delegate(unit))
}

export function createGenesisWasm(unit: ComputeUnit): Device {
  const compute = delegate(unit)
  return unitDevice('genesis-wasm@1.0', unit, async (base, request, context) => {
    const outcome = await compute(base, request, context)
    if (outcome.kind === 'error' || !(outcome.value instanceof Message)) return outcome
    const patching = request.with([['patch-from', '/results/outbox']])
    const patched = await applyPatches(outcome.value, patching, context)
    // Results under a prefix of their own have no outbox there.
    return patched.kind === 'error' && patched.status === 404 ? outcome : patched
  })
}

function unitDevice(name: string, unit: ComputeUnit, compute: DeviceHandler): Device {
  return {
    name,
    keys: new Map<string, DeviceHandler>([
      ['init', async (base) => ok(base)],
      ['compute', withRawResults(compute)],
      ['snapshot', async (base) => ok(await snapshot(unit, base))],
      ['normalize', async (base) => ok(await normalize(unit, base))],
    ]),
  }
}

/**
 * An assignment of the schedule is applied by the unit for good; whatever else comes is tried out,
 * also if it says that it is an assignment. The results stand under the output prefix of the base.
 */
function delegate(unit: ComputeUnit): DeviceHandler {
  return async (base, request, context) => {
    const processId = processIdOf(base, request)
    const query = `process-id=${encodeURIComponent(processId)}`
    const text = isScheduled(request)
      ? await unit.post(`/result/${numberAt(request, 'slot') ?? 0}?${query}`, {
          body: assignmentBody(processId, request),
        })
      : await unit.post(`/dry-run?${query}`, { body: JSON.stringify(aos2Message(tried(request))) })
    const outcome = unitResults(text)
    if (outcome.kind === 'error') return outcome
    const path = [...pathKeys(textAt(base, 'output-prefix') ?? ''), 'results']
    return ok(await changeAt(base, { path, change: () => outcome.value }, context))
  }
}

/** A page of the schedule with this one assignment. */
function assignmentBody(processId: string, assignment: Message): Binary {
  const block = {
    height: numberAt(assignment, 'block-height') ?? 0,
    hash: textAt(assignment, 'block-hash') ?? '',
    timestamp: numberAt(assignment, 'timestamp') ?? 0,
  }
  const edge = formatAos2Edge(numberAt(assignment, 'slot') ?? 0, assignment)
  const page = formatAos2Page({ processId, continues: false, block }, [edge])
  const body = page.get('body')
  return isBinary(body) ? body : ''
}

/** Keys that say how a request came, and not what it asks for. */
const TRANSPORT_KEYS: ReadonlySet<string> = new Set([
  ...['accept', 'accept-bundle', 'accept-codec', 'accept-encoding', 'accept-language', 'as'],
  ...['codec-device', 'connection', 'content-length', 'content-type', 'host', 'method', 'path'],
  ...['require-codec', 'sec-fetch-mode', 'signing-format', 'user-agent'],
])

/** The message of a dry run, unsigned: nobody has checked who sent it. */
function tried(request: Message): Message {
  return new Message([...inputOf(request)].filter(([key]) => !TRANSPORT_KEYS.has(key)))
}

function processIdOf(base: Message, request: Message): string {
  const process = base.get('process')
  if (process instanceof Message) return messageId(process, 'all')
  return textAt(request, 'process-id') ?? ''
}

/**
 * The checkpoint that the unit makes, if it gives it to the node, or why it makes none: it keeps the
 * state all the same.
 */
async function snapshot(unit: ComputeUnit, base: Message): Promise<Message> {
  try {
    const path = `/snapshot/${processIdOf(base, new Message())}`
    const made = await unit.postForMessage(path, { body: '{}' })
    return textAt(made, 'type') === 'Checkpoint' ? made : new Message()
  } catch (error) {
    if (!isAoError(error)) throw error
    return new Message([
      ['error', 'No checkpoint produced.'],
      ['error-details', error.message],
    ])
  }
}

/** Hands a checkpoint back to the unit. */
async function normalize(unit: ComputeUnit, base: Message): Promise<Message> {
  const checkpoint = base.get('snapshot')
  const restored = base.without('snapshot')
  if (!(checkpoint instanceof Message)) return restored
  if (textAt(checkpoint, 'type') !== 'Checkpoint') return restored
  const data: Value = checkpoint.get('data') ?? checkpoint.get('body') ?? ''
  const headers: Record<string, string> = {}
  for (const key of checkpoint.keys()) {
    const text = textAt(checkpoint, key)
    if (key !== 'data' && key !== 'body' && text !== undefined) headers[key] = text
  }
  await unit.post('/state', { body: isBinary(data) ? data : '', headers })
  return restored
}
