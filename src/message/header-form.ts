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
 */
export function headerForm(tabm: Tabm): HeaderForm {
  const inlineKey = inlineKeyOf(tabm)
  const headers = new Map<string, Binary>()
  const body: [string, TabmValue][] = []
  if (inlineKey === 'data' && !tabm.has('ao-body-key')) headers.set('ao-body-key', 'data')
  for (const [key, value] of tabm) {
    if (isLeftOut(key)) continue
    const name = isIdKey(key) ? escapeKey(key) : key
    if (isInBody(name, value, inlineKey)) body.push([name, value])
    else headers.set(name, value as Binary)
  }
  const parts = groupParts(body)
  return withBody(headers, parts, inlineKey)
}

/** Makes the body of these parts and sets the `content-type` that says how to take it apart. */
export function withBody(
  headers: Map<string, Binary>,
  parts: Parts,
  inlineKey: string,
): HeaderForm {
  if (parts.size === 0) return { headers, parts, inlineKey }
  const single = parts.size === 1 ? parts.get(inlineKey) : undefined
  if (single !== undefined && !(single instanceof Map)) {
    return { headers, parts, inlineKey, body: single as Binary }
  }
  const { boundary, body } = formatMultipart(parts, inlineKey)
  headers.set('content-type', `multipart/form-data; boundary="${boundary}"`)
  return { headers, parts, inlineKey, body }
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
