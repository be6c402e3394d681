/**
 * `patch@1.0`: moves parts of a message within it. As a member of the stack of a process it lets the
 * outbox change the state: messages there with `method: PATCH` are merged into it and leave the
 * outbox. Source: HyperBEAM, `dev_patch`.
 */
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import {
  type Device,
  type DeviceContext,
  type DeviceHandler,
  failed,
  type Outcome,
  ok,
} from './device.ts'
import { asMessage, changeAt, getAt, pathKeys } from './message-path.ts'
import { getLoaded, textAt } from './read-key.ts'
import { setKeys } from './set-keys.ts'

const NAME = 'patch@1.0'

export function createPatchDevice(): Device {
  const unchanged: DeviceHandler = async (base) => ok(base)
  return {
    name: NAME,
    keys: new Map([
      ['all', (base, request, context) => move('all', { base, request, context })],
      ['patches', applyPatches],
      ['compute', applyPatches],
      ['init', unchanged],
      ['normalize', unchanged],
      ['snapshot', unchanged],
    ]),
  }
}

/** Merges the patches at `patch-from` of the base or request into what is at `patch-to`. */
export const applyPatches: DeviceHandler = (base, request, context) =>
  move('patches', { base, request, context })

interface Call {
  readonly base: Message
  readonly request: Message
  readonly context: DeviceContext
}

async function move(mode: 'all' | 'patches', call: Call): Promise<Outcome> {
  const { message, from, to } = placesOf(call)
  if (from.length === 0) {
    return failed(
      400,
      'Expected patch-from to name the place to take from, such as /results/outbox.',
    )
  }
  const source = await getAt(message, from, call.context)
  if (source === undefined) return failed(404, new Atom('not_found'))
  const moved =
    mode === 'all' ? { taken: source, left: undefined } : await takePatches(source, call.context)
  if (moved === undefined) return failed(400, 'Expected messages at patch-from.')
  const { taken, left } = moved
  const without = await changeAt(message, { path: from, change: () => left }, call.context)
  if (to.length > 0) {
    const change = (old: Value | undefined): Value => merged(old, taken)
    return ok(await changeAt(without, { path: to, change }, call.context))
  }
  const entries = asMessage(taken)
  if (entries === undefined) return failed(400, 'Expected a message to move to the root.')
  return ok(setKeys(without, entries))
}

/** Where to take from, in the base or in the request, and where to put it in the same message. */
function placesOf({ base, request }: Call) {
  const from = named('from')
  const [, side = 'base', path = ''] = /^(?:(base|req):)?(.*)$/s.exec(from) ?? []
  return {
    message: side === 'req' ? request : base,
    from: pathKeys(path),
    to: pathKeys(named('to')),
  }

  /** The request beats the base, and the longer name the shorter. */
  function named(key: string): string {
    const long = textAt(request, `patch-${key}`) ?? textAt(base, `patch-${key}`)
    return long ?? textAt(request, key) ?? textAt(base, key) ?? '/'
  }
}

/** The patches of a source merged in their order, and what is left of the source. */
async function takePatches(
  source: Value,
  context: DeviceContext,
): Promise<{ taken: Message; left: Message } | undefined> {
  const messages = asMessage(source)
  if (messages === undefined) return undefined
  let taken = new Message()
  const left: [string, Value][] = []
  for (const key of inOrder(messages.keys())) {
    const value = await getLoaded(messages, key, context)
    if (isPatch(value)) taken = setKeys(taken, value.without('method', 'Tags'))
    else if (value !== undefined) left.push([key, value])
  }
  return { taken, left: new Message(left) }
}

/** Numbers by their value, as the outbox was filled, then names. */
function inOrder(keys: Iterable<string>): string[] {
  const all = [...keys]
  const numbers = all.filter((key) => /^\d+$/.test(key))
  const names = all.filter((key) => !/^\d+$/.test(key))
  return [...numbers.sort((left, right) => Number(left) - Number(right)), ...names]
}

function isPatch(value: Value | undefined): value is Message {
  if (!(value instanceof Message)) return false
  return textAt(value, 'method') === 'PATCH' || textAt(value, 'device') === NAME
}

/** Like `set`: a message is merged into the one that stands there, at any depth. */
function merged(old: Value | undefined, taken: Value): Value {
  const [into, from] = [asMessage(old), asMessage(taken)]
  return into !== undefined && from !== undefined ? setKeys(into, from) : taken
}
