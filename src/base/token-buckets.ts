/** Rates by name: who takes more than his share hears how long to wait. Memory is bounded. */

export interface TokenBuckets {
  /** Takes one; gives 0, or the milliseconds until there is one to take. */
  take(name: string): number
}

export interface TokenBucketOptions {
  readonly perSecond: number
  /** How many may be taken at once after a pause. */
  readonly burst: number
  /** Names that are remembered; the longest silent is forgotten for a new one. Default 65,536. */
  readonly capacity?: number
  /** Milliseconds on a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number
}

/**
 * Each name may take `burst` at once, and `perSecond` on average. Kept is one number for a name:
 * when its bucket will be full again (the generic cell rate algorithm).
 */
export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { perSecond, burst, capacity = 65_536, now = () => performance.now() } = options
  const intervalMs = 1_000 / perSecond
  const toleranceMs = burst * intervalMs
  const fullAtMs = new Map<string, number>()
  return {
    take: (name) => {
      const atMs = now()
      const next = Math.max(fullAtMs.get(name) ?? 0, atMs) + intervalMs
      const waitMs = next - atMs - toleranceMs
      // A margin for sums of fractions.
      if (waitMs > intervalMs / 1_000) return waitMs
      fullAtMs.delete(name)
      fullAtMs.set(name, next)
      const [oldest] = fullAtMs.keys()
      if (fullAtMs.size > capacity && oldest !== undefined) fullAtMs.delete(oldest)
      return 0
    },
  }
}
