/** Execution devices that send messages, for tests of pushing. */
import { createDevice } from '../src/device/create-device.ts'
import { ok } from '../src/device/device.ts'
import { numberAt, textAt } from '../src/device/read-key.ts'
import { createResults, inputOf } from '../src/device/results.ts'

/** Sends what its messages tell it to: `to` the target, and any keys that start with `say-`. */
export const sender = createDevice('sender@1.0', {
  compute: async (base, request) => {
    const body = inputOf(request)
    const to = textAt(body, 'to')
    if (to === undefined) return ok(base)
    const said = [...body].filter(([key]) => key.startsWith('say-'))
    const keys = said.map(([key, value]) => [key.slice(4), String(value)])
    const message = { Target: to, ...Object.fromEntries(keys) }
    return ok(base.with([['results', createResults({ output: 'Sent', messages: [message] })]]))
  },
})

/** Sends every message on, or back, counting down; says `Done.` in the end. */
export const pingPong = createDevice('ping-pong@1.0', {
  compute: async (base, request) => {
    const body = inputOf(request)
    const left = numberAt(body, 'left') ?? 0
    const target = textAt(body, 'friend') ?? textAt(body, 'from-process') ?? ''
    if (left === 0) return ok(base.with([['results', createResults({ output: 'Done.' })]]))
    const messages = [{ target, left: `${left - 1}` }]
    return ok(base.with([['results', createResults({ messages })]]))
  },
})

/** Sends `copies` messages to `to`, each with the slot and its number as `n`. */
export const fanOut = createDevice('fan-out@1.0', {
  compute: async (base, request) => {
    const body = inputOf(request)
    const copies = numberAt(body, 'copies') ?? 0
    const slot = numberAt(request, 'slot')
    const messages = Array.from({ length: copies }, (_, index) => ({
      ...{ target: textAt(body, 'to') ?? '', action: 'Increment', n: `${slot}.${index + 1}` },
    }))
    return ok(base.with([['results', createResults({ messages })]]))
  },
})
