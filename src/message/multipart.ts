/**
 * The multipart body of a message in its header form: nested maps and big values, each as a part
 * under its path. The bytes decide ids and signatures, so they follow HyperBEAM to the letter.
 */
import { createHash } from 'node:crypto'
import { type Binary, byteLength, compareText, concatBytes, toBytes } from '../base/bytes.ts'
import { sha256Text } from '../crypto/hash.ts'
import { Message } from './message.ts'
import type { Tabm } from './tabm.ts'

/** A part: its bytes, or the lines of a map that has binaries of its own. */
export type PlainPart = Binary | ReadonlyMap<string, Binary>

/** A part, or several that are written already. */
export type Part = PlainPart | EncodedParts

/**
 * Parts that are written already, all those whose paths begin with one path, in their order. They
 * stand in a body where that path does.
 */
export class EncodedParts {
  /** The texts of the parts, each with a line break after it. */
  readonly bytes: Uint8Array
  /** Where each text ends in `bytes`, its line break not counted. */
  readonly ends: readonly number[]

  constructor(bytes: Uint8Array, ends: readonly number[]) {
    this.bytes = bytes
    this.ends = ends
  }
}

/** Parts by their path, the names of nested keys joined by `/`. */
export type Parts = ReadonlyMap<string, Part>

export interface MultipartBody {
  readonly boundary: string
  /** Text as long as every part is text. */
  readonly body: Binary
}

/** A binary of more bytes than this is a part of its own and never a header or a line. */
export const LINE_LIMIT_BYTES = 4096

const EMPTY_MAP: PlainPart = new Map([['ao-types', 'empty-message']])

/** Whether a binary is too long for a header or a line of a part. */
export function isBig(value: Binary): boolean {
  if (value.length > LINE_LIMIT_BYTES) return true
  // A character has three bytes at most: the bytes of few need not be counted.
  return 3 * value.length > LINE_LIMIT_BYTES && byteLength(value) > LINE_LIMIT_BYTES
}

/** The parts that the entries of a message's body make. Only the top level may hold small binaries. */
export function groupParts(
  body: Iterable<readonly [string, Binary | Tabm]>,
): Map<string, PlainPart> {
  const parts = new Map<string, PlainPart>()
  for (const [key, value] of body) {
    if (value instanceof Message) addMap(parts, key, value)
    else parts.set(key, value)
  }
  return parts
}

function addMap(parts: Map<string, PlainPart>, path: string, map: Tabm): void {
  if (map.size === 0) {
    parts.set(path, EMPTY_MAP)
    return
  }
  const lines = new Map<string, Binary>()
  for (const [key, value] of map) {
    if (value instanceof Message) addMap(parts, `${path}/${key}`, value)
    else if (isBig(value)) parts.set(`${path}/${key}`, value)
    else lines.set(key, value)
  }
  if (lines.size > 0) parts.set(path, lines)
}

/** Writes the parts in order of their paths; the part named `inlineKey` has no name on the wire. */
export function formatMultipart(parts: Parts, inlineKey: string): MultipartBody {
  const texts = formatParts(parts, inlineKey)
  const plain = plainTexts(texts)
  if (plain !== undefined) return joinTexts(plain)
  const boundary = hashParts(texts)
  if (texts.some(isEncoded)) return { boundary, body: joinEncoded(texts, boundary) }
  const chunks: Binary[] = []
  for (const text of texts as Binary[][]) chunks.push(`--${boundary}\r\n`, ...text, '\r\n')
  chunks.push(`--${boundary}--`)
  return { boundary, body: concatBytes(chunks) }
}

/** Writes parts for later, without the boundary that is made of all parts of a body. */
export function encodeParts(parts: ReadonlyMap<string, PlainPart>): EncodedParts {
  const texts = [...parts.entries()]
    .sort((left, right) => compareText(left[0], right[0]))
    .map(([path, part]) => joinBinaries(formatPart(path, part, false)))
  const ends: number[] = []
  let length = 0
  for (const text of texts) {
    length += byteLength(text)
    ends.push(length)
    length += CRLF.length
  }
  const joined = joinBinaries(texts.flatMap((text) => [text, '\r\n']))
  return new EncodedParts(toBytes(joined), ends)
}

type PartText = Binary[] | EncodedParts

function isEncoded(text: PartText | Part): text is EncodedParts {
  return text instanceof EncodedParts
}

/** The texts of parts that hold no bytes, as most do. */
function plainTexts(texts: readonly PartText[]): string[] | undefined {
  const plain: string[] = []
  for (const text of texts) {
    if (isEncoded(text) || !text.every((chunk) => typeof chunk === 'string')) return undefined
    plain.push(text.join(''))
  }
  return plain
}

/** All at once, which takes less than half the time of hashing piece by piece. */
function joinTexts(texts: readonly string[]): MultipartBody {
  const boundary = sha256Text(texts.join('\r\n'))
  const parts = texts.map((text) => `--${boundary}\r\n${text}\r\n`)
  return { boundary, body: `${parts.join('')}--${boundary}--` }
}

function formatParts(parts: Parts, inlineKey: string | undefined): PartText[] {
  const texts: PartText[] = []
  for (const path of [...parts.keys()].sort(compareText)) {
    const part = parts.get(path)
    if (part === undefined) continue
    texts.push(isEncoded(part) ? part : formatPart(path, part, path === inlineKey))
  }
  return texts
}

function formatPart(path: string, part: PlainPart, isInline: boolean): Binary[] {
  const disposition = isInline ? 'inline' : `form-data;name="${path}"`
  if (!(part instanceof Map)) {
    return [`content-disposition: ${disposition}\r\n\r\n`, part as Binary]
  }
  if (part.size === 1 && part.has('body')) {
    return formatLines(part, `form-data;name="${path}/body"`)
  }
  return formatLines(part, disposition)
}

function formatLines(map: ReadonlyMap<string, Binary>, disposition: string): Binary[] {
  const names = [...map.keys()].filter(isLine)
  names.push('content-disposition')
  names.sort(compareText)
  const chunks: Binary[] = []
  let text = ''
  for (const [index, name] of names.entries()) {
    const value = name === 'content-disposition' ? disposition : (map.get(name) ?? '')
    text += `${index === 0 ? '' : '\r\n'}${name}: `
    if (typeof value === 'string') {
      text += value
    } else {
      chunks.push(text, value)
      text = ''
    }
  }
  const body = map.get('body')
  if (body !== undefined && body.length > 0) chunks.push(`${text}\r\n\r\n`, body)
  else chunks.push(text)
  return chunks
}

function isLine(name: string): boolean {
  return name !== 'body' && name !== 'priv' && name !== 'content-disposition'
}

const CRLF = Buffer.from('\r\n')

function hashParts(texts: readonly PartText[]): string {
  const hash = createHash('sha256')
  for (const [index, text] of texts.entries()) {
    if (index > 0) hash.update(CRLF)
    if (isEncoded(text)) hash.update(text.bytes.subarray(0, -CRLF.length))
    else for (const chunk of text) hash.update(chunk)
  }
  return hash.digest('base64url')
}

function joinEncoded(texts: readonly PartText[], boundary: string): Uint8Array {
  const written = texts.map((text) => {
    if (isEncoded(text)) return text
    const bytes = Buffer.concat([...text.map(toBytes), CRLF])
    return new EncodedParts(bytes, [bytes.length - CRLF.length])
  })
  const opening = Buffer.from(`--${boundary}\r\n`)
  const closing = Buffer.from(`--${boundary}--`)
  let length = closing.length
  for (const { bytes, ends } of written) length += bytes.length + ends.length * opening.length
  const body = Buffer.allocUnsafe(length)
  let at = 0
  for (const { bytes, ends } of written) {
    let start = 0
    for (const end of ends) {
      body.set(opening, at)
      at += opening.length
      const next = end + CRLF.length
      body.set(bytes.subarray(start, next), at)
      at += next - start
      start = next
    }
  }
  body.set(closing, at)
  return body
}

/** All binaries in order as one: text while all are text, so that no bytes are copied for it. */
export function joinBinaries(chunks: readonly Binary[]): Binary {
  return chunks.every((chunk) => typeof chunk === 'string') ? chunks.join('') : concatBytes(chunks)
}
