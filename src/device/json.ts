/** `json@1.0` as a device: the base as JSON text, and JSON text at a key of the base as a message. */
import { decodeJson, encodeJson } from '../codec/json.ts'
import { Message } from '../message/message.ts'
import { isBinary } from '../message/value.ts'
import { REQUEST_VALUES } from '../message/value-limit.ts'
import { type Device, type DeviceContext, failed, type Outcome, ok } from './device.ts'
import { isTrueAt, loadKey, textAt } from './read-key.ts'

export interface JsonDeviceDeps {
  /** The message with all links in it replaced by what they stand for. */
  readonly loadAll: (message: Message) => Promise<Message>
  /** Keeps the nested messages of a message, so that the links written for them lead somewhere. */
  readonly storeNested: (message: Message) => Promise<void>
  /** Whether `serialize` writes nested messages inline where its request does not say. */
  readonly isInline?: boolean
}

export function createJsonDevice(deps: JsonDeviceDeps): Device {
  return {
    name: 'json@1.0',
    keys: new Map([
      ['serialize', async (base, request) => serialize(deps, base, request)],
      ['deserialize', deserialize],
    ]),
    ownAnswers: new Set(['serialize']),
  }
}

/**
 * The JSON of the base, nested messages inline or as links as the `bundle` of the request says.
 *
 * @NOTE HyperBEAM also writes the device and the headers of the request that the path put on the
 * base; they are no part of what is asked for.
 */
async function serialize(deps: JsonDeviceDeps, base: Message, request: Message): Promise<Outcome> {
  const message = base.priv.original ?? base
  const bundle = request.has('bundle') ? isTrueAt(request, 'bundle') : (deps.isInline ?? false)
  const complete = bundle ? await deps.loadAll(message) : message
  if (!bundle) await deps.storeNested(complete)
  return ok(
    new Message([
      ['content-type', 'application/json'],
      ['body', encodeJson(complete, { bundle })],
    ]),
  )
}

/**
 * The message in the JSON text at the key that `target` names, `body` by default.
 * @throws AoError `invalid-encoding` and others for text that is no JSON of a message.
 */
async function deserialize(
  base: Message,
  request: Message,
  context: DeviceContext,
): Promise<Outcome> {
  const target = textAt(request, 'target') ?? 'body'
  const payload = await loadKey(base, target, context)
  if (payload === undefined) {
    const body = `JSON payload not found in the base message.Searched for: ${target}`
    return failed(404, new Message([['body', body]]))
  }
  if (payload.kind !== 'ok') return payload
  if (!isBinary(payload.value)) return failed(400, `Expected JSON text under the key ${target}.`)
  return ok(decodeJson(payload.value, REQUEST_VALUES))
}
