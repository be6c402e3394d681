/**
 * A compute unit of legacynet over HTTP: it runs the WebAssembly of a process and keeps its memory;
 * this node tells it the assignments and reads what came of them.
 */
import { type Binary, toBinary } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeHttpsig } from '../codec/httpsig/httpsig.ts'
import type { Message } from '../message/message.ts'

export interface ComputeUnit {
  /**
   * Posts to a path and gives the text of the reply.
   * @throws AoError `remote-failed`, `timeout`
   */
  post(path: string, request: UnitRequest): Promise<string>
  /** The same, where the reply is a message: headers as keys, its body as `body`. */
  postForMessage(path: string, request: UnitRequest): Promise<Message>
}

export interface UnitRequest {
  readonly body: Binary
  readonly headers?: Readonly<Record<string, string>>
}

export interface ComputeUnitOptions {
  readonly url: string
  /** Whole request and reply. */
  readonly timeoutMs: number
  /** A longer reply is refused. Default 64 MiB. */
  readonly maxReplyBytes?: number
}

const DEFAULT_REPLY_BYTES = 64 * 1_024 * 1_024
const SHOWN_CHARACTERS = 200

/** Of a connection, not of the message on it. */
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-encoding', 'content-length', 'date', 'etag', 'expect', 'host'],
  ...['keep-alive', 'server', 'transfer-encoding', 'upgrade', 'vary', 'x-powered-by'],
])

export function createComputeUnit(
  deps: { readonly fetch: typeof fetch },
  { url, timeoutMs, maxReplyBytes = DEFAULT_REPLY_BYTES }: ComputeUnitOptions,
): ComputeUnit {
  const send = async (path: string, { body, headers = {} }: UnitRequest): Promise<Reply> => {
    const target = new URL(url.replace(/\/+$/, '') + path)
    try {
      const response = await deps.fetch(target, {
        method: 'POST',
        headers: [['content-type', 'application/json'], ...allowed(headers)],
        body: typeof body === 'string' ? body : Buffer.from(body),
        signal: AbortSignal.timeout(timeoutMs),
      })
      const bytes = await readBytes(response, maxReplyBytes)
      if (!response.ok) throw refused(response.status, bytes)
      return { response, bytes }
    } catch (cause) {
      if (cause instanceof AoError) throw cause
      throw unreachable(target, cause)
    }
  }
  return {
    post: async (path, request) => Buffer.from((await send(path, request)).bytes).toString('utf8'),
    postForMessage: async (path, request) => {
      const { response, bytes } = await send(path, request)
      const headers = [...response.headers]
        .filter(([name]) => !TRANSPORT_HEADERS.has(name))
        .map(([name, value]) => [name, toBinary(Buffer.from(value, 'latin1'))] as const)
      return decodeHttpsig({ headers, ...(bytes.length === 0 ? {} : { body: bytes }) })
    },
  }
}

/** Names and values that a request can carry. */
function allowed(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers).filter(
    ([name, value]) =>
      !TRANSPORT_HEADERS.has(name) &&
      name !== 'content-type' &&
      HEADER_NAME.test(name) &&
      HEADER_VALUE.test(value),
  )
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

interface Reply {
  readonly response: Response
  readonly bytes: Uint8Array
}

async function readBytes(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxBytes) {
      throw new AoError('remote-failed', 'The compute unit answered with too many bytes', {
        limit: maxBytes,
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function refused(status: number, bytes: Uint8Array): AoError {
  const reason = Buffer.from(bytes).toString('utf8').slice(0, SHOWN_CHARACTERS)
  return new AoError('remote-failed', 'The compute unit refused the request', { status, reason })
}

function unreachable(target: URL, cause: unknown): AoError {
  const isLate = cause instanceof Error && cause.name === 'TimeoutError'
  return new AoError(
    isLate ? 'timeout' : 'remote-failed',
    'The compute unit did not answer; try again later',
    { unit: target.host },
    cause,
  )
}
