/** How often one signer may have messages scheduled. */
import { AoError } from '../base/errors.ts'
import { createTokenBuckets } from '../base/token-buckets.ts'

/**
 * Counts a message for each of its signers, whose signatures must have been verified: a forged one
 * would use up the rate of somebody else. @throws AoError `rate-limited`
 */
export type SignerRate = (signers: readonly string[]) => void

export interface SignerRateOptions {
  /** 0 is no limit. */
  readonly perSecond: number
  readonly burst: number
  /** Whether an address has no rate. */
  readonly isExempt: (address: string) => boolean
  /** See `TokenBucketOptions`. */
  readonly now?: () => number
}

/** For nodes without such a limit. */
export const noSignerRate: SignerRate = () => undefined

export function createSignerRate({ isExempt, ...rate }: SignerRateOptions): SignerRate {
  if (rate.perSecond === 0) return noSignerRate
  const buckets = createTokenBuckets(rate)
  return (signers) => {
    for (const signer of signers) {
      const waitMs = isExempt(signer) ? 0 : buckets.take(signer)
      if (waitMs > 0) throw tooMany(rate.perSecond, waitMs)
    }
  }
}

function tooMany(perSecond: number, waitMs: number): AoError {
  const reason = `Expected at most ${perSecond} messages a second of one signer; try again later`
  return new AoError('rate-limited', reason, { retryAfterMs: Math.ceil(waitMs) })
}
