/** The signature bases of commitments, made again of the message that carries them. */
import { isAoError } from '../../base/errors.ts'
import { bundledTabm } from '../../message/bundled-tabm.ts'
import type { Commitment } from '../../message/commitment.ts'
import { withOnlyKeys } from '../../message/committed.ts'
import { linkedTabm } from '../../message/id.ts'
import type { Message } from '../../message/message.ts'
import {
  baseOf,
  type Coverage,
  coverKeys,
  type SignatureBase,
} from '../../message/signature-base.ts'
import type { Tabm } from '../../message/tabm.ts'

/** Makes the base that HyperBEAM would make for a commitment, with the keys that it covers then. */
export type RebuildBase = (commitment: Commitment) => SignatureBase | undefined

/**
 * Rebuilds the bases of the commitments of a message, most of which cover the same keys. Types are
 * those of the covered keys only, since keys are added to messages after they were signed.
 * `undefined` for a message that has no encoding: it was not signed in this form.
 */
export function createRebuildBase(message: Message): RebuildBase {
  let last: { readonly commitment: Commitment; readonly coverage: Coverage } | undefined
  const coverage = (commitment: Commitment): Coverage => {
    if (last === undefined || !areCoveredAlike(last.commitment, commitment)) {
      const { committed } = commitment
      const tabm = tabmFor(withOnlyKeys(message, committed), commitment)
      last = { commitment, coverage: coverKeys(tabm, committed) }
    }
    return last.coverage
  }
  return (commitment) => {
    try {
      const covered = coverage(commitment)
      return { base: baseOf(covered, commitment), committed: covered.committed }
    } catch (error) {
      if (isAoError(error)) return undefined
      throw error
    }
  }
}

/** Whether two commitments cover the same keys, listed in the same order, in the same mode. */
export function areCoveredAlike(one: Commitment, other: Commitment): boolean {
  if (one.committed.length !== other.committed.length || isBundle(one) !== isBundle(other)) {
    return false
  }
  return one.committed.every((key, index) => key === other.committed[index])
}

/** The TABM in the mode of a commitment: with links, or, for a bundle, with everything inline. */
export function tabmFor(message: Message, commitment: Pick<Commitment, 'fields'>): Tabm {
  return isBundle(commitment) ? bundledTabm(message) : linkedTabm(message)
}

export function isBundle({ fields }: Pick<Commitment, 'fields'>): boolean {
  return fields.get('bundle') === 'true'
}
