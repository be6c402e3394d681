/** Takes a multipart body apart: the frame, and the lines and bytes of each part. */
import { type Binary, toBinary, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { readParameter, readType } from './media-type.ts'

export interface RawPart {
  /** The path in its disposition; absent on the inline part, which belongs to the body key. */
  readonly name?: string
  /** Names as they were sent, but for the headers that describe a part, which are in lower case. */
  readonly lines: ReadonlyMap<string, Binary>
  readonly bytes: Uint8Array
}

/** How many parts, and header lines of all parts, a body may have: each costs beyond its bytes. */
export interface PartLimits {
  readonly parts: number
  readonly lines: number
}

/** More than a full page of a schedule has. */
const REPLY_LIMITS: PartLimits = { parts: 131_072, lines: 1_048_576 }
/** More than any message has; anybody may send one, and all of it is worked on before it is refused. */
export const REQUEST_LIMITS: PartLimits = { parts: 20_000, lines: 131_072 }

const DESCRIBING = new Set(['content-disposition', 'content-type', 'content-digest'])

/**
 * The parts of a body in their order.
 * @throws AoError `invalid-encoding` for a frame without start, end or parts, and for a part
 * without a name; `limit-exceeded` for too many parts or lines.
 */
export function readParts(
  body: Uint8Array,
  boundary: string,
  limits: PartLimits = REPLY_LIMITS,
): RawPart[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const opening = `--${boundary}\r\n`
  const first = buffer.indexOf(opening)
  if (boundary === '' || first < 0) throw invalid('a first part after the boundary')
  const separator = Buffer.from(`\r\n--${boundary}`)
  const content = first + opening.length
  const end = buffer.indexOf(Buffer.concat([separator, DASHES]), content)
  if (end < 0) throw invalid('an end boundary')
  const parts: RawPart[] = []
  const counted = { lines: 0, limit: limits.lines }
  for (let start = content; start <= end; ) {
    const next = buffer.indexOf(separator, start)
    const stop = next < 0 || next > end ? end : next
    if (parts.length === limits.parts) throw tooMany('parts', limits.parts)
    parts.push(readPart(buffer.subarray(start, stop), counted))
    if (stop === end) break
    start = stop + separator.length
  }
  return parts
}

const DASHES = Buffer.from('--')
const LINE_BREAK = '\r\n'
const EMPTY_LINE = Buffer.from('\r\n\r\n')

/** Lines of all parts together. */
interface Counted {
  lines: number
  readonly limit: number
}

/** All parts but the first begin with the line break that ends their boundary. */
function readPart(raw: Buffer, counted: Counted): RawPart {
  const part = raw[0] === 0x0d && raw[1] === 0x0a ? raw.subarray(LINE_BREAK.length) : raw
  const headEnd = part.indexOf(EMPTY_LINE)
  const head = headEnd < 0 ? part : part.subarray(0, headEnd)
  const bytes = headEnd < 0 ? part.subarray(part.length) : part.subarray(headEnd + 4)
  const lines = readLines(head, counted)
  const disposition = toText(lines.get('content-disposition') ?? '')
  if (disposition === undefined) throw invalid('content-disposition of UTF-8 text')
  if (readType(disposition) === 'inline') return { lines, bytes }
  const name = readParameter(disposition, 'name')
  if (name === undefined) throw invalid('a part with an inline disposition or a name')
  return { name, lines, bytes }
}

/**
 * A line is a header only with a colon and a blank; the first such pair divides it. Lines are found
 * in a text, one character for each byte where the head is no UTF-8.
 */
function readLines(head: Buffer, counted: Counted): Map<string, Binary> {
  const utf8 = toText(head)
  const text = utf8 ?? head.toString('latin1')
  const lines = new Map<string, Binary>()
  let colon = text.indexOf(': ')
  for (let start = 0; start < text.length && colon >= 0; ) {
    if (colon < start) colon = text.indexOf(': ', start)
    const next = text.indexOf(LINE_BREAK, start)
    const stop = next < 0 ? text.length : next
    if (colon >= 0 && colon < stop) {
      countLine(counted)
      const name = text.slice(start, colon)
      const value = text.slice(colon + 2, stop)
      if (utf8 !== undefined) lines.set(lineName(name), value)
      else lines.set(lineName(fromLatin1Name(name)), toBinary(Buffer.from(value, 'latin1')))
    }
    start = stop + LINE_BREAK.length
  }
  return lines
}

function countLine(counted: Counted): void {
  if (++counted.lines > counted.limit) throw tooMany('lines', counted.limit)
}

function lineName(name: string): string {
  if (!isCapital(name.charCodeAt(0)) && !name.startsWith('content-')) return name
  const lower = name.toLowerCase()
  return DESCRIBING.has(lower) ? lower : name
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}

function fromLatin1Name(latin1: string): string {
  const name = toText(Buffer.from(latin1, 'latin1'))
  if (name === undefined) throw invalid('header names of UTF-8 text')
  return name
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected ${expected} in a multipart body`)
}

function tooMany(what: string, limit: number): AoError {
  return new AoError('limit-exceeded', `Expected a multipart body of fewer ${what}`, { limit })
}
