/** Reads the body of a request as it came, whatever its content type says. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { HttpLimits } from './limits.ts'
import { Refusal } from './refusal.ts'
import { headerText, type RequestHead } from './request-head.ts'

export interface ReadBody {
  readonly bytes: Uint8Array
  /** Gives the bytes back to what all bodies together may take; to be called once. */
  release(): void
}

/** The client went away before its request was complete: nobody is left to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

const NO_BODY: ReadBody = { bytes: new Uint8Array(0), release: () => undefined }

/** @throws Refusal for a body that is too large, too slow, or too much at the moment; ClientGone. */
export type BodyReader = (
  request: IncomingMessage,
  head: RequestHead,
) => Promise<ReadBody> | ReadBody

/** A reader of bodies; all its bodies share one budget of `bufferLimitBytes`. */
export function createBodyReader(limits: HttpLimits): BodyReader {
  const budget = { used: 0, limit: limits.bufferLimitBytes }
  return (request, head) => {
    if (!hasBody(request, head)) return NO_BODY
    const declared = Number(headerText(head, 'content-length') ?? 0)
    if (declared > limits.bodyLimitBytes) throw tooLarge(limits)
    return new Promise((resolve, reject) => collect(request, { limits, budget, resolve, reject }))
  }
}

interface Collecting {
  readonly limits: HttpLimits
  readonly budget: { used: number; readonly limit: number }
  readonly resolve: (body: ReadBody) => void
  readonly reject: (reason: Error) => void
}

function collect(request: IncomingMessage, to: Collecting): void {
  const chunks: Buffer[] = []
  let length = 0
  const release = (): void => {
    to.budget.used -= length
    length = 0
  }
  const fail = (reason: Error): void => {
    stop()
    release()
    to.reject(reason)
  }
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk)
    length += chunk.length
    to.budget.used += chunk.length
    if (length > to.limits.bodyLimitBytes) fail(tooLarge(to.limits))
    else if (to.budget.used > to.budget.limit) fail(tooManyBytes())
  }
  const onEnd = (): void => {
    stop()
    to.resolve({ bytes: Buffer.concat(chunks, length), release })
  }
  const onClose = (): void => fail(new ClientGone('The client went away'))
  const timer = deadline(to.limits.requestTimeoutMs, () => fail(tooSlow(to.limits)))
  const stop = (): void => {
    clearTimeout(timer)
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
  }
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
}

function deadline(timeoutMs: number, onTimeout: () => void): NodeJS.Timeout | undefined {
  return timeoutMs > 0 ? setTimeout(onTimeout, timeoutMs) : undefined
}

function hasBody(request: IncomingMessage, head: RequestHead): boolean {
  if (request.httpVersionMajor === 2) {
    return !(request as unknown as Http2ServerRequest).stream.endAfterHeaders
  }
  const length = headerText(head, 'content-length')
  return head.headers.has('transfer-encoding') || (length !== undefined && length !== '0')
}

function tooLarge(limits: HttpLimits): Refusal {
  const reason = `Expected a body of at most ${limits.bodyLimitBytes} bytes; send less, or ask the operator for more`
  return new Refusal(413, reason, { code: 'limit-exceeded', closes: true })
}

function tooManyBytes(): Refusal {
  const reason = 'The node is reading as many bytes as it can hold; try again later'
  return new Refusal(503, reason, { code: 'overloaded', closes: true })
}

function tooSlow(limits: HttpLimits): Refusal {
  const reason = `Expected the whole request within ${limits.requestTimeoutMs} ms`
  return new Refusal(408, reason, { code: 'timeout', closes: true })
}
