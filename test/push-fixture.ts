/** What tests of pushing share: devices that send, and nodes that have them. */
import type { TestContext } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import type { NodeConfig } from '../src/config/options.ts'
import { createDevice } from '../src/device/create-device.ts'
import { type Device, ok } from '../src/device/device.ts'
import { numberAt, textAt } from '../src/device/read-key.ts'
import { createResults } from '../src/device/results.ts'
import type { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { get, schedule, signMessage, startTestNode } from './node-kit.ts'
import { nested } from './process-fixture.ts'

export const COUNTER = { 'execution-device': 'counter@1.0' }

/** Sends what its messages tell it to: `to` the target, and any keys that start with `say-`. */
export const sender = createDevice('sender@1.0', {
  compute: async (base, request) => {
    const body = nested(request, 'body')
    const to = textAt(body, 'to')
    if (to === undefined) return ok(base)
    const said = [...body].filter(([key]) => key.startsWith('say-'))
    const keys = said.map(([key, value]) => [key.slice(4), String(value)])
    const message = { Target: to, ...Object.fromEntries(keys) }
    return ok(base.with([['results', createResults({ output: 'Sent', messages: [message] })]]))
  },
})

/** Sends every message on, or back, counting down. */
export const pingPong = createDevice('ping-pong@1.0', {
  compute: async (base, request) => {
    const body = nested(request, 'body')
    const left = numberAt(body, 'left') ?? 0
    const target = textAt(body, 'friend') ?? textAt(body, 'from-process') ?? ''
    if (left === 0) return ok(base)
    const messages = [{ target, left: `${left - 1}` }]
    return ok(base.with([['results', createResults({ messages })]]))
  },
})

interface Started extends RunningNode {
  readonly store: Store
}

export async function startPushNode(
  t: TestContext,
  options: Partial<NodeConfig> = {},
): Promise<Started> {
  const store = createMemoryStore()
  const stores = { cache: store, scheduler: store, close: () => store.close() }
  const devices: readonly Device[] = [counterDevice, sender, pingPong]
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
