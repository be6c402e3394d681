/**
 * What HTTP cannot carry as a header is put into a part of the body, from where the receiver reads
 * the same message. Only for output: ids and signature bases are made of the form without this.
 */
import type { Binary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { type HeaderForm, isMultipartForm, withBody } from '../../message/header-form.ts'
import type { Part } from '../../message/multipart.ts'

/**
 * The same message in a form whose headers may be sent, and whose parts can be read again.
 * @throws AoError `unencodable` when something can be moved to no part, or a part has a name that
 * would be read as another.
 */
export function fitForHttp(form: HeaderForm): HeaderForm {
  const headers = new Map(form.headers)
  const parts = new Map<string, Part>(form.parts)
  moveHeaders(form, headers, parts)
  let isChanged = headers.size !== form.headers.size
  for (const [path, part] of form.parts) {
    if (part instanceof Map && moveLines(path, part, parts)) isChanged = true
  }
  const fit = isChanged ? withBody(headers, parts, form.inlineKey) : form
  if (isMultipartForm(fit)) for (const path of fit.parts.keys()) assertPartName(path, fit)
  return fit
}

/** Moves headers whose value would not arrive as it is, or whose name is none. */
function moveHeaders(
  form: HeaderForm,
  headers: Map<string, Binary>,
  parts: Map<string, Part>,
): void {
  for (const [name, value] of form.headers) {
    if (isToken(name) && !breaksHeader(value)) continue
    const isSignature = name === 'signature' || name === 'signature-input'
    const hasOwnType = headers.has('content-type') && !isMultipartForm(form)
    if (isSignature || hasOwnType || value.length === 0 || form.body?.length === 0) {
      throw unencodable(
        'keys and values that HTTP headers can carry beside a content-type or an empty body',
        name,
      )
    }
    headers.delete(name)
    parts.set(name, value)
  }
}

/** Moves lines of a part that a reader would cut, or not take for a key; says whether it did. */
function moveLines(
  path: string,
  part: ReadonlyMap<string, Binary>,
  parts: Map<string, Part>,
): boolean {
  const kept = new Map(part)
  for (const [name, value] of part) {
    if (name === 'body' || (isLineName(name) && !includesLineBreak(value))) continue
    if (value.length === 0) throw unencodable('nested keys that a line can carry', path)
    kept.delete(name)
    parts.set(`${path}/${name}`, value)
  }
  if (kept.size === 0) parts.delete(path)
  else if (kept.size < part.size) parts.set(path, kept)
  return kept.size < part.size
}

function isLineName(name: string): boolean {
  return name !== 'content-disposition' && !name.includes(': ') && !name.includes('\r\n')
}

function includesLineBreak(value: Binary): boolean {
  return typeof value === 'string'
    ? value.includes('\r\n')
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes('\r\n')
}

function assertPartName(path: string, { inlineKey }: HeaderForm): void {
  if (path !== inlineKey && !isPartName(path)) {
    throw unencodable('keys that can name a part of a multipart body', path)
  }
}

/** Quotes and backslashes are not escaped in names of parts, and slashes divide paths. */
function isPartName(path: string): boolean {
  if (path === '' || path.startsWith('/') || path.endsWith('/') || path.includes('//')) return false
  return !path.includes('"') && !path.includes('\\') && !breaksHeader(path)
}

/** Controls end a header or are refused in it, and blanks around a value are lost on the way. */
function breaksHeader(value: Binary): boolean {
  const last = value.length - 1
  for (let i = 0; i <= last; i++) {
    const code = typeof value === 'string' ? value.charCodeAt(i) : (value[i] ?? 0)
    if (code > 0x20 && code !== 0x7f) continue
    const isBlank = code === 0x20 || code === 0x09
    if (!isBlank || i === 0 || i === last) return true
  }
  return false
}

/** Whether a text may be the name of a header (RFC 9110 section 5.6.2). */
function isToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (TOKEN[name.charCodeAt(i)] !== 1) return false
  return name !== ''
}

const TOKEN = new Uint8Array(128)
for (const char of "!#$%&'*+-.^_`|~0123456789") TOKEN[char.charCodeAt(0)] = 1
for (let i = 0; i < 26; i++) {
  TOKEN[0x41 + i] = 1
  TOKEN[0x61 + i] = 1
}

function unencodable(expected: string, key: string | undefined): AoError {
  return new AoError('unencodable', `Expected ${expected}`, { key })
}
