/**
 * Scheduling on another node: messages are handed on to it and its schedule is read from it. What
 * comes back is checked by `remote-check.ts` before anybody relies on it; of a refusal only its
 * reason is told. Requests name the nodes that they came through, so that no two nodes can hand one
 * to each other for ever.
 */
import { AoError, type ErrorCode } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import type { Value } from '../message/value.ts'
import type { RemoteOutcome, RemoteScheduler, RemoteTarget } from './context.ts'
import { checkAssignment, checkPage, checkSlot } from './remote-check.ts'

/** Sends a message to a peer and decodes its reply. */
export interface PeerClient {
  request(peer: PeerRequest): Promise<PeerReply>
}

export interface PeerRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  /** The message that goes with a POST, inlined with its commitments. */
  readonly message?: Message
  /** The nodes that handed the request on: a `via` header (RFC 9110, 7.6.3). */
  readonly via?: string
}

export interface PeerReply {
  readonly status: number
  readonly message: Message
}

/** Redirects of one request that are followed. */
const MAX_REDIRECTS = 3

export function createRemoteScheduler(client: PeerClient): RemoteScheduler {
  const ask = (target: RemoteTarget, call: PeerCall, check: Check): Promise<RemoteOutcome> =>
    askPeer(client, target, call).then((reply) => outcomeOf(reply, check))
  return {
    post: (target, message) => {
      const body = new Message<Value>([['body', message]])
      const call = { method: 'POST', key: 'schedule', message: body } as const
      return ask(target, call, (reply) => checkAssignment(reply, target, message))
    },
    slot: (target) =>
      ask(target, { method: 'GET', key: 'slot' }, (reply) => checkSlot(reply, target)),
    schedule: (target, range) => {
      const query = new URLSearchParams({ from: String(range.from) })
      if (range.to !== undefined) query.set('to', String(range.to))
      const call = { method: 'GET', key: `schedule?${query}` } as const
      return ask(target, call, (page) => checkPage(page, target, range))
    },
    announce: (peer, message) => announce(client, peer, message),
  }
}

interface PeerCall {
  readonly method: 'GET' | 'POST'
  /** What follows the process id in the path, with its query. */
  readonly key: string
  readonly message?: Message
}

/** Gives what of a reply may be relied on. @throws AoError `remote-failed` if nothing may. */
type Check = (reply: Message) => Promise<Message>

async function askPeer(
  client: PeerClient,
  { redirect, processId, via }: RemoteTarget,
  { key, ...request }: PeerCall,
): Promise<PeerReply> {
  let { url, variant } = redirect
  for (let followed = 0; followed <= MAX_REDIRECTS; followed++) {
    assertMainnet(variant)
    const target = peerUrl(url, `/${processId}/${key}`)
    const reply = await client.request({ ...request, url: target, via: viaHeader(via) })
    const next = reply.status >= 300 && reply.status < 400 && textOf(reply.message, 'location')
    if (!next) return reply
    url = next
    variant = textOf(reply.message, 'variant') ?? variant
  }
  throw new AoError('remote-failed', 'The remote scheduler redirected the request too often', {
    limit: MAX_REDIRECTS,
  })
}

async function outcomeOf({ status, message }: PeerReply, check: Check): Promise<RemoteOutcome> {
  if (status >= 200 && status < 300) return { kind: 'answered', message: await check(message) }
  if (status >= 400 && status < 500) return { kind: 'refused', ...refusalOf(status, message) }
  const reason = 'The remote scheduler failed to answer; try again later'
  throw new AoError(FAILURES.get(status) ?? 'remote-failed', reason, { status })
}

/** Failures of a peer that tell the client what it needs to know; others are a bad gateway. */
const FAILURES: ReadonlyMap<number, ErrorCode> = new Map([
  [503, 'unavailable'],
  [504, 'timeout'],
  [508, 'infinite-recursion'],
])

const MAX_REASON = 256

/** The texts of a refusal, without anything that could be taken for more than a reason. */
function refusalOf(status: number, message: Message): { status: number; message: Message } {
  const entries: [string, Value][] = [['status', status]]
  const isPage = textOf(message, 'content-type')?.startsWith('text/html') ?? false
  for (const key of ['body', 'reason', 'details']) {
    const text = isPage ? undefined : textOf(message, key)
    if (text !== undefined) entries.push([key, text.slice(0, MAX_REASON)])
  }
  if (entries.length === 1) entries.push(['body', 'The remote scheduler refused the request'])
  return { status, message: new Message(entries) }
}

/** Where records are taken: newer nodes first, then those that have no `~location@1.0`. */
const RECORD_PATHS = ['/~location@1.0/known', '/~scheduler@1.0/location']

async function announce(client: PeerClient, peer: string, message: Message): Promise<void> {
  let status = 0
  for (const path of RECORD_PATHS) {
    const url = peerUrl(peer, path)
    status = (await client.request({ url, method: 'POST', message })).status
    if (status < 300) return
  }
  throw new AoError('remote-failed', 'The peer refused the scheduler location', { status })
}

/** Strangers write locations; no URL that works is longer. */
const MAX_LOCATION_LENGTH = 2_048

/**
 * The path below the path of a location: a node may stand behind a proxy that serves more than it.
 * A location that ends in the very path that was asked for is a redirect of that request. Query and
 * credentials of a location are left out.
 */
function peerUrl(location: string, path: string): URL {
  const isShort = location.length <= MAX_LOCATION_LENGTH
  if (isShort && /^https?:/i.test(location) && URL.canParse(location)) {
    const { origin, pathname } = new URL(location)
    const asked = new URL(path, origin).pathname
    const prefix = pathname.endsWith(asked)
      ? pathname.slice(0, -asked.length)
      : pathname.replace(/\/+$/, '')
    return new URL(prefix + path, origin)
  }
  throw new AoError('remote-failed', 'The scheduler location of the process has no usable URL')
}

function viaHeader(nodes: readonly string[]): string {
  return nodes.map((node) => `1.1 ${node}`).join(', ')
}

function assertMainnet(variant: string): void {
  if (variant !== 'ao.TN.1') return
  throw new AoError(
    'unavailable',
    'Process resides on a legacy scheduler (ao.TN.1); send the request to it directly',
  )
}
