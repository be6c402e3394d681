/**
 * The two chains that tie the assignments of a process together. `hash-chain` runs over the ids of
 * the scheduled messages; `base-hashpath` over the ids of the signed assignments. The node keeps
 * both in the head of a process, so that either continues after a restart or a change of option.
 */

import { concatBytes } from '../base/bytes.ts'
import { decodeBase64, encodeBase64url } from '../crypto/base64url.ts'
import { sha256 } from '../crypto/hash.ts'
import { chainHashpath, type HashpathAlgorithm } from '../message/hashpath.ts'

/** Which chain an assignment shows. */
export type ChainKind = 'base-hashpath' | 'hash-chain'

/** Where both chains of a process stand after its last assignment. */
export interface ChainState {
  /** `hash-chain` of the last assignment; empty text before the first. */
  readonly hashChain: string
  /** `base-hashpath` that the next assignment carries: the process id before the first. */
  readonly baseHashpath: string
}

export function startChain(processId: string): ChainState {
  return { hashChain: '', baseHashpath: processId }
}

/** SHA-256 of the previous chain's 32 bytes (none at slot 0) and the text of the message's id. */
export function nextHashChain(previous: string, messageId: string): string {
  const base = previous === '' ? new Uint8Array() : decodeBase64(previous)
  return encodeBase64url(sha256(concatBytes([base, messageId])))
}

/** The hashpath of the state that the assignment after this one is applied to. */
export function nextBaseHashpath(
  baseHashpath: string,
  assignmentId: string,
  algorithm?: HashpathAlgorithm,
): string {
  return chainHashpath(baseHashpath, assignmentId, algorithm)
}
