/**
 * A device that counts: `Increment` adds to the count of its process, `Forward` also tells another
 * process to increment. To start a node that has it:
 *
 *   npx node --conditions=source examples/counter-device.ts
 */
import {
  createDevice,
  createResults,
  type Device,
  inputOf,
  type Message,
  numberAt,
  ok,
  startNode,
  textAt,
} from 'ao-scheduler'

export const counterDevice: Device = createDevice('counter@1.0', {
  init: async (base) => ok(base.with([['count', 0]])),
  compute: async (base, request) => {
    const message = inputOf(request)
    switch (textAt(message, 'action')) {
      case 'Increment':
        return ok(increment(base, numberAt(message, 'by') ?? 1))
      case 'Forward':
        return ok(forward(base, textAt(message, 'to') ?? ''))
      case 'Get':
        return ok(base.with([['results', createResults({ output: `${countOf(base)}` })]]))
      default:
        return ok(base)
    }
  },
})

function countOf(base: Message): number {
  return numberAt(base, 'count') ?? 0
}

function increment(base: Message, by: number): Message {
  const count = countOf(base) + by
  return base.with([
    ['count', count],
    ['results', createResults({ output: `${count}` })],
  ])
}

function forward(base: Message, to: string): Message {
  const messages = [{ target: to, action: 'Increment' }]
  return base.with([['results', createResults({ output: 'Sent', messages })]])
}

if (import.meta.main) {
  const node = await startNode({ storePath: 'data/counter' }, { devices: [counterDevice] })
  console.log(`A node with ${counterDevice.name}: ${node.url}`)
}
