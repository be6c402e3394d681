/** The head of a request, the same for HTTP/1.1 and HTTP/2. */
import type { IncomingMessage } from 'node:http'
import type { Binary } from '../base/bytes.ts'
import { decodeHeaderValue } from './header-text.ts'

export interface RequestHead {
  /** As it was sent, `HEAD` too. */
  readonly method: string
  /** Path and query in origin form, undecoded. */
  readonly target: string
  /** By lower-case name; a header that came twice has its values joined by a comma. */
  readonly headers: ReadonlyMap<string, Binary>
  readonly headerCount: number
  /** About as many bytes as the head takes in memory. */
  readonly bytes: number
  /** Address of the socket; empty once that is gone. */
  readonly peerAddress: string
}

export function readHead(request: IncomingMessage): RequestHead {
  const headers = new Map<string, Binary>()
  const raw = request.rawHeaders
  let bytes = request.url?.length ?? 0
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const field = raw[i] ?? ''
    const value = raw[i + 1] ?? ''
    bytes += field.length + value.length
    const name = headerName(field.toLowerCase())
    if (name !== undefined) addHeader(headers, name, value)
  }
  return {
    method: request.method ?? 'GET',
    target: originForm(request.url ?? '/'),
    headers,
    headerCount: raw.length / 2,
    bytes,
    peerAddress: request.socket.remoteAddress ?? '',
  }
}

/** The text of a header; `undefined` when it is absent or no UTF-8. */
export function headerText(head: RequestHead, name: string): string | undefined {
  const value = head.headers.get(name)
  return typeof value === 'string' ? value : undefined
}

/** Pseudo headers of HTTP/2 are no headers; `:authority` is what HTTP/1.1 calls `host`. */
function headerName(name: string): string | undefined {
  if (!name.startsWith(':')) return name
  return name === ':authority' ? 'host' : undefined
}

function addHeader(headers: Map<string, Binary>, name: string, latin1: string): void {
  const value = decodeHeaderValue(latin1)
  const earlier = headers.get(name)
  if (earlier === undefined) headers.set(name, value)
  else headers.set(name, joined(earlier, value, name === 'cookie' ? '; ' : ', '))
}

function joined(earlier: Binary, value: Binary, separator: string): Binary {
  if (typeof earlier === 'string' && typeof value === 'string') return earlier + separator + value
  return Buffer.concat([Buffer.from(earlier), Buffer.from(separator), Buffer.from(value)])
}

/** `http://host/path`, which a client may send to a proxy, without scheme and host. */
function originForm(url: string): string {
  if (url.startsWith('/') || url === '*') return url
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(url)?.[1] ?? url
  return path.startsWith('/') ? path : `/${path}`
}
