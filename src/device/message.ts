/**
 * `message@1.0`: the device of every message that names none, and of the keys that other devices
 * leave out. Ids, commitments and changes of a message have keys of their own; every other key is
 * the value that stands there. Keys that begin with `priv` are never found.
 */
import { compareText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { combineIds } from '../message/combine-ids.ts'
import { type Commitment, signersOf } from '../message/commitment.ts'
import { commitmentsToMessage } from '../message/commitment-map.ts'
import { type CommitmentSelection, committedKeys, selectCommitments } from '../message/committed.ts'
import { unsignedId } from '../message/id.ts'
import { getKey, isPrivateKey } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { Atom } from '../message/value.ts'
import {
  type Device,
  type DeviceContext,
  type DeviceHandler,
  failed,
  type Outcome,
  ok,
} from './device.ts'
import { loadKey, textAt, textsOf } from './read-key.ts'
import { commitmentsAfter, isSameValue, isUnset, setKeys } from './set-keys.ts'

export interface MessageDeviceDeps {
  /** Whether a commitment of a message holds for what the message says. */
  readonly verifyCommitment: (message: Message, commitment: Commitment) => Promise<boolean>
}

const NOT_FOUND: Outcome = failed(404, new Atom('not_found'))

/**
 * @NOTE There is no `commit`: HyperBEAM signs with the node's wallet whatever anybody asks for.
 */
export function createMessageDevice({ verifyCommitment }: MessageDeviceDeps): Device {
  const keys = new Map<string, DeviceHandler>([
    ['id', async (base, request) => ok(idOf(base, selectionOf(request)))],
    ['commitments', async (base) => commitmentsOf(base)],
    ['committers', async (base) => ok(signersOf(base))],
    ['committed', async (base, request) => ok(committedKeys(base, selectionOf(request)))],
    ['verify', (base, request, context) => verify(verifyCommitment, { base, request, context })],
    ['keys', async (base) => ok(keysOf(base))],
    ['set', async (base, request) => ok(setKeys(base, request, { mode: setMode(request) }))],
    ['set-path', async (base, request) => ok(setPath(base, request))],
    ['remove', async (base, request) => remove(base, request)],
    ['commit', async () => failed(403, 'This node does not sign messages on request.')],
  ])
  return { name: 'message@1.0', keys, fallback: async (base, request) => getValue(base, request) }
}

function getValue(base: Message, request: Message): Outcome {
  const value = getKey(base, textAt(request, 'path') ?? '')
  return value === undefined ? NOT_FOUND : ok(value)
}

/** The ids of the selected commitments added up; the id of the content when there are none. */
function idOf(base: Message, selection: CommitmentSelection): string {
  const selected = selectCommitments(base, selection)
  return selected.length > 0 ? combineIds(selected.map(({ id }) => id)) : unsignedId(base)
}

function commitmentsOf(base: Message): Outcome {
  return base.commitments.size > 0 ? ok(commitmentsToMessage(base.commitments)) : NOT_FOUND
}

interface Call {
  readonly base: Message
  readonly request: Message
  readonly context: DeviceContext
}

/**
 * Whether every selected commitment holds. By default only the hmac is selected; `target` names a
 * key of the request that holds the message meant, and is `self` for the base.
 */
async function verify(
  verifyCommitment: MessageDeviceDeps['verifyCommitment'],
  call: Call,
): Promise<Outcome> {
  const target = await verifyTarget(call)
  if (!(target instanceof Message)) return target
  for (const commitment of selectCommitments(target, selectionOf(call.request))) {
    if (!(await verifyCommitment(target, commitment))) return ok(Atom.false)
  }
  return ok(Atom.true)
}

async function verifyTarget({ base, request, context }: Call): Promise<Message | Outcome> {
  const target = textAt(request, 'target') ?? 'self'
  if (target === 'self') return base
  const outcome = (await loadKey(request, target, context)) ?? NOT_FOUND
  if (outcome.kind !== 'ok') return outcome
  if (outcome.value instanceof Message) return outcome.value
  return failed(400, 'Expected target to be a key of the request that holds a message, or self.')
}

/** @throws AoError `invalid-request` when the names are no texts. */
function selectionOf(request: Message): CommitmentSelection {
  const committers = namesAt(request, 'committers')
  const commitmentIds = namesAt(request, 'commitment-ids')
  return { committers, commitmentIds }
}

const ALL = new Set(['all', 'signed'])
const NONE = new Set(['none', 'unsigned', 'uncommitted'])

function namesAt(request: Message, key: string): 'all' | 'none' | readonly string[] {
  const value = request.get(key)
  if (value === undefined) return 'none'
  const names = textsOf(value)
  if (names === undefined) {
    throw new AoError(
      'invalid-request',
      'Expected all, none, an address or id, or a list of them',
      {
        key,
      },
    )
  }
  const [name = ''] = names
  if (names.length === 1 && ALL.has(name)) return 'all'
  return names.length === 1 && NONE.has(name) ? 'none' : names
}

function keysOf(base: Message): string[] {
  const keys = [...base.keys()].filter((key) => !isPrivateKey(key))
  if (base.commitments.size > 0) keys.push('commitments')
  return keys.sort(compareText)
}

function setMode(request: Message): 'deep' | 'explicit' {
  return textAt(request, 'set-mode') === 'explicit' ? 'explicit' : 'deep'
}

/** `path` cannot be set like other keys, since in a request it names the key that is called. */
function setPath(base: Message, request: Message): Message {
  const value = request.get('value')
  if (value === undefined) {
    throw new AoError('invalid-request', 'Expected the new path under the key value')
  }
  const next = isUnset(value) ? base.without('path') : base.with([['path', value]])
  const changed = isSameValue(base.get('path'), next.get('path')) ? [] : ['path']
  return next.withCommitments(commitmentsAfter(base.commitments, changed))
}

function remove(base: Message, request: Message): Outcome {
  const items = textsOf(request.get('item')) ?? textsOf(request.get('items'))
  if (items === undefined)
    return failed(400, 'Expected the key to remove as item, or a list as items.')
  const present = items.filter((key) => base.has(key))
  return ok(base.without(...present).withCommitments(commitmentsAfter(base.commitments, present)))
}
