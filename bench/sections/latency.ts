/**
 * How long a reply takes when the node has half of what it can do. Measured in several passes, with
 * bare signatures at the same rate between them; the figures are the medians of the passes, since
 * one stop of a machine that others share fills the last hundredth of a pass.
 */
import type { Row } from '../row.ts'
import { openScheduleBench } from '../schedule-load.ts'
import type { Section } from '../section.ts'
import { measureSigningRate, pacedSigning } from '../signing-rate.ts'

const PASSES = 5
const PARTS = [
  { part: 0.5, atMost: 2 },
  { part: 0.99, atMost: 6 },
]

export const benchLatency: Section = async ({ size }) => {
  await using bench = await openScheduleBench({ processes: 64, messages: 0 })
  const count = size(3_000, 300)
  await bench.warmUp(2 * count)
  const peak = await bench.run(count)
  const rate = peak.requests / peak.seconds / 2
  const node: (readonly number[])[] = []
  const bare: (readonly number[])[] = []
  for (let pass = 0; pass < PASSES; pass++) {
    node.push((await bench.run(count, rate)).latenciesMs)
    bare.push(await pacedSigning(rate, count))
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
    ...rows('bare signatures at the same rate', bare, false),
  ]
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
