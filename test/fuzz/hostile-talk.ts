/** Bytes on a connection: requests that break off, that lie about themselves, and what is none. */
import fc from 'fast-check'
import type { HttpRequest } from '../replay.ts'
import { anyBytes, hostileText, mutated } from './mutate.ts'
import { type RawTalk, requestBytes } from './raw-client.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** A frame of HTTP/2 (RFC 9113 section 4.1), whose length may lie. */
const anyFrame = fc
  .record({
    type: fc.oneof(fc.nat(9), fc.nat(255)),
    flags: fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 0x20), fc.nat(255)),
    stream: fc.constantFrom(0, 1, 1, 2, 3, 0x7fff_ffff, 0xffff_ffff),
    lie: fc.constantFrom(0, 0, 0, 0, 1, -1, 0xff_ffff),
    payload: fc.oneof(anyBytes(64), fc.constant(Buffer.alloc(20_000))),
  })
  .map(({ type, flags, stream, lie, payload }) => {
    const head = Buffer.alloc(9)
    head.writeUIntBE(Math.min(Math.max(payload.length + lie, 0), 0xff_ffff), 0, 3)
    head.writeUInt8(type, 3)
    head.writeUInt8(flags, 4)
    head.writeUInt32BE(stream, 5)
    return Buffer.concat([head, payload])
  })

const anyHttp2 = fc
  .tuple(fc.constantFrom(0, 3, 24, 24, 24, 24), fc.array(anyFrame, { maxLength: 8 }))
  .map(([length, frames]) => Buffer.concat([PREFACE.subarray(0, length), SETTINGS, ...frames]))
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])

/** Lines that a reader of HTTP/1.1 may take for the start of another request. */
const anyFraming = fc.constantFrom(
  ...['transfer-encoding: chunked', 'Transfer-Encoding: chunked, identity', 'content-length: 5'],
  ...['content-length: 0', 'content-length: -1', 'content-length: 99999999999999999999'],
  ...['content-length: 1, 2', 'content-length: +5', 'transfer-encoding : chunked'],
  ...['expect: 100-continue'],
  ...['connection: close', 'connection: upgrade', 'upgrade: h2c', 'host: b'],
  ...['content-encoding: gzip'],
  ...[' folded', 'no colon', ': no name', 'a\u0000b: c', 'trailer: x'],
)

const anyFramed = fc
  .record({
    line: fc.oneof(
      fc.constantFrom(
        ...['GET / HTTP/1.1', 'POST /~message@1.0/set HTTP/1.1', 'GET / HTTP/1.0', 'GET /'],
      ),
      fc.constantFrom(
        'GET http://a/ HTTP/1.1',
        'CONNECT a:1 HTTP/1.1',
        'OPTIONS * HTTP/1.1',
        '',
        'X',
      ),
      hostileText.map((text) => `GET /${text} HTTP/1.1`),
    ),
    headers: fc.array(
      fc.oneof(
        anyFraming,
        hostileText.map((text) => `a: ${text}`),
      ),
      {
        maxLength: 5,
      },
    ),
    host: fc.constantFrom('host: a\r\n', 'host: a\r\n', ''),
    body: fc.constantFrom(
      ...['', 'hello', '5\r\nhello\r\n0\r\n\r\n', 'fffffffff\r\n', '-1\r\n', '5;x=y\r\nhel'],
    ),
    newline: fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'),
  })
  .map(({ line, headers, host, body, newline }) => {
    return Buffer.from(`${[line, ...headers].join(newline)}${newline}${host}${newline}${body}`)
  })

/** What is sent, cut in pieces, with whatever end. */
export function anyTalk(requests: readonly HttpRequest[]): fc.Arbitrary<RawTalk> {
  const recorded = requests.map(requestBytes)
  const pipelined = fc
    .array(fc.constantFrom(...recorded.filter(({ length }) => length < 4_000)), { maxLength: 20 })
    .map((all) => Buffer.concat(all))
  return fc
    .record({
      bytes: fc.oneof(mutated(recorded), anyHttp2, anyFramed, pipelined, anyBytes(200)),
      cuts: fc.array(fc.nat(0xffff_ffff), { maxLength: 3 }),
      pauseMs: fc.constantFrom(0, 0, 1),
      ending: fc.constantFrom('end', 'end', 'end', 'reset', 'leave'),
    })
    .map(({ bytes, cuts, pauseMs, ending }) => ({ pieces: pieces(bytes, cuts), pauseMs, ending }))
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((left, right) => left - right)
  const bounds = [0, ...places, bytes.length]
  return bounds
    .slice(1)
    .map((end, n) => bytes.subarray(bounds[n], end))
    .filter(({ length }) => length > 0)
}
