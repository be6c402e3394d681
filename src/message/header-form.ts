/**
 * The header form of a message: what of it are headers, and what is the body. It is the form that
 * httpsig@1.0 sends, and, because ids are hmacs over it, the form that every id is made of.
 * Source: HyperBEAM, `dev_codec_httpsig_conv:to`.
 */
import type { Binary } from '../base/bytes.ts'
import { sha256Base64 } from '../crypto/hash.ts'
import { escapeKey } from './escape.ts'
import { HeaderList } from './header-layout.ts'
import { isIdKey, LINK_SUFFIX } from './keys.ts'
import { Message } from './message.ts'
import { formatMultipart, groupParts, isBig, type Parts } from './multipart.ts'
import type { Tabm, TabmValue } from './tabm.ts'
import { isBinary } from './value.ts'

export interface HeaderForm {
  readonly headers: HeaderList
  /** Absent is not empty: an empty body has a digest, an absent one has none. */
  readonly body?: Binary
  /** What the body was made of: a single value under `inlineKey`, or the parts of a multipart. */
  readonly parts: Parts
  /** The key that a body without parts, or the inline part, belongs to. */
  readonly inlineKey: string
}

/** A form whose body is not written yet. */
export interface SplitForm extends Omit<HeaderForm, 'body'> {
  /** The keys that are no headers, some of which are left out altogether. */
  readonly otherKeys: readonly string[]
}

const NO_PARTS: Parts = new Map()

/**
 * Splits a TABM into headers and body. Nested maps are written inline, with a `commitments` entry
 * like any other; commitments of the message itself are no part of it.
 * @param encoded parts of the message by their paths that are not in the TABM.
 */
export function headerForm(tabm: Tabm, encoded: Parts = NO_PARTS): HeaderForm {
  const { headers, parts, inlineKey } = splitForm(tabm, [...tabm.keys()])
  const all = encoded.size === 0 ? parts : new Map([...parts, ...encoded])
  return withBody(headers, all, inlineKey)
}

/** The names of the headers over some keys, the body replaced by a digest; none is written for it. */
export function headerNames(tabm: Tabm, keys: readonly string[]): readonly string[] {
  const form = splitForm(tabm, keys)
  const { names } = form.headers
  if (form.parts.size > 0) names.push('content-digest')
  if (isMultipartForm(form)) names.push('content-type')
  return names
}

/** Makes the body of these parts and adds the `content-type` that says how to take it apart. */
export function withBody(headers: HeaderList, parts: Parts, inlineKey: string): HeaderForm {
  const form = { headers, parts, inlineKey }
  if (parts.size === 0) return form
  if (!isMultipartForm(form)) {
    return { headers, body: parts.get(inlineKey) as Binary, parts, inlineKey }
  }
  const { boundary, body } = formatMultipart(parts, inlineKey)
  headers.add('content-type', `multipart/form-data; boundary="${boundary}"`)
  return { headers, body, parts, inlineKey }
}

/** Whether the body of a form has parts: all but the single binary under the inline key. */
export function isMultipartForm({ parts, inlineKey }: Omit<HeaderForm, 'body'>): boolean {
  return parts.size > 1 || (parts.size === 1 && !isBinary(parts.get(inlineKey)))
}

/** The form of some keys: each as it is or as a link; a key that is neither is passed over. */
export function splitForm(tabm: Tabm, keys: readonly string[]): SplitForm {
  const inlineKey = inlineKeyOf(tabm, keys)
  const headers = new HeaderList()
  const body: [string, TabmValue][] = []
  const otherKeys: string[] = []
  if (inlineKey === 'data' && !isCovered('ao-body-key', tabm, keys)) {
    headers.add('ao-body-key', 'data')
  }
  for (const given of keys) {
    const key = tabm.has(given) ? given : given + LINK_SUFFIX
    const value = tabm.get(key)
    if (value === undefined) continue
    const name = partName(key)
    const isOut = isLeftOut(key)
    if (!isOut && !isInBody(name, value, inlineKey)) {
      headers.add(name, value as Binary)
      continue
    }
    otherKeys.push(key)
    if (!isOut) body.push([name, value])
  }
  return { headers, parts: body.length === 0 ? NO_PARTS : groupParts(body), inlineKey, otherKeys }
}

/** The name of a header or part of the top level. */
export function partName(key: string): string {
  return isIdKey(key) ? escapeKey(key) : key
}

/** The value of `content-digest` for a body. */
export function contentDigest(body: Binary): string {
  return `sha-256=:${sha256Base64(body)}:`
}

function isLeftOut(key: string): boolean {
  return key === 'commitments' || key === 'signature' || key === 'signature-input' || key === 'priv'
}

function isInBody(name: string, value: TabmValue, inlineKey: string): boolean {
  return name === 'body' || name === inlineKey || value instanceof Message || isBig(value)
}

function inlineKeyOf(tabm: Tabm, keys: readonly string[]): string {
  const named = isCovered('ao-body-key', tabm, keys) ? tabm.get('ao-body-key') : undefined
  if (typeof named === 'string') return named
  if (isCovered('body', tabm, keys)) return 'body'
  return isCovered('data', tabm, keys) ? 'data' : 'body'
}

function isCovered(key: string, tabm: Tabm, keys: readonly string[]): boolean {
  return tabm.has(key) && keys.includes(key)
}
