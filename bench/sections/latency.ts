/** How long a reply takes when the node has half of what it can do. */
import type { Row } from '../row.ts'
import { openScheduleBench } from '../schedule-load.ts'
import type { Section } from '../section.ts'
import { measureSigningRate, pacedSigning } from '../signing-rate.ts'

export const benchLatency: Section = async ({ size }) => {
  await using bench = await openScheduleBench({ processes: 64, messages: 0 })
  const count = size(3_000, 300)
  await bench.warmUp(2 * count)
  const peak = await bench.run(count)
  const rate = peak.requests / peak.seconds / 2
  const { latenciesMs } = await bench.run(count, rate)
  // Alone on a core: the time of a signature that waits for nothing.
  const { serial } = await measureSigningRate()
  const limit = { name: 'one signature', figure: 1_000 / serial }
  const bare = await pacedSigning(rate, count)
  const row = (part: number, atMost: number): Row => ({
    name: `latency at ${Math.round(rate)}/s, half of the peak: p${part * 100}`,
    figure: latenciesMs[Math.floor(latenciesMs.length * part)] ?? Number.NaN,
    ...{ unit: 'ms', limit, goal: { of: 'ratio', atMost } },
  })
  const bareRow = (part: number): Row => ({
    name: `bare signatures at the same rate: p${part * 100}`,
    figure: bare[Math.floor(bare.length * part)] ?? Number.NaN,
    ...{ unit: 'ms', limit },
  })
  return [row(0.5, 2), row(0.99, 6), bareRow(0.5), bareRow(0.99)]
}
