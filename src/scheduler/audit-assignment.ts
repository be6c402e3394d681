/** The part of an audit that looks at one assignment alone: its fields, signatures and message. */
import { verifyMessage } from '../codec/verify.ts'
import { signersOf } from '../message/commitment.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import { isList, Link, type Value } from '../message/value.ts'
import { withBody } from './archive-line.ts'
import { type Finding, finding } from './audit-finding.ts'
import { integerOf } from './location.ts'

export interface ExpectedAssignment {
  readonly processId: string
  readonly slot: number
  /** Addresses that the process names; `undefined` when that is not known. */
  readonly schedulers: readonly string[] | undefined
  /**
   * Whether the received bytes of messages are there where only they prove a signature: a store
   * keeps them, other nodes do not send them.
   */
  readonly hasReceived: boolean
}

export interface AuditedAssignment {
  /** Only the keys that are signed, or all where nobody signed. */
  readonly assignment: Message
  readonly assignmentId: string
  /** The scheduled message, and its id(all). */
  readonly message?: Message
  readonly messageId?: string
  readonly findings: readonly Finding[]
}

/** Everything in the assignment must have been loaded. */
export async function auditAssignment(
  found: Message,
  expected: ExpectedAssignment,
): Promise<AuditedAssignment> {
  const assignment = withOnlyCommitted(found)
  const body = assignment.get('body')
  const message = body instanceof Message ? body : undefined
  const findings = [
    ...fieldFindings(assignment, expected),
    ...(await signatureFindings(assignment, message, expected)),
    ...(await messageFindings(message, expected)),
  ]
  return {
    ...{ assignment, assignmentId: messageId(assignment, 'all'), findings },
    ...(message === undefined ? {} : { message, messageId: messageId(message, 'all') }),
  }
}

function fieldFindings(assignment: Message, { processId, slot }: ExpectedAssignment): Finding[] {
  const findings: Finding[] = []
  const check = (key: string, found: unknown, wanted: unknown): void => {
    if (found === wanted) return
    const shown = found === undefined ? 'none' : String(found).slice(0, 64)
    findings.push(finding('field-wrong', slot, `Expected ${key} ${wanted}, found ${shown}`))
  }
  check('slot', integerOf(assignment, 'slot'), slot)
  check('process', textOf(assignment, 'process'), processId)
  check('type', textOf(assignment, 'type'), 'Assignment')
  return findings
}

/** An assignment covers its message by the id; whether the message is that one is looked at apart. */
async function signatureFindings(
  assignment: Message,
  message: Message | undefined,
  { slot, schedulers }: ExpectedAssignment,
): Promise<Finding[]> {
  if (signersOf(assignment).length === 0) {
    return [finding('assignment-unsigned', slot, 'Expected an assignment that somebody signed')]
  }
  const linked = message && withBody(assignment, new Link(messageId(message, 'all')))
  const byLink = linked && (await verifyMessage(linked))
  const { valid, signers, failed } = byLink?.valid ? byLink : await verifyMessage(assignment)
  if (!valid) {
    const reason = `The signature of commitment ${failed.join(', ')} on the assignment does not hold`
    return [finding('assignment-invalid', slot, reason)]
  }
  if (schedulers === undefined || signers.some((signer) => schedulers.includes(signer))) return []
  const reason = `Expected a signature of ${schedulers.join(' or ')}, found ${signers.join(', ')}`
  return [finding('signer-foreign', slot, reason)]
}

async function messageFindings(
  message: Message | undefined,
  { slot, hasReceived }: ExpectedAssignment,
): Promise<Finding[]> {
  if (message === undefined) {
    return [finding('message-missing', slot, 'Expected the scheduled message as body')]
  }
  if (!(await holdsThroughout(message))) {
    if (!hasReceived && hasHttpSignature(message)) {
      const reason =
        'The signature on the message cannot be checked with what the node sends: the bytes that ' +
        'its client sent prove it, or it was changed; only the store tells'
      return [finding('message-unproved', slot, reason)]
    }
    return [finding('message-invalid', slot, 'A signature on the scheduled message does not hold')]
  }
  if (signersOf(message).length > 0) return []
  return [finding('message-unsigned', slot, 'Nobody signed the scheduled message')]
}

/** Whether a signature of httpsig@1.0 is on a message or on one in it. */
function hasHttpSignature(value: Value): boolean {
  if (isList(value)) return value.some(hasHttpSignature)
  if (!(value instanceof Message)) return false
  for (const { device, committer } of value.commitments.values()) {
    if (device === 'httpsig@1.0' && committer !== undefined) return true
  }
  return [...value].some(([, nested]) => hasHttpSignature(nested))
}

/** Whether every signature on a message holds, and on all messages nested in it. */
export async function holdsThroughout(value: Value): Promise<boolean> {
  if (isList(value)) return allHold(value)
  if (!(value instanceof Message)) return true
  if (signersOf(value).length > 0 && !(await verifyMessage(value)).valid) return false
  return allHold([...value].map(([, nested]) => nested))
}

async function allHold(values: readonly Value[]): Promise<boolean> {
  for (const value of values) if (!(await holdsThroughout(value))) return false
  return true
}
