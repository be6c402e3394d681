/**
 * A commitment: a signature or hmac over some keys of a message. Which commitments exist, their
 * ids and their order of fields on the wire: spec of `httpsig@1.0` and `ans104@1.0`.
 */
import type { Binary } from '../base/bytes.ts'
import type { Value } from './value.ts'

export interface Commitment {
  /** Base64url: the signature itself if it is 32 bytes, else its SHA-256. */
  readonly id: string
  /** `commitment-device`: `httpsig@1.0`, `ans104@1.0`. */
  readonly device: string
  /** The algorithm: `rsa-pss-sha512`, `hmac-sha256`, `rsa-pss-sha256`, `unsigned-sha256`, ... */
  readonly type: string
  /** Committed keys of the message, in wire order, without `+link`. */
  readonly committed: readonly string[]
  /** `publickey:..`, `constant:..` or `secret:..`; absent on an unsigned data item. */
  readonly keyid?: string
  /** Address of the signer; absent on an hmac with a constant key. */
  readonly committer?: string
  /** Base64url without padding. */
  readonly signature?: string
  /** All other fields as they travel: `bundle`, `tag`, `created`, `field-target`, `original-tags`, ... */
  readonly fields: ReadonlyMap<string, Value>
  /** The bytes that were received, where the signature can only be checked against them. */
  readonly wire?: CommitmentWire
}

/** Private: never part of an id, an encoding for others or a listing; kept by the cache. */
export type CommitmentWire =
  | { readonly kind: 'ans104'; readonly item: Uint8Array }
  | {
      readonly kind: 'httpsig'
      /** The exact signature base that the signer covered. */
      readonly base: Binary
      /** The multipart body that the base has the digest of, where we would write it differently. */
      readonly body?: Uint8Array
    }

export type Commitments = ReadonlyMap<string, Commitment>

export const NO_COMMITMENTS: Commitments = new Map()

/** Whether a commitment was made with a key of its own, so that it has a committer. */
export function isSigned(commitment: Commitment): boolean {
  return commitment.committer !== undefined
}

/** The signers of a message, in order of their commitments, with repetitions. */
export function signersOf(message: { readonly commitments: Commitments }): string[] {
  const signers: string[] = []
  for (const { committer } of message.commitments.values()) {
    if (committer !== undefined) signers.push(committer)
  }
  return signers
}
