/**
 * The multipart body of a message in its header form: nested maps and big values, each as a part
 * under its path. The bytes decide ids and signatures, so they follow HyperBEAM to the letter.
 */
import { createHash } from 'node:crypto'
import { type Binary, byteLength, compareText, concatBytes } from '../base/bytes.ts'
import { Message } from './message.ts'
import type { Tabm } from './tabm.ts'

/** A part: its bytes, or the lines of a map that has binaries of its own. */
export type Part = Binary | ReadonlyMap<string, Binary>

/** Parts by their path, the names of nested keys joined by `/`. */
export type Parts = ReadonlyMap<string, Part>

export interface MultipartBody {
  readonly boundary: string
  /** Text as long as every part is text. */
  readonly body: Binary
}

/** A binary of more bytes than this is a part of its own and never a header or a line. */
export const LINE_LIMIT_BYTES = 4096

const EMPTY_MAP: Part = new Map([['ao-types', 'empty-message']])

/** Whether a binary is too long for a header or a line of a part. */
export function isBig(value: Binary): boolean {
  if (value.length > LINE_LIMIT_BYTES) return true
  // A character has three bytes at most: the bytes of few need not be counted.
  return 3 * value.length > LINE_LIMIT_BYTES && byteLength(value) > LINE_LIMIT_BYTES
}

/** The parts that the entries of a message's body make. Only the top level may hold small binaries. */
export function groupParts(body: Iterable<readonly [string, Binary | Tabm]>): Map<string, Part> {
  const parts = new Map<string, Part>()
  for (const [key, value] of body) {
    if (value instanceof Message) addMap(parts, key, value)
    else parts.set(key, value)
  }
  return parts
}

function addMap(parts: Map<string, Part>, path: string, map: Tabm): void {
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
  const texts: Binary[][] = []
  const paths = [...parts.keys()].sort(compareText)
  for (const path of paths) {
    const part = parts.get(path)
    if (part !== undefined) texts.push(formatPart(path, part, path === inlineKey))
  }
  const boundary = hashParts(texts)
  const chunks: Binary[] = []
  for (const text of texts) chunks.push(`--${boundary}\r\n`, ...text, '\r\n')
  chunks.push(`--${boundary}--`)
  return { boundary, body: joinBinaries(chunks) }
}

function formatPart(path: string, part: Part, isInline: boolean): Binary[] {
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
  for (const [index, name] of names.entries()) {
    const value = name === 'content-disposition' ? disposition : (map.get(name) ?? '')
    chunks.push(`${index === 0 ? '' : '\r\n'}${name}: `, value)
  }
  const body = map.get('body')
  if (body !== undefined && body.length > 0) chunks.push('\r\n\r\n', body)
  return chunks
}

function isLine(name: string): boolean {
  return name !== 'body' && name !== 'priv' && name !== 'content-disposition'
}

function hashParts(texts: readonly (readonly Binary[])[]): string {
  const hash = createHash('sha256')
  for (const [index, text] of texts.entries()) {
    if (index > 0) hash.update('\r\n')
    for (const chunk of text) hash.update(chunk)
  }
  return hash.digest('base64url')
}

/** All binaries in order as one: text while all are text, so that no bytes are copied for it. */
export function joinBinaries(chunks: readonly Binary[]): Binary {
  return chunks.every((chunk) => typeof chunk === 'string') ? chunks.join('') : concatBytes(chunks)
}
