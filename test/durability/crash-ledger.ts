/**
 * What clients were told of the messages of one process, and where these were found: any two facts
 * that contradict each other end the test.
 */
import assert from 'node:assert/strict'
import type { AuditState } from '../../src/scheduler/audit-chain.ts'
import type { AuditedSlot } from '../../src/scheduler/auditor.ts'

/** What an acknowledgement said of the assignment. */
export interface Acknowledgement {
  readonly slot: number
  readonly timestamp: string
  /** `base-hashpath` or `hash-chain`. */
  readonly chain: string
}

export class CrashLedger {
  readonly processId: string
  /** Where the last audit ended. */
  state: AuditState | undefined
  /** By message id. */
  readonly acknowledged = new Map<string, Acknowledgement>()
  readonly refused = new Set<string>()
  /** The reply never came: these may be there or not. */
  readonly uncertain = new Set<string>()
  readonly #found = new Map<string, Acknowledgement>()

  constructor(processId: string) {
    this.processId = processId
  }

  /** Slots that were audited. */
  get slots(): number {
    return this.#found.size
  }

  acknowledge(messageId: string, told: Acknowledgement): void {
    const found = this.#found.get(messageId)
    if (found !== undefined) assert.deepEqual(told, found, `${messageId} is told where it is`)
    this.acknowledged.set(messageId, told)
    this.uncertain.delete(messageId)
  }

  /** Notes a slot of the schedule, each once and in order. */
  place({ slot, assignment, messageId = '', state }: AuditedSlot): void {
    assert.equal(slot, this.#found.size, 'slots come in order')
    assert.ok(!this.#found.has(messageId), `${messageId} is there once`)
    assert.ok(!this.refused.has(messageId), `${messageId} was refused and is not there`)
    const chain = assignment.get('base-hashpath') ?? assignment.get('hash-chain')
    const timestamp = String(assignment.get('timestamp'))
    const found = { slot, timestamp, chain: String(chain) }
    const told = this.acknowledged.get(messageId)
    if (told !== undefined) assert.deepEqual(found, told, `${messageId} is as it was told`)
    this.#found.set(messageId, found)
    this.state = state
  }

  /** After a whole audit: nothing that was acknowledged may be missing. */
  assertNothingLost(): void {
    for (const [messageId, { slot }] of this.acknowledged) {
      assert.ok(this.#found.has(messageId), `${messageId} at slot ${slot} is lost`)
    }
  }

  /** Forgets what was found, to audit everything anew. */
  again(): CrashLedger {
    const fresh = new CrashLedger(this.processId)
    for (const [id, told] of this.acknowledged) fresh.acknowledged.set(id, told)
    for (const id of this.refused) fresh.refused.add(id)
    return fresh
  }
}
