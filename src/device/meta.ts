/** `meta@1.0`: what the node says of itself, and how its operator changes its options. */
import { isAoError } from '../base/errors.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { isPrivateKey } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { isList, type List, type Value } from '../message/value.ts'
import { type Device, type DeviceHandler, failed, type Outcome, ok } from './device.ts'
import type { OperatorCheck } from './operator.ts'
import { textAt } from './read-key.ts'

export interface NodeOptions {
  /** All options as they are now; those whose names begin with `priv` are never shown. */
  read(): Message
  /**
   * Merges changes into the options and gives the number of changes so far.
   * Throws AoError `invalid-config` for an option that does not exist or cannot have the value.
   */
  update(changes: Message): Promise<number>
}

export interface MetaDeviceDeps {
  readonly options: NodeOptions
  /** Address of the node's wallet. */
  readonly address: string
  readonly operatorCheck: OperatorCheck
  /** Name, version and source of the software. */
  readonly build: Message
}

export function createMetaDevice(deps: MetaDeviceDeps): Device {
  return {
    name: 'meta@1.0',
    keys: new Map<string, DeviceHandler>([
      ['info', async (_base, request) => info(deps, request)],
      ['build', async () => ok(deps.build)],
    ]),
    ownAnswers: new Set(['info', 'build']),
  }
}

async function info(deps: MetaDeviceDeps, request: Message): Promise<Outcome> {
  if (textAt(request, 'method')?.toUpperCase() === 'POST') return update(deps, request)
  const shown = withoutPrivate(deps.options.read())
  return ok(shown.with([['address', deps.address]]))
}

async function update({ options, operatorCheck }: MetaDeviceDeps, step: Message): Promise<Outcome> {
  if (textAt(options.read(), 'initialized') === 'permanent') {
    return failed(
      400,
      'The node message of this machine is already permanent. It cannot be changed.',
    )
  }
  const request = step.priv.request ?? step
  const admission = await operatorCheck.mayConfigure(request)
  if (admission.kind === 'stranger') return failed(400, 'Unauthorized')
  if (admission.kind !== 'admitted') return failed(400, `Unauthorized: ${admission.reason}`)
  try {
    const history = await options.update(changesIn(request))
    return ok(
      new Message<Value>([
        ['body', `Node message updated. History: ${history}updates.`],
        ['history-length', history],
      ]),
    )
  } catch (error) {
    if (isAoError(error, 'invalid-config')) return failed(400, error.message)
    throw error
  }
}

/** Keys that say how a request travels, not what it changes. */
const TRANSPORT_KEYS: ReadonlySet<string> = new Set([
  'accept',
  'accept-bundle',
  'accept-codec',
  'accept-encoding',
  'accept-language',
  'ao-peer',
  'ao-peer-port',
  'codec-device',
  'connection',
  'content-digest',
  'content-length',
  'content-type',
  'host',
  'method',
  'origin',
  'path',
  'referer',
  'require-codec',
  'signature',
  'signature-input',
  'transfer-encoding',
  'user-agent',
])

/** What the operator signed, or all of an unsigned request to a node that nobody has claimed. */
function changesIn(request: Message): Message {
  const entries = [...withOnlyCommitted(request)]
  return new Message(entries.filter(([key]) => !TRANSPORT_KEYS.has(key) && !isPrivateKey(key)))
}

/** The message without private keys, at any depth, and without what is kept beside its keys. */
function withoutPrivate(message: Message): Message {
  const entries: [string, Value][] = []
  for (const [key, value] of message) {
    if (!isPrivateKey(key)) entries.push([key, publicValue(value)])
  }
  return new Message(entries)
}

function publicValue(value: Value): Value {
  if (value instanceof Message) return withoutPrivate(value)
  return isList(value) ? publicItems(value) : value
}

function publicItems(items: List): List {
  return items.map(publicValue)
}
