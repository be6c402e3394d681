/**
 * The part of an audit that goes from slot to slot: chains and time. Pure: the state after one
 * assignment and what the next shows give the findings and the state after that one. Where a chain
 * is broken, the audit goes on from what the assignment shows, so that one fault is found once.
 */
import { concatBytes } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { sha256Text } from '../crypto/hash.ts'
import type { HashpathAlgorithm } from '../message/hashpath.ts'
import { type Finding, finding } from './audit-finding.ts'
import { nextBaseHashpath, nextHashChain, startChain } from './chain.ts'
import type { Head } from './schedule-store.ts'

/** Where an audit stands after an assignment: enough to go on from there later. */
export interface AuditState extends Head {
  /** `base-hashpath` of the last assignment itself, which the reference repeats after a restart. */
  readonly lastBaseHashpath?: string
  /** After missing slots: nobody can say what the next assignment must show. */
  readonly isAfterGap?: boolean
}

/** What an assignment shows of its place. */
export interface ChainLink {
  readonly slot: number
  readonly timestamp: number | undefined
  readonly hashChain: string | undefined
  readonly baseHashpath: string | undefined
  readonly assignmentId: string
  /** id(all) of the scheduled message. */
  readonly messageId: string
}

export interface LinkAudit {
  readonly findings: readonly Finding[]
  readonly state: AuditState
}

/** Before slot 0. */
export function startAudit(processId: string): AuditState {
  return { slot: -1, timestamp: 0, ...startChain(processId) }
}

export function auditLink(
  state: AuditState,
  link: ChainLink,
  algorithm: HashpathAlgorithm | undefined,
): LinkAudit {
  const { slot, hashChain, baseHashpath } = link
  const findings: Finding[] = []
  if (hashChain === undefined && baseHashpath === undefined) {
    findings.push(finding('chain-missing', slot, 'Expected a hash-chain or a base-hashpath'))
  }
  if (!state.isAfterGap) {
    findings.push(...hashChainFindings(state, link), ...hashpathFindings(state, link))
  }
  const own = baseHashpath ?? state.baseHashpath
  return {
    findings: [...findings, ...timestampFindings(state, link)],
    state: {
      slot,
      timestamp: link.timestamp ?? state.timestamp,
      hashChain: isChain(hashChain) ? hashChain : nextHashChain(state.hashChain, link.messageId),
      baseHashpath: hashpathAfter(own, link, algorithm) ?? state.baseHashpath,
      lastBaseHashpath: own,
    },
  }
}

function hashChainFindings(
  state: AuditState,
  { slot, hashChain, messageId }: ChainLink,
): Finding[] {
  if (hashChain === undefined) return []
  const expected = nextHashChain(state.hashChain, messageId)
  if (hashChain === expected) return []
  if (hashChain === restartedHashChain(state.hashChain, messageId)) {
    const reason = 'hash-chain continues from the text of the one before, as HyperBEAM restarts it'
    return [finding('chain-restarted', slot, reason)]
  }
  return [finding('chain-broken', slot, `Expected hash-chain ${expected}, found ${hashChain}`)]
}

/** HyperBEAM takes the text of the last chain for its bytes once after each restart. */
function restartedHashChain(previous: string, messageId: string): string {
  return sha256Text(concatBytes([previous, messageId]))
}

function hashpathFindings(state: AuditState, { slot, baseHashpath }: ChainLink): Finding[] {
  if (baseHashpath === undefined || baseHashpath === state.baseHashpath) return []
  if (baseHashpath === state.lastBaseHashpath) {
    const reason = 'base-hashpath repeats the one before, as HyperBEAM restarts it'
    return [finding('chain-restarted', slot, reason)]
  }
  const reason = `Expected base-hashpath ${state.baseHashpath}, found ${baseHashpath}`
  return [finding('chain-broken', slot, reason)]
}

function timestampFindings(state: AuditState, { slot, timestamp }: ChainLink): Finding[] {
  if (timestamp === undefined) {
    return [
      finding('timestamp-wrong', slot, 'Expected a whole number of milliseconds as timestamp'),
    ]
  }
  if (timestamp >= state.timestamp) return []
  const reason = `Expected a timestamp of at least ${state.timestamp}, found ${timestamp}`
  return [finding('timestamp-wrong', slot, reason)]
}

function isChain(text: string | undefined): text is string {
  return text !== undefined && /^[\w-]{43}$/.test(text)
}

/** `undefined` where what the assignment shows is no hashpath. */
function hashpathAfter(
  own: string,
  { assignmentId }: ChainLink,
  algorithm: HashpathAlgorithm | undefined,
): string | undefined {
  try {
    return nextBaseHashpath(own, assignmentId, algorithm)
  } catch (error) {
    if (error instanceof AoError) return undefined
    throw error
  }
}
