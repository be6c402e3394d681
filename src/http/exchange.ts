/**
 * One request and its reply: admitted, read, worked on, written. Whatever goes wrong on the way is
 * a reply too, in the form that the client asked for, and an event if the node is to blame. What
 * the work is, a message to resolve or a plain route, is not decided here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AoError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { Logger } from '../base/log.ts'
import type { Admission } from './admission.ts'
import { type BodyReader, ClientGone } from './body.ts'
import { type FailureFormat, failureOf, failureReply } from './failure.ts'
import type { HttpLimits } from './limits.ts'
import { wantsJson, wantsPage } from './negotiate.ts'
import { Refusal } from './refusal.ts'
import { headerText, type RequestHead, readHead } from './request-head.ts'
import type { WireReply } from './wire-reply.ts'
import { type WriteOptions, writeReply } from './write-reply.ts'

export interface ExchangeDeps {
  readonly admission: Admission
  readonly readBody: BodyReader
  readonly requestId: (head: RequestHead) => string
  readonly events: Events
  readonly logger: Logger
  readonly limits: HttpLimits
  /** Whether the server is being closed: connections end with their reply then. */
  readonly isClosing: () => boolean
}

/** A request that was read, and what the work on it may say about its failures. */
export interface Received {
  readonly head: RequestHead
  readonly body: Uint8Array
  readonly requestId: string
  /** Aborted when nobody waits for the reply any more. */
  readonly signal: AbortSignal
  /** Sets the form of a failure from here on; before, headers decide. */
  failAs(format: FailureFormat): void
}

export type Work = (received: Received) => Promise<WireReply>

export interface ExchangeOptions {
  /** Whether the request is answered however busy the node is. */
  readonly isExempt?: boolean
}

/** Answers requests. Each call ends when the reply is written or nobody waits; it never rejects. */
export type Exchange = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export function createExchange(
  deps: ExchangeDeps,
  work: Work,
  options: ExchangeOptions = {},
): Exchange {
  return async (request, response) => {
    const call = new Call(deps, request, response)
    const reply = await call.answer(work, options)
    if (reply !== undefined) writeReply(request, response, reply)
  }
}

/** One request while it is answered. */
class Call {
  readonly #deps: ExchangeDeps
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #startedAt = performance.now()
  readonly #head: RequestHead
  readonly #requestId: string
  #format: FailureFormat | undefined

  constructor(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse) {
    this.#deps = deps
    this.#request = request
    this.#response = response
    this.#head = readHead(request)
    this.#requestId = deps.requestId(this.#head)
  }

  /** The reply, whatever happens; `undefined` when the client has gone. */
  async answer(
    work: Work,
    { isExempt = false }: ExchangeOptions,
  ): Promise<WriteOptions | undefined> {
    try {
      this.#refuseHead()
      const leave = isExempt ? NOTHING : this.#deps.admission.admit(this.#head.peerAddress)
      return this.#done(await this.#run(work, leave), false)
    } catch (error) {
      if (error instanceof ClientGone) return undefined
      return this.#done(this.#refuse(error), error instanceof Refusal && error.closes)
    }
  }

  /** The request counts as under way until its work ends, also when nobody waits any more. */
  async #run(work: Work, leave: () => void): Promise<WireReply> {
    const { readBody, limits } = this.#deps
    let release = NOTHING
    const run = async (body: Uint8Array, signal: AbortSignal): Promise<WireReply> => {
      try {
        return await work({
          head: this.#head,
          body,
          requestId: this.#requestId,
          signal,
          failAs: (format) => {
            this.#format = format
          },
        })
      } finally {
        release()
        leave()
      }
    }
    try {
      const body = await readBody(this.#request, this.#head)
      release = body.release
      return waited(this.#response, limits.replyTimeoutMs, (signal) => run(body.bytes, signal))
    } catch (error) {
      leave()
      throw error
    }
  }

  #refuseHead(): void {
    const { headerCountLimit } = this.#deps.limits
    if (this.#head.headerCount <= headerCountLimit) return
    const reason = `Expected at most ${headerCountLimit} headers; send keys in the body`
    throw new Refusal(431, reason, { code: 'limit-exceeded', closes: true })
  }

  #refuse(error: unknown): WireReply {
    const failure = failureOf(error, this.#requestId)
    if (failure.status >= 500 && !(error instanceof Refusal)) {
      this.#deps.events.requestFailed({
        requestId: this.#requestId,
        method: this.#head.method,
        path: pathOf(this.#head.target),
        error,
      })
    }
    return failureReply(failure, this.#format ?? formatOf(this.#head))
  }

  #done(reply: WireReply, closes: boolean): WriteOptions {
    const { method, target } = this.#head
    const { status } = reply
    const durationMs = performance.now() - this.#startedAt
    this.#deps.events.requestHandled({ method, status, durationMs })
    this.#deps.logger.debug(
      {
        requestId: this.#requestId,
        method,
        path: pathOf(target),
        status,
        durationMs: Math.round(durationMs),
        replyBytes: reply.body?.length ?? 0,
      },
      'Request answered',
    )
    return { reply, closes: closes || this.#deps.isClosing() }
  }
}

const NOTHING = (): void => undefined

/** Runs what makes the reply, for as long as somebody waits for it. */
function waited(
  response: ServerResponse,
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<WireReply>,
): Promise<WireReply> {
  const abort = new AbortController()
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      response.off('close', onClose)
    }
    const giveUp = (reason: Error): void => {
      stop()
      abort.abort(reason)
      reject(reason)
    }
    const onClose = (): void => giveUp(new ClientGone('The client went away'))
    const timer = setTimeout(() => {
      giveUp(new AoError('timeout', 'The reply took too long; try again later', { timeoutMs }))
    }, timeoutMs)
    response.on('close', onClose)
    run(abort.signal).then(resolve, reject).finally(stop)
  })
}

/** How the headers alone say that a failure should look. */
function formatOf(head: RequestHead): FailureFormat {
  const accept = headerText(head, 'require-codec') ?? headerText(head, 'accept') ?? '*/*'
  if (wantsJson(accept)) return 'json'
  return wantsPage(accept) ? 'page' : 'text'
}

function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}
