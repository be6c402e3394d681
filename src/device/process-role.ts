/** A process run as another device: as its scheduler, as what computes it, as what pushes. */
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'
import { type FindDevice, failed, type Outcome } from './device.ts'
import { listOf, textAt, textsOf } from './read-key.ts'

export type Role = 'scheduler' | 'execution' | 'push'

/** What stands for a role where the process names no device of its own. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['scheduler', 'scheduler@1.0'],
  ['push', 'push@1.0'],
  ['execution', 'genesis-wasm@1.0'],
])

export const ROLES: readonly string[] = [...DEFAULTS.keys()]

export function isRole(text: string): text is Role {
  return DEFAULTS.has(text)
}

/** The device of a process for a role: `execution-device`, ... */
export function roleDevice(process: Message, role: Role): string {
  return textAt(process, `${role}-device`) ?? DEFAULTS.get(role) ?? ''
}

/** A state under the device of a role, with the prefixes that devices look for. */
export function asRole(state: Message, role: Role): Message {
  const entries: [string, Value][] = [
    ['device', roleDevice(state, role)],
    ['input-prefix', state.get('input-prefix') ?? 'process'],
  ]
  const prefixes = state.get(`${role}-output-prefixes`)
  if (prefixes !== undefined) entries.push(['output-prefixes', prefixes])
  return state.with(entries)
}

/**
 * Whether the device of a state answers a key itself, so that it is not just looked up in the state;
 * of a stack, whether one of its members does.
 */
export function answersKey(find: FindDevice, state: Message, key: string): boolean {
  return isAnswered({ find, state, key: key.toLowerCase().replaceAll('_', '-') }, '', 0)
}

interface Asked {
  readonly find: FindDevice
  readonly state: Message
  readonly key: string
}

const MAX_NESTED_STACKS = 4

function isAnswered(asked: Asked, name: string, depth: number): boolean {
  const { find, state, key } = asked
  const device = find(depth === 0 ? (textAt(state, 'device') ?? '') : name)
  if (device === undefined) return false
  if (device.name !== 'stack@1.0') {
    const isExcluded = device.excludes?.has(key) ?? false
    return device.keys.has(key) || (device.fallback !== undefined && !isExcluded)
  }
  const own = listOf(state.get('stack-keys'))
  if (depth > MAX_NESTED_STACKS || device.excludes?.has(key)) return false
  if (own !== undefined && !own.includes(key)) return false
  return memberNames(state).some((member) => isAnswered(asked, member, depth + 1))
}

function memberNames(state: Message): string[] {
  const stack = state.get('device-stack')
  const items = stack instanceof Message ? [...stack].map(([, item]) => item) : stack
  return (isList(items) ? textsOf(items) : listOf(items)) ?? []
}

/**
 * The first device of a process that this node does not have, of a stack its members too.
 */
export function missingDevice(find: FindDevice, process: Message): string | undefined {
  const name = roleDevice(process, 'execution')
  const device = find(name)
  if (device === undefined) return name
  if (device.name !== 'stack@1.0') return undefined
  return memberNames(process).find((member) => find(member) === undefined)
}

/** @NOTE A 422 would make older clients post the message again in another format. */
export function refuseToCompute(device: string): Outcome {
  const body =
    `This node schedules but does not compute: execution device ${device.slice(0, 64)} is not ` +
    'installed. Read the schedule and compute it on a node that has the device.'
  return failed(
    404,
    new Message<Value>([
      ['status', 404],
      ['body', body],
    ]),
  )
}
