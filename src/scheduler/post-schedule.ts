/** POST `schedule`: from a request to an assignment, or to the reason why there is none. */
import { AoError, isAoError } from '../base/errors.ts'
import { verifyMessage } from '../codec/verify.ts'
import { type Commitments, isSigned, NO_COMMITMENTS, signersOf } from '../message/commitment.ts'
import { committedKeys, withOnlyCommitted } from '../message/committed.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'
import { DEFAULT_PATH } from './assignment.ts'
import type { SchedulerContext } from './context.ts'
import { handOn } from './hand-on.ts'
import { type Located, locateScheduler } from './locate.ts'
import { findProcess, findSubject, isProcess, processOfMessage } from './process-id.ts'
import { notFound, ok, type Reply } from './reply.ts'
import type { ScheduledOnce } from './server.ts'
import { noSignerRate } from './signer-rate.ts'

export async function postSchedule(
  context: SchedulerContext,
  base: Message,
  request: Message,
): Promise<Reply> {
  if (context.options.mode === 'disabled') {
    throw new AoError('unavailable', 'Scheduling is disabled on this node')
  }
  const { store, options } = context
  const subject = chooseSubject(await findSubject(store, base, request), request, options)
  const complete = await completeMessage(context, subject.message)
  if (complete === undefined) return notFound('Cannot fully load message to schedule.')
  const message = await admit(context, complete)
  if (message === undefined) {
    context.events.scheduleRefused({ reason: 'invalid-message' })
    return invalidMessage(subject.unsignedBody ? UNSIGNED_BODY : 'Given message is invalid.')
  }
  const { unsignedBody = message } = subject
  const reference = await processOfMessage(store, message, () =>
    processOfMessage(store, unsignedBody, () => findProcess(store, base, request)),
  )
  const located = await locateScheduler(locateDeps(context), reference, message)
  if (located.kind === 'local') {
    const { isRequest } = subject
    const assignment = await scheduleLocally(context, located, { message, isRequest })
    // Where messages are acknowledged before they are written, readers of its links come too early.
    const stored = context.options.mode === 'aggressive' ? undefined : assignment.get('body')
    return ok(stored instanceof Message ? assignment.withPrivate({ stored }) : assignment)
  }
  return handOn(context, { located, request }, async (target) => {
    const outcome = await context.remote.post(target, message)
    // Later messages for the process are sent on by what it says of its scheduler.
    if (outcome.kind === 'answered' && isProcess(message)) await context.store.keep(message)
    return outcome
  })
}

/** What is to be scheduled. */
interface Subject {
  readonly message: Message
  /** Whether it is the request itself. */
  readonly isRequest: boolean
  /** A body that only the request around it signs. */
  readonly unsignedBody?: Message
}

const UNSIGNED_BODY =
  'The message in the body is not signed, and the signature of the request around it is not kept ' +
  'with it; sign the message itself'

/**
 * The request is scheduled as it was received: its signatures cover the path as it came, not the
 * step that a device is called with. A body that nobody signed would prove nothing outside of the
 * signed request that it came in, so that the whole request is scheduled in its place, unless
 * unsigned messages are admitted, or it is a process, whose id is made of its own signatures.
 */
function chooseSubject(
  found: Message,
  request: Message,
  { verifyAssignments }: SchedulerContext['options'],
): Subject {
  const received = request.priv.request ?? request
  if (found === request) return { message: received, isRequest: true }
  const isUnsignedBody =
    request.get('subject') === undefined &&
    signersOf(found).length === 0 &&
    received.get('body') === found &&
    signersOf(received).length > 0 &&
    committedKeys(received).includes('body')
  if (!isUnsignedBody) return { message: found, isRequest: false }
  return verifyAssignments !== true || isProcess(found)
    ? { message: found, isRequest: false, unsignedBody: found }
    : { message: received, isRequest: true, unsignedBody: found }
}

/** The message, only its committed keys, everything in it loaded; `undefined` if that is not known. */
async function completeMessage(
  context: SchedulerContext,
  subject: Message,
): Promise<Message | undefined> {
  try {
    return withoutUnsigned(await context.store.loadAll(withOnlyCommitted(subject)))
  } catch (error) {
    if (isAoError(error, 'link-not-found')) return undefined
    throw error
  }
}

/** An hmac proves nothing of where it came from: it is made anew over what is kept. */
function withoutUnsigned(message: Message): Message {
  for (const commitment of message.commitments.values()) {
    if (!isSigned(commitment)) return message.withCommitments(signedOf(message.commitments))
  }
  return message
}

function signedOf(commitments: Commitments): Commitments {
  return new Map([...commitments].filter(([, commitment]) => isSigned(commitment)))
}

/**
 * The message as it may be scheduled: it, and every signed message nested in it, must verify as the
 * options ask. Where nothing need verify, signatures that do not hold are left out.
 */
async function admit(context: SchedulerContext, message: Message): Promise<Message | undefined> {
  const { verifyAssignments } = context.options
  for (const key of message.keys()) {
    const value = message.get(key)
    if (value !== undefined && mayNest(value) && !(await isNestedValid(value))) return undefined
  }
  if (signersOf(message).length === 0) return verifyAssignments === true ? undefined : message
  if ((await verifyMessage(message)).valid) return message
  return verifyAssignments === false ? message.withCommitments(NO_COMMITMENTS) : undefined
}

function mayNest(value: Value): boolean {
  return value instanceof Message || isList(value)
}

/** @NOTE Not subject to options: a forged nested message must never be stored under its id. */
async function isNestedValid(value: Value): Promise<boolean> {
  if (isList(value)) return allValid(value)
  if (!(value instanceof Message)) return true
  if (signersOf(value).length > 0 && !(await verifyMessage(value)).valid) return false
  return allValid([...value].map(([, nested]) => nested))
}

async function allValid(values: readonly Value[]): Promise<boolean> {
  for (const value of values) if (!(await isNestedValid(value))) return false
  return true
}

type LocalProcess = Extract<Located, { kind: 'local' }>

async function scheduleLocally(
  context: SchedulerContext,
  located: LocalProcess,
  { message, isRequest }: Subject,
): Promise<Message> {
  const { events, registry, options } = context
  const startedMs = performance.now()
  const { processId } = located
  if (context.signerRate !== noSignerRate) await countForSigners(context, processId, message)
  // The path of a request is where it was sent, not what the process is to do with it.
  const how = isRequest ? { path: DEFAULT_PATH } : {}
  try {
    const { assignment, isNew } = await registry.withServer(located, (server) =>
      options.returnExisting
        ? server.scheduleOnce(message, how)
        : server.schedule(message, how).then(asNew),
    )
    if (!isNew) return assignment
    events.messageScheduled({
      process: processId,
      slot: Number(assignment.get('slot')),
      message: messageId(message, 'all'),
      mode: options.mode,
      durationMs: performance.now() - startedMs,
      isSpawn: isProcess(message),
    })
    return assignment
  } catch (error) {
    events.scheduleFailed({ process: processId, mode: options.mode, error })
    throw error
  }
}

function asNew(assignment: Message): ScheduledOnce {
  return { assignment, isNew: true }
}

/** A copy that gets the assignment of the first costs nothing: anybody could post it. */
async function countForSigners(
  { options, store, signerRate }: SchedulerContext,
  processId: string,
  message: Message,
): Promise<void> {
  const isCopy =
    options.returnExisting &&
    (await store.assignmentOf(processId, messageId(message, 'all'))) !== undefined
  if (!isCopy) signerRate([...new Set(signersOf(message))])
}

export function locateDeps(context: SchedulerContext) {
  return {
    readProcess: context.readProcess,
    identities: context.wallets,
    locations: context.locations,
    followHints: context.options.followHints,
  }
}

function invalidMessage(reason: string): Reply {
  const value = new Message<Value>([
    ['status', 400],
    ['body', 'Message is not valid.'],
    ['reason', reason],
  ])
  return { status: 400, value }
}
