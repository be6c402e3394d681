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
import { type BodyReader, bodyLength, ClientGone, clientGone, NO_BODY } from './body.ts'
import type { EndOfTurn } from './end-of-turn.ts'
import { type FailureFormat, failureOf, failureReply } from './failure.ts'
import type { HttpLimits } from './limits.ts'
import { wantsJson, wantsPage } from './negotiate.ts'
import type { Outbox } from './outbox.ts'
import { Refusal } from './refusal.ts'
import type { Expiring, ReplyDeadlines } from './reply-deadlines.ts'
import { headerText, type RequestHead, readHead } from './request-head.ts'
import type { WireReply } from './wire-reply.ts'
import { type WriteOptions, writeReply } from './write-reply.ts'

export interface ExchangeDeps {
  readonly admission: Admission
  /** Counts what requests hold in memory. */
  readonly memory: MemoryBudget
  readonly outbox: Outbox
  readonly endOfTurn: EndOfTurn
  readonly deadlines: ReplyDeadlines
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

/** Answers requests. Each call ends with the work on its request; it never rejects. */
export type Exchange = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export function createExchange(
  deps: ExchangeDeps,
  work: Work,
  { isExempt = false }: ExchangeOptions = {},
): Exchange {
  const admission = isExempt ? OPEN : deps.admission
  return (request, response) =>
    deps.memory.run((account) => new Call(deps, request, response).run(work, admission, account))
}

/**
 * One request while it is answered. The first answer counts: that of the work, or that it failed, or
 * that its time is up; none when the client has gone. The request counts as under way, and what it
 * holds in memory too, until its work ends.
 */
class Call implements Received, Expiring {
  readonly head: RequestHead
  readonly requestId: string
  readonly #startedAt = performance.now()
  body: Uint8Array = NO_BODY
  readonly #deps: ExchangeDeps
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #address: string
  #isAnswered = false
  #format: FailureFormat | undefined
  /** Why nobody waits any more. */
  #givenUp: Error | undefined
  #abort: AbortController | undefined

  constructor(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse) {
    this.#deps = deps
    this.#request = request
    this.#response = response
    this.head = readHead(request)
    this.requestId = deps.requestId(this.head)
    this.#address = deps.clientAddress(this.head)
    response.on('close', () => this.#giveUp(clientGone))
  }

  /** Made for who asks: most work is done before anybody could wait for it. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#givenUp !== undefined) this.#abort.abort(this.#givenUp)
    return this.#abort.signal
  }

  failAs(format: FailureFormat): void {
    this.#format = format
  }

  expire(timeoutMs: number): void {
    const reason = 'The reply took too long; try again later'
    this.#giveUp(() => new AoError('timeout', reason, { timeoutMs }))
  }

  async run(work: Work, admission: Admission, account: MemoryAccount): Promise<void> {
    try {
      this.#refuseHead()
      const reading = this.#read(admission, account)
      this.body = reading instanceof Promise ? await reading : reading
      let leave = admission.admit(this.#address)
      const deadline = this.#deps.deadlines.add(this)
      try {
        const reply = await work(this)
        if (reply.stream === undefined) this.#answer({ reply, closes: false })
        else {
          const onSlow = (): void => {
            leave()
            leave = NOTHING
            this.#awaitReader(account)
          }
          await this.#answerByStream({ reply, closes: false, onSlow })
        }
      } finally {
        this.#deps.deadlines.delete(deadline)
        leave()
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #read(admission: Admission, account: MemoryAccount): Uint8Array | Promise<Uint8Array> {
    const stopReading = admission.read(this.#address)
    try {
      account.hold(this.head.bytes)
      const body = this.#deps.readBody(this.#request, this.head, account)
      if (body instanceof Promise) return body.finally(stopReading)
      stopReading()
      return body
    } catch (error) {
      stopReading()
      throw error
    }
  }

  #giveUp(because: () => Error): void {
    if (this.#isAnswered) return
    this.#givenUp = because()
    this.#abort?.abort(this.#givenUp)
    this.#fail(this.#givenUp)
  }

  #fail(error: unknown): void {
    if (this.#isAnswered) return
    if (error instanceof ClientGone) this.#isAnswered = true
    else this.#answer({ reply: this.#refuse(error), closes: this.#closesAfter(error) })
  }

  #answer(answer: WriteOptions): void {
    if (this.#isAnswered) return
    const options = this.#settle(answer)
    this.#deps.endOfTurn(() => void this.#write(options))
  }

  /** The stream is made on the account of the request, for as long as it takes. */
  async #answerByStream(answer: WriteOptions): Promise<void> {
    if (this.#isAnswered) return
    const options = this.#settle(answer)
    await new Promise<void>((resolve) => this.#deps.endOfTurn(resolve))
    await this.#write(options)
  }

  /** A reply that waits for its client takes no place from others, and holds but little. */
  #awaitReader(account: MemoryAccount): void {
    this.body = NO_BODY
    account.keep(this.head.bytes)
    this.#deps.outbox.watch(this.#response, PAUSED_STREAM_BYTES)
  }

  async #write(options: WriteOptions): Promise<void> {
    try {
      const streaming = writeReply(this.#request, this.#response, options)
      if (streaming !== undefined) await streaming
      this.#deps.outbox.watch(this.#response)
    } catch (error) {
      if (failureOf(error, this.requestId).status >= 500) this.#tellFailure(error)
      else this.#tellCut(error)
    }
  }

  /** A large body that nobody reads would be sent in vain, and taken for nothing. */
  #closesAfter(error: unknown): boolean {
    if (error instanceof Refusal && error.closes) return true
    const length = bodyLength(this.#request, this.head) ?? Number.POSITIVE_INFINITY
    return !this.#request.complete && length > SWALLOWED_BYTES
  }

  #refuseHead(): void {
    const { headerCountLimit } = this.#deps.limits
    if (this.head.headerCount <= headerCountLimit) return
    const reason = `Expected at most ${headerCountLimit} headers; send keys in the body`
    throw new Refusal(431, reason, { code: 'limit-exceeded', closes: true })
  }

  #refuse(error: unknown): WireReply {
    const failure = failureOf(error, this.requestId)
    if (failure.status >= 500 && !(error instanceof Refusal)) this.#tellFailure(error)
    return failureReply(failure, this.#format ?? formatOf(this.head))
  }

  #tellFailure(error: unknown): void {
    this.#deps.events.requestFailed({
      requestId: this.requestId,
      method: this.head.method,
      path: pathOf(this.head.target),
      error,
    })
  }

  /** A client asked for a format that something in a long reply cannot be put in. */
  #tellCut(error: unknown): void {
    const path = pathOf(this.head.target)
    this.#deps.logger.info({ requestId: this.requestId, path, error }, 'Reply cut short')
  }

  /** From here on no other answer counts. */
  #settle(answer: WriteOptions): WriteOptions {
    const { reply, closes } = answer
    this.#isAnswered = true
    const { method, target } = this.head
    const { status } = reply
    const durationMs = performance.now() - this.#startedAt
    this.#deps.events.requestHandled({ method, status, durationMs })
    this.#deps.logger.debug(
      {
        requestId: this.requestId,
        method,
        path: pathOf(target),
        status,
        durationMs: Math.round(durationMs),
        replyBytes: reply.body?.length ?? 0,
      },
      'Request answered',
    )
    return { ...answer, closes: closes || this.#deps.isClosing() }
  }
}

/** Bodies up to this size are swallowed when the request is refused, to keep the connection. */
const SWALLOWED_BYTES = 65_536

/** What it takes to go on with a long page: the ids of all that is in it. */
const PAUSED_STREAM_BYTES = 262_144

const NOTHING = (): void => undefined

const OPEN: Admission = { inFlight: 0, read: () => NOTHING, admit: () => NOTHING }

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
