/** Feeds targets in turn, a batch at a time, and tells what went wrong. */
import type { FuzzFailure, FuzzTarget } from './target.ts'

export interface FuzzOptions {
  /** The same seed gives the same cases. */
  readonly seed: number
  /** Of all targets together. */
  readonly cases: number
  /** Computing that one case may take. */
  readonly hangMs: number
  readonly onBatch?: (batch: FuzzBatch) => void
  /** Each target has had a batch; there are `ROUNDS`. */
  readonly onRound?: () => void
}

export interface FuzzBatch {
  readonly target: string
  /** Of all targets until now. */
  readonly cases: number
  readonly worstMs: number
  readonly failure?: FuzzFailure
}

export interface FuzzResult {
  readonly cases: number
  readonly failures: readonly FuzzFailure[]
}

/** Batches of each target. */
export const ROUNDS = 20

/** A target that failed gets no more cases: one fault shows in many of them. */
export async function runFuzz(
  targets: readonly FuzzTarget[],
  { seed, cases, hangMs, onBatch, onRound }: FuzzOptions,
): Promise<FuzzResult> {
  const shares = targets.reduce((sum, { share }) => sum + share, 0)
  const failures: FuzzFailure[] = []
  let done = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, share, run } of targets) {
      if (failures.some(({ target }) => target === name)) continue
      const own = Math.ceil((cases * share) / shares / ROUNDS)
      const outcome = await run({ seed: seed + round, cases: own, hangMs })
      done += own
      if (outcome.failure !== undefined) failures.push(outcome.failure)
      onBatch?.({ target: name, cases: done, ...outcome })
    }
    onRound?.()
  }
  return { cases: done, failures }
}
