/** Whole requests: recorded ones with changes in every place, and ones that nobody would send. */
import fc from 'fast-check'
import type { HttpRequest } from '../replay.ts'
import type { Corpus } from './corpus.ts'
import { anyMultipart, anySignatureHeaders } from './hostile-httpsig.ts'
import { anyItem } from './hostile-item.ts'
import { anyJson } from './hostile-json.ts'
import { HOSTILE_IDS } from './hostile-store.ts'
import { anyToken, hostileText, mutated, mutatedText } from './mutate.ts'

/** Bytes that HTTP carries in a header, whatever they mean. */
function sendable(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\t -~\u0080-\u00ff]/g, '')
}

function token(text: string): string {
  return text.replace(/[^A-Za-z0-9!#$%&'*+.^_`|~-]/g, '')
}

const anyKeyName = fc
  .oneof(anyToken, fc.string({ maxLength: 8 }))
  .map(token)
  .filter((name) => name !== '')

const anyId = fc.oneof(fc.constantFrom(...HOSTILE_IDS), fc.constant('U'.repeat(43)), anyToken)

/** Pieces of a path as its grammar knows them, mostly. */
const anySegment: fc.Arbitrary<string> = fc.letrec<{ segment: string; path: string }>((tie) => ({
  segment: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    anyId,
    anyToken,
    hostileText,
    fc.constantFrom(
      ...['~message@1.0', '~json@1.0', '~scheduler@1.0', '~meta@1.0', '~process@1.0', '~push@1.0'],
      ...['~cron@1.0', '~location@1.0', '~stack@1.0', '~patch@1.0', '~dedup@1.0'],
    ),
    fc.constantFrom(
      ...['next', 'schedule', 'slot', 'status', 'set', 'keys', 'id', 'info', 'serialize', 'verify'],
      ...['next/next/next', 'commitments', 'committed', 'remove', 'deserialize', 'k1/k2/k3'],
      ...['known', 'node', 'every', 'list', 'now', 'compute', 'push', 'snapshot', 'resolve'],
    ),
    fc.tuple(anyToken, anyToken).map(([key, value]) => `${key}=${value}`),
    fc
      .tuple(tie('segment') as fc.Arbitrary<string>, anyToken, anyToken)
      .map(([s, k, v]) => `${s}&${k}=${v}`),
    fc
      .tuple(anyToken, fc.constantFrom('integer', 'list', 'map', 'resolve', 'x'), hostileText)
      .map(([key, type, value]) => `${key}+${type}=${value}`),
    (tie('path') as fc.Arbitrary<string>).map((path) => `(${path})`),
    fc
      .tuple(anyToken, tie('path') as fc.Arbitrary<string>)
      .map(([key, path]) => `${key}=(${path})`),
  ),
  path: fc
    .array(tie('segment') as fc.Arbitrary<string>, { minLength: 1, maxLength: 4 })
    .map((segments) => `/${segments.join('/')}`),
})).segment

const anyQuery = fc
  .array(fc.tuple(anyToken, fc.oneof(anyToken, hostileText)), { maxLength: 4 })
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([k, v]) => `${k}=${v}`).join('&')}`))

const repeated = fc
  .tuple(
    fc.constantFrom('/a', '(', '/(a', '&a=b', '%2', '+resolve=', '/~x@1.0', '"', '/next', '~'),
    fc.nat(300),
  )
  .map(([piece, times]) => `/${piece.repeat(times)}`)

export const anyPath = (corpus: Corpus): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.array(anySegment, { maxLength: 5 }), anyQuery)
        .map(([segments, query]) => `/${segments.join('/')}${query}`),
    },
    { weight: 3, arbitrary: mutatedText(corpus.paths) },
    repeated,
    hostileText,
  )

/** What may stand in a request line: everything else would be another request. */
function targetOf(path: string): string {
  const text = path.replace(/[\0-\u0020\u007f-\u{10ffff}]/gu, (char) =>
    encodeURIComponent(char.toWellFormed()),
  )
  return text.startsWith('/') ? text : `/${text}`
}

const anyHeader = fc.tuple(anyKeyName, fc.oneof(hostileText, anyToken))

const NEGOTIATION = [
  ['accept', '*/*'],
  ['accept', 'application/json'],
  ['accept', 'application/ans104'],
  ['accept', 'text/html'],
  ['accept', 'application/aos-2'],
  ['require-codec', 'ans104@1.0'],
  ['require-codec', 'flat@1.0'],
  ['require-codec', 'application/json'],
  ['accept-bundle', 'true'],
  ['accept-bundle', 'x'],
] as const

const anyNegotiation = fc.subarray([...NEGOTIATION], { maxLength: 3 })

/** A recorded request, its path, headers and body changed. */
function changed(corpus: Corpus): fc.Arbitrary<HttpRequest> {
  const bodies = corpus.requests.map(({ body }) => body ?? Buffer.alloc(0))
  return fc
    .record({
      index: fc.nat(corpus.requests.length - 1),
      path: fc.option(anyPath(corpus), { nil: undefined, freq: 2 }),
      dropped: fc.nat(40),
      headers: fc.array(anyHeader, { maxLength: 3 }),
      negotiation: anyNegotiation,
      changedHeader: fc.option(hostileText, { nil: undefined }),
      body: fc.option(mutated(bodies), { nil: undefined, freq: 1 }),
    })
    .map(({ index, path, dropped, headers, negotiation, changedHeader, body }) => {
      const seed = corpus.requests[index]
      const own = (seed?.headers ?? []).filter((_, n) => n !== dropped)
      const kept = own.map(([name, value], n): [string, string] => {
        return [name, changedHeader !== undefined && n === dropped % 7 ? changedHeader : value]
      })
      return {
        method: seed?.method ?? 'GET',
        path: path ?? seed?.path ?? '/',
        headers: [...kept, ...negotiation, ...headers],
        body: body ?? seed?.body ?? Buffer.alloc(0),
      }
    })
}

/** A request of one of the codecs, filled with what fits it least. */
function made(corpus: Corpus): fc.Arbitrary<HttpRequest> {
  const anyWire = fc.oneof(anyMultipart, anySignatureHeaders).map(({ headers, body }) => ({
    headers: headers.map(([name, value]): [string, string] => [
      name,
      Buffer.from(value).toString('latin1'),
    ]),
    body: body ?? Buffer.alloc(0),
  }))
  const asType = (type: string) => (body: Uint8Array) => ({
    headers: [['content-type', type] as [string, string]],
    body,
  })
  const anyContent = fc.oneof(
    anyWire,
    anyItem.map(asType('application/ans104')),
    mutated(corpus.items).map(asType('application/ans104')),
    anyJson.map((json) => asType('application/json')(Buffer.from(json))),
    hostileText.map((text) => asType('application/flat@1.0')(Buffer.from(text))),
    fc.constant({ headers: [] as [string, string][], body: Buffer.alloc(0) }),
  )
  return fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH'),
      path: anyPath(corpus),
      content: anyContent,
      headers: fc.array(anyHeader, { maxLength: 4 }),
      negotiation: anyNegotiation,
    })
    .map(({ method, path, content, headers, negotiation }) => ({
      method,
      path,
      headers: [...content.headers, ...negotiation, ...headers],
      body: content.body,
    }))
}

/** Requests that a socket can carry: what cannot be sent at all is for other targets. */
export function anyRequest(corpus: Corpus): fc.Arbitrary<HttpRequest> {
  return fc.oneof(changed(corpus), made(corpus)).map(({ method, path, headers, body }) => ({
    method,
    path: targetOf(path),
    headers: headers.flatMap(([name, value]): [string, string][] =>
      NOT_SENT.has(token(name).toLowerCase()) ? [] : [[token(name), sendable(value).trim()]],
    ),
    ...(body === undefined ? {} : { body }),
  }))
}

/** About the connection, which the client makes itself. */
const NOT_SENT = new Set([
  ...['', 'connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'http2-settings', 'proxy-connection'],
])
