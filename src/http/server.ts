/**
 * The HTTP interface of a node: HTTP/1.1 and HTTP/2 on one port, what is admitted, and which way a
 * request goes: to a plain route, or as a message to the resolver. Here is all that knows HTTP;
 * what a message means is decided behind `resolve`. `node/` builds it; `client.ts` is the other
 * direction, to the node's peers.
 */
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { type Events, silentEvents } from '../base/events.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { createMemoryBudget, type MemoryBudget } from '../base/memory-budget.ts'
import { type Metrics, silentMetrics } from '../base/metrics.ts'
import { type Admission, createAdmission } from './admission.ts'
import { createBodyReader } from './body.ts'
import { createClientAddress } from './client-address.ts'
import { refuseConnection } from './client-error.ts'
import { createDualServer, type DualServer } from './dual-protocol.ts'
import { createEndOfTurn } from './end-of-turn.ts'
import { createExchange, type Exchange, type ExchangeDeps } from './exchange.ts'
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './limits.ts'
import { createMessageWork } from './message-work.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import {
  createPlainWork,
  OPTIONS_REPLY,
  type PlainRoute,
  redirectReply,
  refuseMethod,
} from './plain-route.ts'
import { createReply, type ReplyDeps, type ReplyEncoders } from './reply.ts'
import { createReplyDeadlines } from './reply-deadlines.ts'
import { createReplyEncoders } from './reply-encoders.ts'
import { type CommitReply, createReplySigner } from './reply-signer.ts'
import { createRequestDecoders } from './request-decoders.ts'
import { createRequestIds } from './request-id.ts'
import type { RequestDecoders } from './request-message.ts'
import type { Resolve } from './resolve.ts'

export interface HttpServerDeps {
  readonly resolve: Resolve
  /** Codecs of requests, all that there are by default. */
  readonly decoders?: RequestDecoders
  /** Codecs of replies, all that there are by default. */
  readonly encoders?: ReplyEncoders
  /** Signs replies with the wallet of the node; without it they are not signed. */
  readonly commit?: CommitReply
  /** See `ReplyDeps`. */
  readonly storeMessage: ReplyDeps['storeMessage']
  /** See `ReplyDeps`. */
  readonly loadLinks: ReplyDeps['loadLinks']
  /** What is answered without a message: health, metrics, older APIs. */
  readonly routes?: readonly PlainRoute[]
  /** Counts what is loaded for requests, too. Default: one of `bufferLimitBytes` for bodies only. */
  readonly memory?: MemoryBudget
  readonly events?: Events
  readonly logger?: Logger
  readonly metrics?: Metrics
}

export interface HttpServerOptions {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Where `/` leads. */
  readonly defaultRequest: string
  /** How many signatures, and small signed replies, are kept. Default 1,000; 0 keeps none. */
  readonly replySignatureCacheSize?: number
  readonly limits?: Partial<HttpLimits>
  /** Addresses and networks without a rate. Default none. */
  readonly rateLimitExempt?: readonly string[]
  /** Proxies whose `x-forwarded-for` is believed. Default none. */
  readonly trustedProxies?: readonly string[]
}

export interface HttpServer extends AsyncDisposable {
  /** Starts to listen; gives the port, which is news if 0 was asked for. */
  listen(): Promise<{ readonly port: number }>
  /** Stops to listen, answers what is under way, cuts what takes longer than `closeTimeoutMs`. */
  close(): Promise<void>
}

/** Methods that messages can be sent with. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']

export function createHttpServer(deps: HttpServerDeps, options: HttpServerOptions): HttpServer {
  const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits }
  const admission = createAdmission(limits, options)
  const memory = deps.memory ?? createMemoryBudget(limits.bufferLimitBytes)
  const outbox = createOutbox(limits)
  let server: DualServer | undefined
  let isClosing = false
  const app = fastify({
    clientErrorHandler: refuseConnection,
    exposeHeadRoutes: false,
    frameworkErrors: (_error, request, reply) => answer(messages, request, reply),
    serverFactory: (listener) => {
      server = createDualServer(listener, limits)
      return server
    },
  })
  const exchangeDeps: ExchangeDeps = {
    ...{ admission, memory, outbox, limits },
    readBody: createBodyReader(limits),
    endOfTurn: createEndOfTurn(),
    deadlines: createReplyDeadlines(limits.replyTimeoutMs),
    clientAddress: createClientAddress(options.trustedProxies ?? []),
    requestId: createRequestIds(),
    events: deps.events ?? silentEvents,
    logger: deps.logger ?? silentLogger,
    isClosing: () => isClosing,
  }
  const messages = createExchange(exchangeDeps, messageWork(deps, options))
  addRoutes(app, { exchangeDeps, messages, routes: deps.routes ?? [], options })
  addGauges(deps.metrics ?? silentMetrics, { admission, memory, outbox, server: () => server })
  const close = async (): Promise<void> => {
    isClosing = true
    await server?.acceptWaiting()
    const cut = setTimeout(() => server?.destroyConnections(), limits.closeTimeoutMs)
    await app.close().finally(() => clearTimeout(cut))
  }
  return {
    listen: async () => {
      await app.listen({ host: options.host, port: options.port })
      const address = app.server.address()
      return { port: typeof address === 'object' && address !== null ? address.port : options.port }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function messageWork(deps: HttpServerDeps, options: HttpServerOptions) {
  const { resolve, commit, storeMessage, loadLinks } = deps
  const { decoders = createRequestDecoders(), encoders = createReplyEncoders() } = deps
  const cacheSize = options.replySignatureCacheSize ?? 1_000
  const sign = commit && createReplySigner(commit, { cacheSize })
  const replyDeps = { encoders, storeMessage, loadLinks }
  const reply = createReply(sign === undefined ? replyDeps : { ...replyDeps, sign }, { cacheSize })
  return createMessageWork({ resolve, decoders, encoders, reply })
}

interface Routing {
  readonly exchangeDeps: ExchangeDeps
  readonly messages: Exchange
  readonly routes: readonly PlainRoute[]
  readonly options: HttpServerOptions
}

function addRoutes(app: FastifyInstance, routing: Routing): void {
  const { exchangeDeps, messages, routes, options } = routing
  for (const route of routes) addPlainRoute(app, route, exchangeDeps)
  const preflight = createExchange(exchangeDeps, async () => OPTIONS_REPLY, { isExempt: true })
  const redirect = createExchange(exchangeDeps, async () => redirectReply(options.defaultRequest))
  const refuse = createExchange(exchangeDeps, async ({ head }) => refuseMethod(head.method))
  const isTaken = (method: string): boolean =>
    routes.some((r) => r.path === '/' && r.method === method)
  const atRoot = METHODS.filter((method) => !isTaken(method === 'HEAD' ? 'GET' : method))
  addExchange(app, { method: atRoot, url: '/' }, (request) =>
    /^\/?\??$/.test(request.url) ? redirect : messages,
  )
  addExchange(app, { method: METHODS, url: '/*' }, () => messages)
  addExchange(app, { method: ['OPTIONS'], url: '*' }, () => preflight)
  app.setNotFoundHandler((request, reply) => answer(refuse, request, reply))
}

function addPlainRoute(app: FastifyInstance, route: PlainRoute, deps: ExchangeDeps): void {
  const method = route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]
  const { isExempt = false } = route
  addExchange(app, { method, url: route.path }, (request) =>
    createExchange(deps, createPlainWork(route, request.params as Record<string, string>), {
      isExempt,
    }),
  )
}

/**
 * A route that is answered before Fastify looks at the content type or the body: messages use both
 * more freely than it allows.
 */
function addExchange(
  app: FastifyInstance,
  at: { readonly method: string[]; readonly url: string },
  exchangeFor: (request: FastifyRequest) => Exchange,
): void {
  app.route({
    ...at,
    onRequest: (request, reply) => answer(exchangeFor(request), request, reply),
    handler: () => undefined,
  })
}

function answer(exchange: Exchange, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  exchange(request.raw, reply.raw).catch(() => reply.raw.destroy())
}

interface Measured {
  readonly admission: Admission
  readonly memory: MemoryBudget
  readonly outbox: Outbox
  readonly server: () => DualServer | undefined
}

function addGauges(metrics: Metrics, { admission, memory, outbox, server }: Measured): void {
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['ao_http_requests_in_flight', 'Requests that are being handled', () => admission.inFlight],
    ['ao_http_request_bytes', 'Bytes that requests hold in memory', () => memory.usedBytes],
    ['ao_http_unread_bytes', 'Bytes of replies that wait for clients', () => outbox.unreadBytes],
  ]
  for (const [name, help, read] of gauges) metrics.gauge({ name, help }, read)
  metrics.gauge({ name: 'ao_http_connections', help: 'Open connections' }, () => {
    return new Promise((resolve) => {
      const open = server()
      if (open === undefined) resolve(0)
      else open.getConnections((_error, count) => resolve(count ?? 0))
    })
  })
}
