/**
 * One request and its reply: admitted, read, worked on, written. Whatever goes wrong on the way is
 * a reply too, in the form that the client asked for, and an event if the node is to blame. What
 * the work is, a message to resolve or a plain route, is not decided here.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AoError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import type { Logger } from '../base/log.ts'
import type { MemoryAccount, MemoryBudget } from '../base/memory-budget.ts'
import type { Admission } from './admission.ts'
import { type BodyReader, bodyLength, ClientGone } from './body.ts'
import type { EndOfTurn } from './end-of-turn.ts'
import { type FailureFormat, failureOf, failureReply } from './failure.ts'
import type { HttpLimits } from './limits.ts'
import { wantsJson, wantsPage } from './negotiate.ts'
import type { Outbox } from './outbox.ts'
import { Refusal } from './refusal.ts'
import { headerText, type RequestHead, readHead } from './request-head.ts'
import type { WireReply } from './wire-reply.ts'
import { type WriteOptions, writeReply } from './write-reply.ts'

export interface ExchangeDeps {
  readonly admission: Admission
  /** Counts what requests hold in memory. */
  readonly memory: MemoryBudget
  readonly outbox: Outbox
  readonly endOfTurn: EndOfTurn
  readonly readBody: BodyReader
  /** The address that limits count. */
  readonly clientAddress: (head: RequestHead) => string
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
    await call.finish(reply)
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
  readonly #address: string
  /** Resolves when the reply is written, or will not be. */
  readonly #written: Promise<void>
  #setWritten = (): void => undefined
  #format: FailureFormat | undefined

  constructor(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse) {
    this.#deps = deps
    this.#request = request
    this.#response = response
    this.#head = readHead(request)
    this.#requestId = deps.requestId(this.#head)
    this.#address = deps.clientAddress(this.#head)
    this.#written = new Promise((resolve) => {
      this.#setWritten = resolve
    })
  }

  /** The reply, whatever happens; `undefined` when the client has gone. */
  async answer(
    work: Work,
    { isExempt = false }: ExchangeOptions,
  ): Promise<WriteOptions | undefined> {
    try {
      this.#refuseHead()
      const admission = isExempt ? OPEN : this.#deps.admission
      const stopReading = admission.read(this.#address)
      return this.#done(await this.#run(work, admission, stopReading), false)
    } catch (error) {
      if (error instanceof ClientGone) return undefined
      return this.#done(this.#refuse(error), this.#closesAfter(error))
    }
  }

  /** Writes the reply, if there is anybody to read it. */
  async finish(reply: WriteOptions | undefined): Promise<void> {
    try {
      if (reply === undefined) return
      await this.#deps.endOfTurn()
      await writeReply(this.#request, this.#response, reply)
      this.#deps.outbox.watch(this.#response)
    } catch (error) {
      if (failureOf(error, this.#requestId).status >= 500) this.#tellFailure(error)
      else this.#tellCut(error)
    } finally {
      this.#setWritten()
    }
  }

  /**
   * The reply, as soon as it is there or nobody waits any more. The request counts as under way, and
   * what it holds in memory too, until its work ends.
   */
  #run(work: Work, admission: Admission, stopReading: () => void): Promise<WireReply> {
    return new Promise((resolve, reject) => {
      const run = async (account: MemoryAccount): Promise<void> => {
        const body = await this.#read(account).finally(stopReading)
        const leave = admission.admit(this.#address)
        try {
          const reply = await this.#work(work, body, reject)
          resolve(reply)
          if (reply.stream !== undefined) await this.#written
        } finally {
          leave()
        }
      }
      this.#deps.memory.run(run).catch(reject)
    })
  }

  async #read(account: MemoryAccount): Promise<Uint8Array> {
    account.hold(this.#head.bytes)
    return this.#deps.readBody(this.#request, this.#head, account)
  }

  #work(work: Work, body: Uint8Array, giveUp: (reason: Error) => void): Promise<WireReply> {
    const run = (signal: AbortSignal): Promise<WireReply> =>
      work({
        head: this.#head,
        body,
        requestId: this.#requestId,
        signal,
        failAs: (format) => {
          this.#format = format
        },
      })
    return watched(this.#response, this.#deps.limits.replyTimeoutMs, { run, giveUp })
  }

  /** A large body that nobody reads would be sent in vain, and taken for nothing. */
  #closesAfter(error: unknown): boolean {
    if (error instanceof Refusal && error.closes) return true
    const length = bodyLength(this.#request, this.#head) ?? Number.POSITIVE_INFINITY
    return !this.#request.complete && length > SWALLOWED_BYTES
  }

  #refuseHead(): void {
    const { headerCountLimit } = this.#deps.limits
    if (this.#head.headerCount <= headerCountLimit) return
    const reason = `Expected at most ${headerCountLimit} headers; send keys in the body`
    throw new Refusal(431, reason, { code: 'limit-exceeded', closes: true })
  }

  #refuse(error: unknown): WireReply {
    const failure = failureOf(error, this.#requestId)
    if (failure.status >= 500 && !(error instanceof Refusal)) this.#tellFailure(error)
    return failureReply(failure, this.#format ?? formatOf(this.#head))
  }

  #tellFailure(error: unknown): void {
    this.#deps.events.requestFailed({
      requestId: this.#requestId,
      method: this.#head.method,
      path: pathOf(this.#head.target),
      error,
    })
  }

  /** A client asked for a format that something in a long reply cannot be put in. */
  #tellCut(error: unknown): void {
    const path = pathOf(this.#head.target)
    this.#deps.logger.info({ requestId: this.#requestId, path, error }, 'Reply cut short')
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

/** Bodies up to this size are swallowed when the request is refused, to keep the connection. */
const SWALLOWED_BYTES = 65_536

const NOTHING = (): void => undefined

const OPEN: Admission = { inFlight: 0, read: () => NOTHING, admit: () => NOTHING }

interface Watched {
  readonly run: (signal: AbortSignal) => Promise<WireReply>
  /** Called when nobody waits for the reply any more. */
  readonly giveUp: (reason: Error) => void
}

/** Runs what makes the reply, and tells it and the caller when nobody waits for it any more. */
function watched(
  response: ServerResponse,
  timeoutMs: number,
  { run, giveUp }: Watched,
): Promise<WireReply> {
  const abort = new AbortController()
  const stop = (): void => {
    clearTimeout(timer)
    response.off('close', onClose)
  }
  const end = (reason: Error): void => {
    stop()
    abort.abort(reason)
    giveUp(reason)
  }
  const onClose = (): void => end(new ClientGone('The client went away'))
  const timer = setTimeout(() => {
    end(new AoError('timeout', 'The reply took too long; try again later', { timeoutMs }))
  }, timeoutMs)
  response.once('close', onClose)
  return run(abort.signal).finally(stop)
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
