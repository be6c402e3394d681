/** Verification of the commitments of a message, whichever codecs made them. */
import type { Commitment } from '../message/commitment.ts'
import { isSigned } from '../message/commitment.ts'
import { selectCommitments } from '../message/committed.ts'
import { Message } from '../message/message.ts'
import { isList, type List, type Value } from '../message/value.ts'
import { ANS104_DEVICE } from './ans104/item-commitment.ts'
import { verifyAns104 } from './ans104/verify.ts'
import { verifyHttpsig } from './httpsig/httpsig.ts'

export interface VerifyResult {
  /** Whether every signature holds. True without any signature: who needs one asks for signers. */
  readonly valid: boolean
  /** Addresses of those whose signatures hold, each once. */
  readonly signers: readonly string[]
  /** Ids of the commitments that do not hold. */
  readonly failed: readonly string[]
}

/**
 * Verifies every signature on a message; hmacs, which anybody can make, are left out. Keys that no
 * signature covers play no part, so callers act on `withOnlyCommitted`. A nested message that a
 * signature knows by its id must itself be what its commitments say.
 *
 * @example
 * const { valid, signers } = await verifyMessage(message)
 */
export async function verifyMessage(message: Message): Promise<VerifyResult> {
  const checks = startChecks(message)
  const [only] = checks
  // Most messages have one signature, and `all` makes ten objects.
  const isOnly = only !== undefined && checks.length === 1
  return resultOf(message, isOnly ? [await only] : await Promise.all(checks))
}

/** One for each signature, in their order. */
function startChecks(message: Message): Promise<boolean>[] {
  const checks: Promise<boolean>[] = []
  for (const [id, commitment] of message.commitments) {
    if (isSigned(commitment)) checks.push(verifyNamed(message, id, commitment))
  }
  return checks
}

function resultOf({ commitments }: Message, verdicts: readonly boolean[]): VerifyResult {
  const signers: string[] = []
  const failed: string[] = []
  let index = 0
  for (const [id, { committer }] of commitments) {
    if (committer === undefined) continue
    if (verdicts[index++] !== true) failed.push(id)
    else if (!signers.includes(committer)) signers.push(committer)
  }
  return { valid: failed.length === 0, signers, failed }
}

function verifyNamed(message: Message, id: string, commitment: Commitment): Promise<boolean> {
  return id === commitment.id ? verifyCommitment(message, commitment) : FAILS
}

/** Whether a commitment holds; one of an unknown device does not. */
export function verifyCommitment(message: Message, commitment: Commitment): Promise<boolean> {
  switch (commitment.device) {
    case 'httpsig@1.0':
      return verifyHttpsig(message, commitment, HTTPSIG_OPTIONS)
    case ANS104_DEVICE:
      return verifyAns104(message, commitment, ANS104_OPTIONS)
    default:
      return FAILS
  }
}

const FAILS = Promise.resolve(false)
const HTTPSIG_OPTIONS = { verifyNested: verifyCommitment }
const ANS104_OPTIONS = { verifyNested: isNamedTruly }

/** Whether a value is what its id says: the id of a committed message is that of its commitments. */
async function isNamedTruly(value: Value): Promise<boolean> {
  if (isList(value)) return areNamedTruly(value)
  if (!(value instanceof Message)) return true
  const naming = selectCommitments(value, { committers: 'all' })
  if (naming.length === 0) return areNamedTruly([...value].map(([, nested]) => nested))
  const covered = new Set(naming.flatMap(({ committed }) => committed))
  for (const key of value.keys()) if (!covered.has(key)) return false
  for (const commitment of naming) {
    if (!(await verifyNamed(value, commitment.id, commitment))) return false
  }
  return true
}

async function areNamedTruly(values: List): Promise<boolean> {
  for (const value of values) if (!(await isNamedTruly(value))) return false
  return true
}
