/**
 * Who may make and manage tasks. Whoever signed the request that made a task owns it; the operator
 * of the node may manage every task. Only a signature that covers what the device acts on counts:
 * otherwise a signed message could be taken from anywhere and posted to another path.
 */
import { AoError } from '../base/errors.ts'
import { isSigned } from '../message/commitment.ts'
import { committedKeys } from '../message/committed.ts'
import type { Message } from '../message/message.ts'
import { textAt } from './read-request.ts'
import type { Task } from './task.ts'

/** Who may make tasks: the operator, whoever signs, or anybody. */
export type CronAccess = 'operator' | 'signed' | 'open'

export interface AccessDeps {
  readonly access: CronAccess
  /** Addresses of the node's own wallets. */
  readonly identities: ReadonlySet<string>
  /** Address of the operator at this moment. */
  readonly operator: () => string
  /** Checks every signature of a message. */
  readonly verify: (
    message: Message,
  ) => Promise<{ readonly valid: boolean; readonly signers: readonly string[] }>
}

/** Who sent a request. */
export interface Author {
  /** Addresses whose signatures hold; none for an unsigned request. */
  readonly signers: readonly string[]
  /** Ids of their signatures. Each counts once, whoever signs beside it. */
  readonly signatures: readonly string[]
  readonly isOperator: boolean
}

/** Keys that say how a request travels: HTTP adds them after signing. */
const TRANSPORT_KEYS: ReadonlySet<string> = new Set(['accept', 'accept-bundle', 'host', 'method'])

/**
 * @throws AoError `invalid-signature` when a signature does not hold, or leaves out what the device
 * would act on.
 */
export async function authorOf(deps: AccessDeps, request: Message): Promise<Author> {
  const received = request.priv.request ?? request
  const signatures = [...received.commitments.values()].filter(isSigned).map(({ id }) => id)
  if (signatures.length === 0) return { signers: [], signatures, isOperator: false }
  const { valid, signers } = await deps.verify(received)
  if (!valid) throw refused('Expected a request whose signatures hold')
  const covered = new Set(committedKeys(received, { committers: 'all' }))
  if (!covered.has('path')) throw refused('Expected a signature that covers the path, too')
  for (const key of request.keys()) {
    if (received.has(key) && !covered.has(key) && !TRANSPORT_KEYS.has(key)) {
      throw refused(`Expected a signature that covers ${key.slice(0, 64)}, too`)
    }
  }
  const operator = deps.operator()
  if (signers.some((signer) => signer === operator || deps.identities.has(signer))) {
    assertMeant(received)
  }
  return { signers, signatures, isOperator: signers.includes(operator) }
}

/** The path of a request that calls a key of this device and says nothing else. */
const PLAIN_PATH = /^\/~cron@1\.0\/[\w-]+$/
const NOT_ITS_OWN = ['status', 'slot', 'from-process']

/**
 * Much that the wallet of the node signs has content, even a `path`, that others chose: replies,
 * assignments, messages of processes. None of that may pass for a request of the operator. It has no
 * path of this form, or has one of these keys, and none of those that a task takes.
 */
function assertMeant(received: Message): void {
  const path = textAt(received, 'path') ?? ''
  if (PLAIN_PATH.test(path) && !NOT_ITS_OWN.some((key) => received.has(key))) return
  throw refused(
    'Expected the operator to sign a path such as /~cron@1.0/every, and all else as keys beside it',
  )
}

/** Whether these signers may make a task. */
export function mayCreate({ access, operator }: AccessDeps, signers: readonly string[]): boolean {
  if (access === 'open') return true
  return access === 'signed' ? signers.length > 0 : signers.includes(operator())
}

/** Why a task is refused to its author. */
export function creationRefusal(access: CronAccess): AoError {
  const who =
    access === 'operator'
      ? 'This node takes tasks from its operator only; the operator may change its option cronAccess'
      : 'This node takes signed requests for tasks only; sign the request'
  return new AoError('unauthorized', who)
}

/** Whether an author may stop, pause, resume and run a task. A task without owner is anybody's. */
export function mayManage(
  { access }: AccessDeps,
  { signers, isOperator }: Author,
  { definition: { owners } }: Task,
): boolean {
  if (isOperator) return true
  if (owners.length === 0) return access === 'open'
  return owners.some((owner) => signers.includes(owner))
}

function refused(message: string): AoError {
  return new AoError('invalid-signature', message)
}
