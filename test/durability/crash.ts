/**
 * `npm run crash -- --kills N [--seed S]`: kills nodes with SIGKILL, starts the next ones on the
 * same stores, and audits each time that nothing acknowledged was lost, doubled or changed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type LaneOptions, type LaneReport, type Moment, runLane } from './crash-lane.ts'
import { createRandom } from './crash-random.ts'

export interface CrashReport {
  readonly kills: Readonly<Record<Moment, number>>
  /** Messages that were acknowledged, refused, and without an answer. */
  readonly acknowledged: number
  readonly refused: number
  readonly uncertain: number
  /** Slots that were audited, each at least twice. */
  readonly slots: number
  readonly seconds: number
}

/** They run at once; the share of the kills of each is out of 5. */
const LANES: readonly (LaneOptions & { readonly share: number })[] = [
  {
    ...{ name: 'base-hashpath', share: 2, isDurable: true, postsAgain: false },
    config: { assignmentChain: 'base-hashpath', assignmentCommitment: 'ans104@1.0' },
  },
  {
    ...{ name: 'hash-chain', share: 2, isDurable: true, postsAgain: true },
    config: {
      ...{ assignmentChain: 'hash-chain', assignmentCommitment: 'httpsig@1.0' },
      returnExistingAssignment: true,
    },
  },
  {
    ...{ name: 'aggressive', share: 1, isDurable: false, postsAgain: false },
    config: { mode: 'aggressive' },
  },
]

/**
 * Kills at least so many nodes, and tells how many were. @throws AssertionError for whatever is not
 * as it must be.
 */
export async function crash(
  kills: number,
  seed: number,
  onKill: (killed: number) => void = () => undefined,
): Promise<CrashReport> {
  let killed = 0
  const startedMs = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-crash-'))
  const failure = new AbortController()
  const running = LANES.map(({ share, ...lane }, index) =>
    runLane(lane, Math.ceil((kills * share) / 5), {
      ...{ folder, cacheFolder: join(folder, 'code'), signal: failure.signal },
      random: createRandom(seed + index),
      onKill: () => onKill(++killed),
    }),
  )
  try {
    const reports = await Promise.all(running)
    return { ...sum(reports), seconds: (performance.now() - startedMs) / 1_000 }
  } finally {
    failure.abort()
    await Promise.allSettled(running)
    await rm(folder, { recursive: true, force: true })
  }
}

function sum(reports: readonly LaneReport[]): Omit<CrashReport, 'seconds'> {
  const total = (count: (report: LaneReport) => number): number =>
    reports.reduce((all, report) => all + count(report), 0)
  return {
    kills: {
      start: total(({ kills }) => kills.start),
      load: total(({ kills }) => kills.load),
      stop: total(({ kills }) => kills.stop),
    },
    acknowledged: total(({ acknowledged }) => acknowledged),
    refused: total(({ refused }) => refused),
    uncertain: total(({ uncertain }) => uncertain),
    slots: total(({ slots }) => slots),
  }
}

export function formatReport(report: CrashReport, seed: number): string {
  const { kills, acknowledged, refused, uncertain, slots, seconds } = report
  const { start, load, stop } = kills
  return (
    `${start + load + stop} kills (${start} during start, ${load} under load, ${stop} during stop), ` +
    `${acknowledged} messages acknowledged, ${refused} refused, ${uncertain} without an answer, ` +
    `${slots} slots audited, ${seconds.toFixed(1)} s, seed ${seed}`
  )
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  process.stdout.write(`seed ${seed}\n`)
  const kills = Number(values.kills ?? 200)
  const report = await crash(kills, seed, (killed) => {
    if (killed % 50 === 0) process.stdout.write(`${killed} of ${kills} kills\n`)
  })
  process.stdout.write(`${formatReport(report, seed)}\n`)
}
