/** The signature base of a commitment, made again of the message that carries it. */
import { isAoError } from '../../base/errors.ts'
import { bundledTabm } from '../../message/bundled-tabm.ts'
import type { Commitment } from '../../message/commitment.ts'
import { withOnlyKeys } from '../../message/committed.ts'
import { linkedTabm } from '../../message/id.ts'
import type { Message } from '../../message/message.ts'
import { type SignatureBase, signatureBase } from '../../message/signature-base.ts'
import type { Tabm } from '../../message/tabm.ts'

/**
 * The base that HyperBEAM would make for this commitment. Types are those of the covered keys only,
 * since keys are added to messages after they were signed.
 * @throws AoError when the message cannot be encoded.
 */
function rebuiltBase(message: Message, commitment: Commitment): SignatureBase {
  const { committed, type, keyid, fields } = commitment
  const tabm = tabmFor(withOnlyKeys(message, committed), commitment)
  return signatureBase(tabm, committed, { type, fields, ...(keyid === undefined ? {} : { keyid }) })
}

/** The same, or `undefined` for a message that has no encoding: it was not signed in this form. */
export function tryRebuildBase(
  message: Message,
  commitment: Commitment,
): SignatureBase | undefined {
  try {
    return rebuiltBase(message, commitment)
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}

/** The TABM in the mode of a commitment: with links, or, for a bundle, with everything inline. */
export function tabmFor(message: Message, commitment: Pick<Commitment, 'fields'>): Tabm {
  return isBundle(commitment) ? bundledTabm(message) : linkedTabm(message)
}

export function isBundle({ fields }: Pick<Commitment, 'fields'>): boolean {
  return fields.get('bundle') === 'true'
}
