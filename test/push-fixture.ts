/** What tests of pushing share. */
import type { TestContext } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import type { NodeConfig } from '../src/config/options.ts'
import type { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { get, schedule, signMessage, startTestNode } from './node-kit.ts'
import { nested } from './process-fixture.ts'
import { fanOut, pingPong, sender } from './push-devices.ts'

export const COUNTER = { 'execution-device': 'counter@1.0' }

interface Started extends RunningNode {
  readonly store: Store
}

export async function startPushNode(
  t: TestContext,
  options: Partial<NodeConfig> = {},
  store: Store = createMemoryStore(),
): Promise<Started> {
  const stores = { cache: store, scheduler: store, close: () => store.close() }
  const devices = [counterDevice, sender, pingPong, fanOut]
  return { ...(await startTestNode(t, options, { devices, stores })), store }
}

/** Schedules a message and gives its slot. */
export async function send(url: string, processId: string, keys: Record<string, unknown>) {
  return Number((await schedule(url, await signMessage(processId, keys))).get('slot'))
}

export function entry(reply: Message, key = '1'): Message {
  return nested(reply, key)
}

export async function countOf(url: string, processId: string): Promise<string> {
  return (await get(`${url}/${processId}/now/count`)).text
}
