/** Processes on a node of their own, and their states as clients read them. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { NodeConfig } from '../src/config/options.ts'
import type { Device } from '../src/device/device.ts'
import { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import { get, idOf, schedule, signHttpsig, signMessage, spawn, startTestNode } from './node-kit.ts'

export type Keys = Readonly<Record<string, unknown>>

export interface ProcessSetup {
  readonly devices?: readonly Device[]
  readonly options?: Partial<NodeConfig>
  /** Keys of the process. */
  readonly process?: Keys
  /** Keys of messages after it. */
  readonly messages?: readonly Keys[]
}

/** A node with one process, to which the messages were sent. */
export async function setupProcess(
  t: TestContext,
  { devices = [], options, process, messages = [] }: ProcessSetup,
): Promise<RunningNode & { readonly id: string }> {
  const node = await startTestNode(t, { testDevices: true, ...options }, { devices })
  const id = await spawnWith(node, process)
  for (const keys of messages) await schedule(node.url, await messageFor(id, keys))
  return { ...node, id }
}

/** Schedules a new process and gives its id; one with lists is no data item. */
export async function spawnWith(
  node: Pick<RunningNode, 'url' | 'address'>,
  keys: Keys = {},
): Promise<string> {
  if (!Object.values(keys).some(Array.isArray)) return spawn(node, keys)
  const common = { type: 'Process', device: 'process@1.0', scheduler: node.address }
  const process = await signHttpsig({ ...common, nonce: `${performance.now()}`, ...keys })
  await schedule(node.url, process)
  return idOf(process)
}

/** A `path` would be that of the request, if the item were the request. */
function messageFor(id: string, keys: Keys): Promise<Message> {
  if (!('path' in keys)) return signMessage(id, keys)
  return signHttpsig({ type: 'Message', target: id, nonce: `${performance.now()}`, ...keys })
}

/** The message at a URL, everything in it inline. */
export async function messageAt(url: string): Promise<Message> {
  const reply = await get(url)
  assert.equal(reply.status, 200, reply.text)
  return reply.message()
}

export function nested(message: Message, key: string): Message {
  const value = message.get(key)
  assert.ok(value instanceof Message, key)
  return value
}

/** What counter@1.0 counts. */
export const INCREMENT = { action: 'Increment' }
