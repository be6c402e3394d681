/**
 * The two chains that tie the assignments of a process together. `hash-chain` runs over the ids of
 * the scheduled messages; `base-hashpath` over the ids of the signed assignments. The node keeps
 * both in the head of a process, so that either continues after a restart or a change of option.
 */

import { concatBytes } from '../base/bytes.ts'
import { decodeBase64 } from '../crypto/base64url.ts'
import { sha256Text } from '../crypto/hash.ts'
import { signersOf } from '../message/commitment.ts'
import { chainHashpath, type HashpathAlgorithm } from '../message/hashpath.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'

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
  return sha256Text(concatBytes([base, messageId]))
}

/** The hashpath of the state that the assignment after this one is applied to. */
export function nextBaseHashpath(
  baseHashpath: string,
  assignmentId: string,
  algorithm?: HashpathAlgorithm,
): string {
  return chainHashpath(baseHashpath, assignmentId, algorithm)
}

/**
 * Whether an assignment of another node continues the chain of the one right before it. What cannot
 * be told holds: where the node changed the kind of its chain, or left out a signature that the
 * chain was made of. After a restart HyperBEAM takes the text of the last `hash-chain` for its
 * bytes once, and repeats a `base-hashpath`; both are let through.
 */
export function follows(assignment: Message, before: Message): boolean {
  const fromChain = before.get('hash-chain')
  const toChain = assignment.get('hash-chain')
  if (typeof fromChain === 'string' && typeof toChain === 'string') {
    const body = assignment.get('body')
    if (!(body instanceof Message)) return false
    const id = messageId(body, 'all')
    const restarted = sha256Text(concatBytes([fromChain, id]))
    return toChain === nextHashChain(fromChain, id) || toChain === restarted
  }
  const from = before.get('base-hashpath')
  const to = assignment.get('base-hashpath')
  if (typeof from !== 'string' || typeof to !== 'string') return true
  if (signersOf(before).length === 0 || to === from) return true
  const id = messageId(before, 'all')
  return HASHPATH_ALGORITHMS.some((algorithm) => to === nextBaseHashpath(from, id, algorithm))
}

const HASHPATH_ALGORITHMS = ['sha-256-chain', 'accumulate-256'] as const
