/**
 * Scheduling on another node: messages are handed on to it and its schedule is read from it. What
 * comes back is checked before anybody relies on it: the process, the order of the slots and the
 * signatures of the assignments.
 */
import { AoError } from '../base/errors.ts'
import { verifyMessage } from '../codec/verify.ts'
import { signersOf } from '../message/commitment.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import type { RemoteReply, RemoteScheduler, SlotRange } from './context.ts'
import type { Redirect } from './locate.ts'
import { integerOf } from './location.ts'
import { textOf } from './process-id.ts'

/** Sends a message to a peer and decodes its reply. */
export interface PeerClient {
  request(peer: PeerRequest): Promise<RemoteReply>
}

export interface PeerRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  /** The message that goes with a POST, inlined with its commitments. */
  readonly message?: Message
}

export function createRemoteScheduler(client: PeerClient): RemoteScheduler {
  return {
    post: async (redirect, processId, message) => {
      assertMainnet(redirect)
      const url = peerUrl(redirect, `/${processId}/schedule`)
      const body = new Message<Value>([['body', message]])
      const reply = await client.request({ url, method: 'POST', message: body })
      if (reply.status < 300) assertProcess(reply.message, processId)
      return reply
    },
    slot: async (redirect, processId) => {
      assertMainnet(redirect)
      return client.request({ url: peerUrl(redirect, `/${processId}/slot`), method: 'GET' })
    },
    schedule: async (redirect, processId, range) => {
      assertMainnet(redirect)
      const url = peerUrl(redirect, `/${processId}/schedule`)
      url.searchParams.set('from', String(range.from))
      if (range.to !== undefined) url.searchParams.set('to', String(range.to))
      const reply = await client.request({ url, method: 'GET' })
      if (reply.status < 300) await assertPage(reply.message, processId, range)
      return reply
    },
    announce: (peer, message) => announce(client, peer, message),
  }
}

/** Where records are taken: newer nodes first, then those that have no `~location@1.0`. */
const RECORD_PATHS = ['/~location@1.0/known', '/~scheduler@1.0/location']

async function announce(client: PeerClient, peer: string, message: Message): Promise<void> {
  let status = 0
  for (const path of RECORD_PATHS) {
    const url = peerUrl({ url: peer, variant: 'ao.N.1' }, path)
    status = (await client.request({ url, method: 'POST', message })).status
    if (status < 300) return
  }
  throw new AoError('remote-failed', 'The peer refused the scheduler location', { status })
}

/** A peer is named by its origin: the path and query of its location do not count. */
function peerUrl({ url }: Redirect, path: string): URL {
  try {
    const parsed = new URL(path, new URL(url).origin)
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed
  } catch {
    // Falls through to the one error below.
  }
  throw new AoError('remote-failed', 'The scheduler location of the process has no usable URL')
}

function assertMainnet({ variant }: Redirect): void {
  if (variant !== 'ao.TN.1') return
  throw new AoError(
    'unavailable',
    'Process resides on a legacy scheduler (ao.TN.1); send the request to it directly',
  )
}

function assertProcess(message: Message, processId: string): void {
  if (textOf(message, 'process') === processId) return
  throw new AoError('remote-failed', 'The remote scheduler answered for another process')
}

/** Every assignment must be of the process, at its slot, in order, and signed by somebody. */
async function assertPage(page: Message, processId: string, range: SlotRange): Promise<void> {
  assertProcess(page, processId)
  const assignments = page.get('assignments')
  if (!(assignments instanceof Message)) {
    throw new AoError('remote-failed', 'The remote scheduler answered a page without assignments')
  }
  for (const [key, assignment] of assignments) {
    if (!/^\d+$/.test(key) || !(assignment instanceof Message)) continue
    await assertAssignment(assignment, processId, Number(key))
    if (Number(key) < range.from) {
      throw new AoError('remote-failed', 'The remote scheduler answered slots that were not asked')
    }
  }
}

async function assertAssignment(
  assignment: Message,
  processId: string,
  slot: number,
): Promise<void> {
  assertProcess(assignment, processId)
  const isSigned = signersOf(assignment).length > 0
  const isInvalid = isSigned && !(await verifyMessage(assignment)).valid
  if (integerOf(assignment, 'slot') !== slot || isInvalid) {
    throw new AoError(
      'remote-failed',
      'The remote scheduler answered an assignment that is not valid',
      {
        slot,
      },
    )
  }
}
