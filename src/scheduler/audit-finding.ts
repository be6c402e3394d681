/** What an audit finds in a schedule. */

export type FindingSeverity =
  /** The schedule breaks a promise. */
  | 'error'
  /** It is sound, but somebody should know. */
  | 'warning'
  /** Allowed and harmless. */
  | 'note'

/** Codes never change meaning; what each is about, in words. */
const SEVERITY_OF_CODE = {
  /** A slot, or a run of them, has no assignment. */
  'slots-missing': 'error',
  /** What is stored or sent for a slot cannot be read. */
  'slot-unreadable': 'error',
  /** `type`, `process` or `slot` is not what it must be. */
  'field-wrong': 'error',
  'assignment-unsigned': 'error',
  /** A signature of the assignment does not hold. */
  'assignment-invalid': 'error',
  /** Nobody signed it whom the process names as its scheduler. */
  'signer-foreign': 'error',
  /** Whom the process names as its scheduler cannot be known. */
  'scheduler-unknown': 'warning',
  'message-missing': 'error',
  /** A signature of the message, or of one nested in it, does not hold. */
  'message-invalid': 'error',
  'message-unsigned': 'warning',
  /** What a node sends of a message is not enough to check the signature of its client. */
  'message-unproved': 'warning',
  /** The same message has another slot too: it was posted more than once. */
  'message-repeated': 'note',
  /** The assignment shows neither `hash-chain` nor `base-hashpath`. */
  'chain-missing': 'error',
  'chain-broken': 'error',
  /** The break that the reference leaves at each of its restarts. */
  'chain-restarted': 'warning',
  'timestamp-wrong': 'error',
  /** The head says something else than the last assignment. */
  'head-wrong': 'error',
  /** The same assignment or message reads differently by page, slot, id and message. */
  'reads-differ': 'error',
} as const satisfies Readonly<Record<string, FindingSeverity>>

export type FindingCode = keyof typeof SEVERITY_OF_CODE

export interface Finding {
  readonly severity: FindingSeverity
  readonly code: FindingCode
  /** Absent where it is about the schedule as a whole. */
  readonly slot?: number
  /** What was expected and what is there. */
  readonly message: string
}

export function finding(code: FindingCode, slot: number | undefined, message: string): Finding {
  const severity = SEVERITY_OF_CODE[code]
  return { severity, code, ...(slot === undefined ? {} : { slot }), message }
}
