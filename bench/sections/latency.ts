/**
 * How long a reply takes when the node has half of what it can do. Measured in several passes, with
 * bare signatures, and a server that does the least that a durable reply needs, at the same rate
 * between them; the figures are the medians of the passes, since one stop of a machine that others
 * share fills the last hundredth of a pass.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { load } from '../children.ts'
import type { Row } from '../row.ts'
import { openScheduleBench } from '../schedule-load.ts'
import type { Section } from '../section.ts'
import { measureSigningRate, pacedSigning } from '../signing-rate.ts'

const PASSES = 5
const CONNECTIONS = 128
/** As much as a prepared message has. */
const BARE_MESSAGE_BYTES = 1_500
const PARTS = [
  { part: 0.5, atMost: 2 },
  { part: 0.99, atMost: 6 },
]

export const benchLatency: Section = async ({ size }) => {
  await using bench = await openScheduleBench({ processes: 64, messages: 0 })
  await using bareServer = await openBareServer()
  const count = size(3_000, 300)
  await bench.warmUp(2 * count)
  await bareServer.run(count)
  const peak = await bench.run(count)
  const rate = peak.requests / peak.seconds / 2
  const node: (readonly number[])[] = []
  const bare: (readonly number[])[] = []
  const signatures: (readonly number[])[] = []
  for (let pass = 0; pass < PASSES; pass++) {
    node.push((await bench.run(count, rate)).latenciesMs)
    bare.push(await bareServer.run(count, rate))
    signatures.push(await pacedSigning(rate, count))
  }
  // Alone on a core: the time of a signature that waits for nothing.
  const { serial } = await measureSigningRate()
  const limit = { name: 'one signature', figure: 1_000 / serial }
  const rows = (name: string, passes: readonly (readonly number[])[], hasGoal: boolean): Row[] =>
    PARTS.map(({ part, atMost }) => ({
      name: `${name}: p${part * 100}`,
      figure: median(passes.map((latencies) => quantile(latencies, part))),
      ...{ unit: 'ms', limit },
      ...(hasGoal ? { goal: { of: 'ratio', atMost } } : {}),
    }))
  return [
    ...rows(`latency at ${Math.round(rate)}/s, half of the peak`, node, true),
    ...rows('a bare server that verifies, signs and writes, at the same rate', bare, false),
    ...rows('bare signatures at the same rate', signatures, false),
  ]
}

interface BareServer extends AsyncDisposable {
  /** Milliseconds that replies take, sorted. */
  run(count: number, ratePerSecond?: number): Promise<readonly number[]>
}

async function openBareServer(): Promise<BareServer> {
  const server = fork(new URL('../bare-scheduler.ts', import.meta.url))
  const [port] = (await once(server, 'message')) as [number]
  const head = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${BARE_MESSAGE_BYTES}\r\n\r\n`
  const request = Buffer.from(head + 'a'.repeat(BARE_MESSAGE_BYTES))
  return {
    run: async (count, ratePerSecond) => {
      const pace = ratePerSecond === undefined ? {} : { ratePerSecond }
      const options = { port, connections: CONNECTIONS, count, ...pace }
      return (await load([request], options)).latenciesMs
    },
    [Symbol.asyncDispose]: async () => {
      server.disconnect()
      await once(server, 'exit')
    },
  }
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN
}

function median(figures: readonly number[]): number {
  return quantile(
    figures.toSorted((left, right) => left - right),
    0.5,
  )
}
