/**
 * The header form of a message: what of it are headers, and what is the body. It is the form that
 * httpsig@1.0 sends, and, because ids are hmacs over it, the form that every id is made of.
 * Source: HyperBEAM, `dev_codec_httpsig_conv:to`.
 */
import type { Binary } from '../base/bytes.ts'
import { encodeBase64 } from '../crypto/base64url.ts'
import { sha256 } from '../crypto/hash.ts'
import { escapeKey } from './escape.ts'
import { isIdKey } from './keys.ts'
import { Message } from './message.ts'
import { formatMultipart, groupParts, isBig, type Parts } from './multipart.ts'
import type { Tabm, TabmValue } from './tabm.ts'
import { isBinary } from './value.ts'

export interface HeaderForm {
  /** Values as they are in the message: any bytes, line breaks too. In no particular order. */
  readonly headers: Map<string, Binary>
  /** Absent is not empty: an empty body has a digest, an absent one has none. */
  readonly body?: Binary
  /** What the body was made of: a single value under `inlineKey`, or the parts of a multipart. */
  readonly parts: Parts
  /** The key that a body without parts, or the inline part, belongs to. */
  readonly inlineKey: string
}

/**
 * Splits a TABM into headers and body. Nested maps are written inline, with a `commitments` entry
 * like any other; commitments of the message itself are no part of it.
 * @param encoded parts of the message by their paths that are not in the TABM.
 */
export function headerForm(tabm: Tabm, encoded: Parts = NO_PARTS): HeaderForm {
  const { headers, parts, inlineKey } = splitForm(tabm)
  const all = encoded.size === 0 ? parts : new Map([...parts, ...encoded])
  return withBody(headers, all, inlineKey)
}

const NO_PARTS: Parts = new Map()

/** The names of the headers of a TABM, its body replaced by a digest; no body is written for it. */
export function headerNames(tabm: Tabm): string[] {
  const form = splitForm(tabm)
  const names = new Set(form.headers.keys())
  if (form.parts.size > 0) names.add('content-digest')
  if (isMultipartForm(form)) names.add('content-type')
  return [...names]
}

/** Makes the body of these parts and sets the `content-type` that says how to take it apart. */
export function withBody(
  headers: Map<string, Binary>,
  parts: Parts,
  inlineKey: string,
): HeaderForm {
  const form = { headers, parts, inlineKey }
  if (parts.size === 0) return form
  if (!isMultipartForm(form)) return { ...form, body: parts.get(inlineKey) as Binary }
  const { boundary, body } = formatMultipart(parts, inlineKey)
  headers.set('content-type', `multipart/form-data; boundary="${boundary}"`)
  return { ...form, body }
}

/** Whether the body of a form has parts: all but the single binary under the inline key. */
export function isMultipartForm({ parts, inlineKey }: Omit<HeaderForm, 'body'>): boolean {
  return parts.size > 1 || (parts.size === 1 && !isBinary(parts.get(inlineKey)))
}

function splitForm(tabm: Tabm): Omit<HeaderForm, 'body'> {
  const inlineKey = inlineKeyOf(tabm)
  const headers = new Map<string, Binary>()
  const body: [string, TabmValue][] = []
  if (inlineKey === 'data' && !tabm.has('ao-body-key')) headers.set('ao-body-key', 'data')
  for (const [key, value] of tabm) {
    if (isLeftOut(key)) continue
    const name = partName(key)
    if (isInBody(name, value, inlineKey)) body.push([name, value])
    else headers.set(name, value as Binary)
  }
  return { headers, parts: groupParts(body), inlineKey }
}

/** The name of a header or part of the top level. */
export function partName(key: string): string {
  return isIdKey(key) ? escapeKey(key) : key
}

/** The value of `content-digest` for a body. */
export function contentDigest(body: Binary): string {
  return `sha-256=:${encodeBase64(sha256(body))}:`
}

function isLeftOut(key: string): boolean {
  return key === 'commitments' || key === 'signature' || key === 'signature-input' || key === 'priv'
}

function isInBody(name: string, value: TabmValue, inlineKey: string): boolean {
  return name === 'body' || name === inlineKey || value instanceof Message || isBig(value)
}

function inlineKeyOf(tabm: Tabm): string {
  const named = tabm.get('ao-body-key')
  if (typeof named === 'string') return named
  if (tabm.has('body')) return 'body'
  return tabm.has('data') ? 'data' : 'body'
}
