/**
 * The members of a stack, and how one of them is put in charge of the state: its name under
 * `device`, its prefixes, and what stood there before (`dev_stack:transform`).
 */
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { Atom, isList, type Value } from '../message/value.ts'
import type { DeviceContext } from './device.ts'
import { getLoaded, listOf, textOf } from './read-key.ts'
import { setKeys } from './set-keys.ts'

/** A device of a stack under its number, or under its name. */
export interface StackMember {
  readonly key: string
  /** Its position in a fold, which `device-key` then is. */
  readonly number?: number
  /** What `device` becomes: a name, unless the stack is at fault. */
  readonly device: Value
}

/** Members of one stack; a stack is made by hand, so that this is far beyond any. */
const MAX_MEMBERS = 1_000

/**
 * What HyperBEAM leaves under `previous-device`, whichever device was there: part of what the state
 * says, and so of its id.
 */
const PREVIOUS_DEVICE = 'dev_message'

/**
 * All members, a list numbered from 1.
 * @throws AoError `invalid-request` without a `device-stack`, or with too many members.
 */
export async function stackMembers(base: Message, context: DeviceContext): Promise<StackMember[]> {
  const stack = await requireStack(base, context)
  const members = isList(stack)
    ? stack.map((device, index) => ({ key: String(index + 1), device }))
    : [...stack].map(([key, device]) => ({ key, device }))
  if (members.length > MAX_MEMBERS) throw tooMany()
  return members
}

/** The member at a position, from 1; `undefined` behind the last. @throws AoError as above */
export async function memberAt(
  base: Message,
  number: number,
  context: DeviceContext,
): Promise<StackMember | undefined> {
  const member = await memberNamed(base, String(number), context)
  if (member === undefined || number <= MAX_MEMBERS) return member && { ...member, number }
  throw tooMany()
}

/** The member under a name or number. @throws AoError `invalid-request` without a `device-stack` */
export async function memberNamed(
  base: Message,
  key: string,
  context: DeviceContext,
): Promise<StackMember | undefined> {
  const device = itemAt(await requireStack(base, context), key)
  return device === undefined ? undefined : { key, device }
}

function tooMany(): AoError {
  return new AoError('invalid-request', 'Expected fewer devices in device-stack', {
    limit: MAX_MEMBERS,
  })
}

async function requireStack(
  base: Message,
  context: DeviceContext,
): Promise<Message | readonly Value[]> {
  const stack = await getLoaded(base, 'device-stack', context)
  if (stack instanceof Message || isList(stack)) return stack
  const names = listOf(stack)
  if (names !== undefined) return names
  throw new AoError('invalid-request', 'Expected a list of devices as device-stack of the base')
}

/** The state with a member in charge. */
export async function activate(
  state: Message,
  { key, number, device }: StackMember,
  context: DeviceContext,
): Promise<Message> {
  const entries: [string, Value | undefined][] = [
    ['device', device],
    ['device-key', number ?? key],
    ['input-prefix', itemAt(await getLoaded(state, 'input-prefixes', context), key)],
    ['output-prefix', itemAt(await getLoaded(state, 'output-prefixes', context), key)],
    ['previous-device', PREVIOUS_DEVICE],
    ['previous-input-prefix', state.get('input-prefix')],
    ['previous-output-prefix', state.get('output-prefix')],
  ]
  return setKeys(state, entries.filter(isPresent))
}

/**
 * The state after the last member, as its caller knew it before the first. As in HyperBEAM the
 * prefixes of the member before the last stay, where members have prefixes of their own.
 */
export function restore(state: Message, base: Message): Message {
  const entries: [string, Value | undefined][] = [
    ['device', base.get('device') ?? UNSET],
    ['input-prefix', state.get('previous-input-prefix')],
    ['output-prefix', state.get('previous-output-prefix')],
    ['device-key', UNSET],
    ['device-stack-previous', UNSET],
    ['pass', base.get('pass') ?? UNSET],
  ]
  return setKeys(state, entries.filter(isPresent))
}

const UNSET = new Atom('unset')

/** How a member is called in events and errors. */
export function memberName({ device }: StackMember): string {
  return textOf(device)?.slice(0, 64) ?? 'unknown'
}

function itemAt(container: Value | undefined, key: string): Value | undefined {
  if (isList(container)) return container[Number(key) - 1]
  return container instanceof Message ? container.get(key) : undefined
}

function isPresent(entry: [string, Value | undefined]): entry is [string, Value] {
  return entry[1] !== undefined
}
