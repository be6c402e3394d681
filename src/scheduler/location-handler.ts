/**
 * GET and POST `~scheduler@1.0/location`: reads a record, publishes one of the node's own when its
 * operator asks, and keeps a verified one that somebody else sends.
 */
import { commitMessage } from '../codec/commit.ts'
import { signersOf } from '../message/commitment.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import type { Value } from '../message/value.ts'
import { defaultAddress, type SchedulerContext } from './context.ts'
import { integerOf } from './location.ts'
import { badRequest, notFound, ok, type Reply } from './reply.ts'

export async function getLocation(context: SchedulerContext, request: Message): Promise<Reply> {
  const address = textOf(request, 'address') ?? defaultAddress(context)
  const record = await context.locations.stored(address)
  if (record === undefined) return noLocation(address)
  return ok(new Message<Value>([['body', record]]))
}

function noLocation(address: string): Reply {
  const entries: [string, Value][] = [
    ['status', 404],
    ['body', `No location found for address: ${address.slice(0, 64)}`],
  ]
  return { status: 404, value: new Message(entries) }
}

export async function postLocation(
  context: SchedulerContext,
  base: Message,
  request: Message,
): Promise<Reply> {
  const record = subjectOf(base, request)
  if (record === undefined) return notFound('The key that target names holds no message')
  const admission = await context.mayPublish(record)
  if (admission.kind === 'admitted') return publishOwn(context, record)
  return admission.kind === 'used' ? badRequest(admission.reason) : keepForeign(context, record)
}

/** `target` names what is meant: `self` the base, `request` or nothing the request, else a key. */
function subjectOf(base: Message, request: Message): Message | undefined {
  const target = textOf(request, 'target')
  if (target === 'self') return withOnlyCommitted(base)
  const asReceived = request.priv.request ?? request
  if (target === undefined || target === 'request') return withOnlyCommitted(asReceived)
  const value = asReceived.get(target)
  return value instanceof Message ? withOnlyCommitted(value) : undefined
}

async function keepForeign(context: SchedulerContext, record: Message): Promise<Reply> {
  const result = await context.locations.put(record)
  if (result.kind === 'refused') {
    return refused(result.reason, record, result.existingNonce)
  }
  context.events.locationStored({ signers: signersOf(record) })
  return ok(record)
}

async function publishOwn(context: SchedulerContext, asked: Message): Promise<Reply> {
  const address = defaultAddress(context)
  const wallet = context.wallets.get(address)
  if (wallet === undefined) return notFound('not_found')
  const known = await context.locations.stored(address)
  const knownNonce = (known && integerOf(known, 'nonce')) ?? -1
  const nonce = integerOf(asked, 'nonce') ?? knownNonce + 1
  if (nonce <= knownNonce) {
    return refused('Known nonce higher than requested nonce.', asked, knownNonce)
  }
  const device = textOf(asked, 'require-codec') === 'ans104@1.0' ? 'ans104@1.0' : 'httpsig@1.0'
  const unsigned = new Message<Value>([
    ['data-protocol', 'ao'],
    ['variant', 'ao.N.1'],
    ['type', 'scheduler-location'],
    ['url', textOf(asked, 'url') ?? context.options.publicUrl()],
    ['nonce', nonce],
    ['time-to-live', integerOf(asked, 'time-to-live') ?? context.options.locationTtlMs],
    ['codec-device', device],
  ])
  const record = await commitMessage(unsigned, wallet, { device })
  await context.locations.put(record)
  context.events.locationStored({ signers: [address] })
  announce(context, record)
  return ok(record)
}

/** Peers hear of it in the background; one that does not answer is told at the next record. */
function announce({ options, remote, events }: SchedulerContext, record: Message): void {
  for (const url of options.notifyPeers) {
    remote.announce(url, record).catch((error: unknown) => events.remoteFailed({ url, error }))
  }
}

/** `~location@1.0/ADDRESS`: the record itself, stored or looked up. */
export async function getRecord(context: SchedulerContext, address: string): Promise<Reply> {
  const record = await context.locations.find(address)
  return record === undefined ? noLocation(address) : ok(record)
}

/** `~location@1.0/node`: the node's own record, made where none is valid, or at its operator's wish. */
export async function nodeRecord(context: SchedulerContext, request: Message): Promise<Reply> {
  const asked = withOnlyCommitted(request.priv.request ?? request)
  const admission = await context.mayPublish(asked)
  if (admission.kind === 'admitted') return publishOwn(context, asked)
  if (admission.kind === 'used') return badRequest(admission.reason)
  if (integerOf(request, 'nonce') !== undefined) {
    return badRequest('Non-operators cannot request specific nonces.')
  }
  const known = await context.locations.fresh(defaultAddress(context))
  return known === undefined ? publishOwn(context, new Message()) : ok(known)
}

/** `~location@1.0/known`: POST keeps a verified record, GET lists addresses. */
export async function knownRecords(context: SchedulerContext, request: Message): Promise<Reply> {
  if (textOf(request, 'method')?.toUpperCase() === 'POST') {
    const asReceived = request.priv.request ?? request
    const body = asReceived.get('body')
    return keepForeign(context, withOnlyCommitted(body instanceof Message ? body : asReceived))
  }
  return ok(await context.locations.addresses())
}

function refused(reason: string, record: Message, existingNonce?: number): Reply {
  const entries: [string, Value][] = [
    ['status', 400],
    ['body', reason],
    ['signers', signersOf(record)],
  ]
  const requested = integerOf(record, 'nonce')
  if (requested !== undefined) entries.push(['requested-nonce', requested])
  if (existingNonce !== undefined) entries.push(['existing-nonce', existingNonce])
  return { status: 400, value: new Message(entries) }
}
