/** Reads the body of a request as it came, whatever its content type says. */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { isAoError } from '../base/errors.ts'
import type { MemoryAccount } from '../base/memory-budget.ts'
import type { HttpLimits } from './limits.ts'
import { Refusal } from './refusal.ts'
import { headerText, type RequestHead } from './request-head.ts'

/** The client went away before its request was complete: nobody is left to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

export function clientGone(): ClientGone {
  return new ClientGone('The client went away')
}

export const NO_BODY = new Uint8Array(0)

/** @throws Refusal for a body that is too large, too slow, or too much at the moment; ClientGone. */
export type BodyReader = (
  request: IncomingMessage,
  head: RequestHead,
  account: MemoryAccount,
) => Promise<Uint8Array> | Uint8Array

export function createBodyReader(limits: HttpLimits): BodyReader {
  return (request, head, account) => {
    const length = bodyLength(request, head)
    if (length === 0) return NO_BODY
    if ((length ?? 0) > limits.bodyLimitBytes) throw tooLarge(limits)
    const isHttp1 = request.httpVersionMajor === 1
    return isHttp1 && length !== undefined
      ? readHttp1(request, length, { limits, account })
      : readPieces(request, { limits, account })
  }
}

interface Reading {
  readonly limits: HttpLimits
  readonly account: MemoryAccount
}

/** A body that came together with its headers is there as soon as Node has parsed all that came. */
async function readHttp1(
  request: IncomingMessage,
  length: number,
  reading: Reading,
): Promise<Uint8Array> {
  await undefined
  if (request.readableLength !== length) return readPieces(request, reading)
  const body: Buffer | null = request.read()
  // Node hears of the end only when it is read, too.
  request.resume()
  if (body === null) throw clientGone()
  const refusal = refusalOf(reading.account, body)
  if (refusal !== undefined) throw refusal
  return body
}

function readPieces(request: IncomingMessage, reading: Reading): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) reject(clientGone())
    else collect(request, { ...reading, resolve, reject })
  })
}

/** The length that a request says its body has; `undefined` when it does not say. */
export function bodyLength(request: IncomingMessage, head: RequestHead): number | undefined {
  const length = headerText(head, 'content-length')
  if (request.httpVersionMajor === 2) {
    const { stream } = request as unknown as Http2ServerRequest
    if (stream.endAfterHeaders) return 0
  } else if (!head.headers.has('transfer-encoding')) {
    return Number(length ?? 0)
  }
  return length === undefined ? undefined : Number(length)
}

interface Collecting extends Reading {
  readonly resolve: (body: Uint8Array) => void
  readonly reject: (reason: Error) => void
}

function collect(request: IncomingMessage, to: Collecting): void {
  const { limits } = to
  const chunks: Buffer[] = []
  let length = 0
  const fail = (reason: Error): void => {
    stop()
    to.reject(reason)
  }
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk)
    length += chunk.length
    pause.refresh()
    const refusal = length > limits.bodyLimitBytes ? tooLarge(limits) : refusalOf(to.account, chunk)
    if (refusal !== undefined) fail(refusal)
  }
  const onEnd = (): void => {
    stop()
    to.resolve(Buffer.concat(chunks, length))
  }
  const onClose = (): void => fail(clientGone())
  const { requestTimeoutMs, headersTimeoutMs } = limits
  const whole =
    requestTimeoutMs > 0
      ? setTimeout(() => fail(tooSlow('the whole request', requestTimeoutMs)), requestTimeoutMs)
      : undefined
  const pause = setTimeout(
    () => fail(tooSlow('the next piece of the body', headersTimeoutMs)),
    headersTimeoutMs,
  )
  const stop = (): void => {
    clearTimeout(whole)
    clearTimeout(pause)
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
  }
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
}

/** Why there is no room for a piece of a body, if there is none. */
function refusalOf(account: MemoryAccount, { length }: Buffer): Refusal | undefined {
  try {
    account.hold(length)
    return undefined
  } catch (error) {
    if (!isAoError(error)) throw error
    const { code, message } = error
    return new Refusal(code === 'overloaded' ? 503 : 413, message, { code, closes: true })
  }
}

function tooLarge(limits: HttpLimits): Refusal {
  const reason = `Expected a body of at most ${limits.bodyLimitBytes} bytes; send less, or ask the operator for more`
  return new Refusal(413, reason, { code: 'limit-exceeded', closes: true })
}

function tooSlow(what: string, timeoutMs: number): Refusal {
  return new Refusal(408, `Expected ${what} within ${timeoutMs} ms`, {
    code: 'timeout',
    closes: true,
  })
}
