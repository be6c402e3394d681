/** What of an HTTP message the codec sees. */
import type { Binary } from '../../base/bytes.ts'

/**
 * Headers and body of an HTTP message. Names must be in lower case, as an HTTP server gives them.
 * @NOTE Node reads header values as latin1; `fromHeaderText` gives the value that was sent.
 */
export interface HttpsigWire {
  /** A name may stand more than once; the values are joined by a comma and a blank. */
  readonly headers: readonly (readonly [name: string, value: Binary])[]
  /** Absent is not empty: a request always has a body. */
  readonly body?: Uint8Array
  /** Of a request. Needed only where a foreign signature covers them. */
  readonly method?: string
  /** Path and query of the request line, as they were sent. */
  readonly target?: string
}

/** What is decoded: headers may be given by their names, which they have only once then. */
export interface ReceivedWire extends Omit<HttpsigWire, 'headers'> {
  readonly headers: HttpsigWire['headers'] | ReadonlyMap<string, Binary>
}

/** The headers of a wire by name. */
export function headerMap(wire: ReceivedWire): ReadonlyMap<string, Binary> {
  if (wire.headers instanceof Map) return wire.headers
  const headers = new Map<string, Binary>()
  for (const [name, value] of wire.headers) {
    const known = headers.get(name)
    headers.set(name, known === undefined ? value : joinValues(known, value))
  }
  return headers
}

function joinValues(first: Binary, second: Binary): Binary {
  if (typeof first === 'string' && typeof second === 'string') return `${first}, ${second}`
  return Buffer.concat([Buffer.from(first), Buffer.from(', '), Buffer.from(second)])
}
