/**
 * Requests for a process that another node schedules: asked of that node, or answered with where it
 * is. A request that came through this node before, or through many others, is not handed on again:
 * two nodes may have locations that point at each other.
 */
import { AoError } from '../base/errors.ts'
import type { Message } from '../message/message.ts'
import { textOf } from '../message/text-of.ts'
import {
  defaultAddress,
  type RemoteOutcome,
  type RemoteTarget,
  type SchedulerContext,
} from './context.ts'
import type { Located } from './locate.ts'
import { badRequest, notFound, type Reply, redirectReply, remoteReply } from './reply.ts'

type Foreign = Exclude<Located, { kind: 'local' }>

/** Nodes that a request may have come through. */
const MAX_NODES = 4

/**
 * The reply for a process that is not scheduled here; `ask` asks its scheduler.
 * @throws AoError `infinite-recursion` for a request that goes in a circle, and what `ask` throws.
 */
export async function handOn(
  context: SchedulerContext,
  { located, request }: { readonly located: Foreign; readonly request: Message },
  ask: (target: RemoteTarget) => Promise<RemoteOutcome>,
): Promise<Reply> {
  switch (located.kind) {
    case 'unknown-process':
      return notFound(
        `Process ${located.processId} is not available on this node. ` +
          'Schedule the process itself here first, or ask its scheduler.',
      )
    case 'no-scheduler':
      return badRequest('No scheduler information provided.')
    case 'unknown-scheduler':
      return notFound('not_found')
    case 'remote': {
      const { kind, ...where } = located
      if (!context.options.followRedirects) return redirectReply(where.redirect)
      return remoteReply(await ask({ ...where, via: nextVia(context, request) }))
    }
  }
}

/** The nodes that the request came through by its `via` (RFC 9110, 7.6.3), and this one. */
function nextVia(context: SchedulerContext, request: Message): string[] {
  const own = defaultAddress(context)
  const header = textOf(request.priv.request ?? request, 'via') ?? ''
  const nodes = header
    .split(',')
    .map((hop) => hop.trim().split(' ')[1] ?? '')
    .filter((node) => ADDRESS.test(node))
  if (nodes.includes(own) || nodes.length >= MAX_NODES) {
    throw new AoError(
      'infinite-recursion',
      'The scheduler locations of the process lead back here or through too many nodes',
      { nodes: nodes.length },
    )
  }
  return [...nodes, own]
}

/** Proxies that are no nodes write other names into `via`. */
const ADDRESS = /^[\w-]{43}$/
