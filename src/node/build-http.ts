/** The HTTP interface of a node: codecs, signed replies, health and metrics over the resolver. */
import type { Events } from '../base/events.ts'
import type { Logger } from '../base/log.ts'
import type { MemoryBudget } from '../base/memory-budget.ts'
import { VERSION } from '../base/version.ts'
import type { MessageReader } from '../cache/cache.ts'
import { commitMessage } from '../codec/commit.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { PlainReply, PlainRoute } from '../http/plain-route.ts'
import { createReplyEncoders } from '../http/reply-encoders.ts'
import { createRequestDecoders } from '../http/request-decoders.ts'
import { createHttpServer } from '../http/server.ts'
import type { Resolver } from '../resolver/resolve.ts'
import type { RenderableMetrics } from '../telemetry/metrics.ts'
import type { ReplyMemory } from './reply-memory.ts'

export interface HttpParts {
  readonly config: NodeConfig
  readonly wallets: readonly Wallet[]
  readonly resolver: Resolver
  readonly replyMemory: ReplyMemory
  readonly reader: MessageReader
  readonly memory: MemoryBudget
  readonly events: Events
  readonly logger: Logger
  readonly metrics: RenderableMetrics
  /** Whether the node can do its work. */
  readonly isReady: () => Promise<boolean>
}

export interface RunningHttp {
  /** As clients on this machine reach it. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Builds the server and starts to listen. */
export async function buildHttp(parts: HttpParts): Promise<RunningHttp> {
  const { config, resolver, reader, replyMemory, events, logger, metrics } = parts
  const [wallet] = parts.wallets
  const server = createHttpServer(
    {
      resolve: (request, context) => resolver.resolveRequest(request, context),
      decoders: createRequestDecoders(),
      encoders: createReplyEncoders(),
      ...(config.signReplies && wallet
        ? { commit: (message, options) => commitMessage(message, wallet, options) }
        : {}),
      storeMessage: (message) => replyMemory.remember(message),
      loadLinks: (message) => reader.loadAll(message),
      routes: plainRoutes(parts),
      ...{ events, logger, metrics, memory: parts.memory },
    },
    {
      host: config.host,
      port: config.port,
      defaultRequest: config.defaultRequest,
      replySignatureCacheSize: config.replySignatureCacheSize,
      // Every limit of the server is an option of the same name.
      limits: config,
      rateLimitExempt: config.rateLimitExempt,
      trustedProxies: config.trustedProxies,
    },
  )
  const { port } = await server.listen()
  return { url: `http://${reachable(config.host)}:${port}`, port, close: () => server.close() }
}

/** A host that means all addresses is reached through the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/**
 * `/health` says that the process answers; `/ready` that it can also use its store and is not
 * stopping; `/metrics` is for Prometheus.
 */
function plainRoutes({ metrics, isReady }: HttpParts): PlainRoute[] {
  return [
    {
      ...{ method: 'GET', path: '/health', isExempt: true },
      handle: async () => jsonReply(200, { status: 'ok', version: VERSION }),
    },
    {
      ...{ method: 'GET', path: '/ready', isExempt: true },
      handle: async () =>
        (await isReady())
          ? jsonReply(200, { status: 'ready' })
          : jsonReply(503, { status: 'not ready' }),
    },
    {
      ...{ method: 'GET', path: '/metrics', isExempt: true },
      handle: async () => {
        const { text, contentType } = await metrics.render()
        return { status: 200, headers: { 'content-type': contentType }, body: text }
      },
    },
  ]
}

function jsonReply(status: number, body: Readonly<Record<string, string>>): PlainReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
