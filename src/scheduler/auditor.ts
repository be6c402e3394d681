/**
 * Audits assignments in slot order, wherever they come from: a store, a node or a file. It holds
 * nothing but where the schedule stands, so that a schedule of any length costs the same memory.
 */

import { signersOf } from '../message/commitment.ts'
import type { HashpathAlgorithm } from '../message/hashpath.ts'
import { messageId, unsignedId } from '../message/id.ts'
import type { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import {
  type AuditedAssignment,
  auditAssignment,
  type ExpectedAssignment,
  holdsThroughout,
} from './audit-assignment.ts'
import { type AuditState, auditLink, type ChainLink, startAudit } from './audit-chain.ts'
import { type Finding, finding } from './audit-finding.ts'
import { parseSchedulers } from './locate.ts'
import { integerOf } from './location.ts'
import type { SlotAssignment } from './schedule-store.ts'

/** An assignment that was audited; its findings do not keep it from being here. */
export interface AuditedSlot extends AuditedAssignment {
  readonly slot: number
  /** Where the schedule stands after it. */
  readonly state: AuditState
}

export interface Auditor {
  /** Audits assignments of consecutive slots, the first right after the last one before. */
  check(assignments: readonly SlotAssignment[]): Promise<AuditedSlot[]>
  /** Goes on before this slot; what is between was found to be missing. */
  skipTo(slot: number): void
  readonly state: AuditState
}

export interface AuditorOptions {
  readonly processId: string
  /** The process message, if it is known beforehand; else slot 0 may have it. */
  readonly process?: Message
  /** Where an audit before this one ended. Default: before slot 0. */
  readonly after?: AuditState
}

/** What an audit needs to know of a process. */
interface ProcessFacts {
  readonly schedulers: readonly string[]
  readonly algorithm: HashpathAlgorithm | undefined
}

export async function createAuditor(options: AuditorOptions): Promise<Auditor> {
  const { processId, process } = options
  const facts = process && (await processFacts(process, processId))
  return new SlotAuditor(options, facts)
}

class SlotAuditor implements Auditor {
  readonly #processId: string
  #facts: ProcessFacts | undefined
  #hasToldOfScheduler = false
  state: AuditState

  constructor(options: AuditorOptions, facts: ProcessFacts | undefined) {
    const { processId, after = startAudit(processId) } = options
    this.#processId = processId
    this.state = after
    this.#facts = facts
  }

  skipTo(slot: number): void {
    this.state = { ...this.state, slot: slot - 1, isAfterGap: true }
  }

  async check(assignments: readonly SlotAssignment[]): Promise<AuditedSlot[]> {
    const [first] = assignments
    this.#facts ??= first && (await this.#factsOfFirst(first))
    const schedulers = this.#facts?.schedulers
    const audited = await Promise.all(
      assignments.map((assignment) =>
        auditAssignment(assignment.message, this.#expected(assignment, schedulers)),
      ),
    )
    return audited.map((assignment) => this.#follow(assignment))
  }

  async #factsOfFirst(first: SlotAssignment): Promise<ProcessFacts | undefined> {
    const { message: body } = await auditAssignment(first.message, this.#expected(first, undefined))
    return body && processFacts(body, this.#processId)
  }

  #expected(
    { slot, lacksReceived = false }: SlotAssignment,
    schedulers: readonly string[] | undefined,
  ): ExpectedAssignment {
    const { length } = schedulers ?? []
    return {
      ...{ processId: this.#processId, slot, hasReceived: !lacksReceived },
      schedulers: length === 0 ? undefined : schedulers,
    }
  }

  #follow(audited: AuditedAssignment): AuditedSlot {
    const slot = this.state.slot + 1
    const { findings, state } = auditLink(this.state, linkOf(audited, slot), this.#facts?.algorithm)
    this.state = state
    const all = [...audited.findings, ...findings, ...this.#schedulerFindings(slot)]
    return { ...audited, slot, findings: all, state }
  }

  /** Once for the whole schedule. */
  #schedulerFindings(slot: number): Finding[] {
    if (this.#hasToldOfScheduler || (this.#facts?.schedulers.length ?? 0) > 0) return []
    this.#hasToldOfScheduler = true
    const reason =
      this.#facts === undefined
        ? 'The process itself is not known here, so that signers are not compared with its scheduler'
        : 'The process names no scheduler, so that signers are not compared with it'
    return [finding('scheduler-unknown', slot, reason)]
  }
}

function linkOf(
  { assignment, assignmentId, messageId: id = '' }: AuditedAssignment,
  slot: number,
): ChainLink {
  return {
    slot,
    timestamp: integerOf(assignment, 'timestamp'),
    hashChain: textOf(assignment, 'hash-chain'),
    baseHashpath: textOf(assignment, 'base-hashpath'),
    assignmentId,
    messageId: id,
  }
}

/** Whether a message is truly the process of this id: the one that its signer, or nobody, signed. */
export async function isProcess(message: Message, processId: string): Promise<boolean> {
  if (signersOf(message).length === 0) return unsignedId(message) === processId
  return messageId(message, 'all') === processId && holdsThroughout(message)
}

/** `undefined` for a message that is not truly the process. */
async function processFacts(
  process: Message,
  processId: string,
): Promise<ProcessFacts | undefined> {
  if (!(await isProcess(process, processId))) return undefined
  const named = process.get('scheduler') ?? process.get('scheduler-location')
  const algorithm = textOf(process, 'hashpath-alg')
  return {
    schedulers: parseSchedulers(named).map(({ address }) => address),
    algorithm: algorithm === 'accumulate-256' ? algorithm : undefined,
  }
}
