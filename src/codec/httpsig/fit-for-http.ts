/**
 * What HTTP cannot carry as a header is put into a part of the body, from where the receiver reads
 * the same message. Only for output: ids and signature bases are made of the form without this.
 */
import { type Binary, toBytes } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { escapeKey, unescapeKey } from '../../message/escape.ts'
import { type HeaderForm, isMultipartForm, withBody } from '../../message/header-form.ts'
import { HeaderList } from '../../message/header-layout.ts'
import { isIdKey } from '../../message/keys.ts'
import type { Part, PlainPart } from '../../message/multipart.ts'

/**
 * The same message in a form whose headers may be sent, and whose parts can be read again.
 * @throws AoError `unencodable` when something can be moved to no part, or a part has a name that
 * would be read as another.
 */
export function fitForHttp(form: HeaderForm): HeaderForm {
  const isFit = form.parts.size === 0 && fitsHeaders(form.headers)
  const fit = isFit ? form : refit(form)
  if (isMultipartForm(fit)) for (const path of fit.parts.keys()) assertPartName(path, fit.inlineKey)
  return fit
}

/** The same for parts of a message that is nested in another one. */
export function fitParts(parts: ReadonlyMap<string, PlainPart>): Map<string, PlainPart> {
  const fit = new Map(parts)
  for (const [path, part] of parts) if (part instanceof Map) moveLines(path, part, fit)
  for (const path of fit.keys()) assertPartName(path, undefined)
  return fit
}

function fitsHeaders({ names, values }: HeaderList): boolean {
  for (let i = 0; i < names.length; i++) if (!isFit(names[i] ?? '', values[i] ?? '')) return false
  return true
}

function isFit(name: string, value: Binary): boolean {
  return isHeaderName(name) && !breaksHeader(value)
}

/** Whether a key can be the name of a header, and is read again as the same key. */
export function isHeaderName(name: string): boolean {
  return isToken(name) && isReadBack(name)
}

/** Whether a value is a header as it is, in any of its encodings: ASCII that prints. */
export function isHeaderText(value: string): boolean {
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return false
  return !NOT_PRINTABLE.test(value)
}

const NOT_PRINTABLE = /[^\t -~]/

function refit(form: HeaderForm): HeaderForm {
  const headers = headersByName(form.headers)
  const parts = new Map<string, Part>(form.parts)
  let isChanged = false
  for (const [name, value] of headers) {
    if (isFit(name, value)) continue
    assertMovable(name, value)
    headers.delete(name)
    parts.set(escapePartName(name), value)
    isChanged = true
  }
  for (const [path, part] of form.parts) {
    if (part instanceof Map && moveLines(path, part, parts)) isChanged = true
  }
  if (isMultipartForm({ ...form, parts })) {
    isChanged = moveEmptyBody(form, headers, parts) || isChanged
    if (!isMultipartForm(form)) moveContentType(headers, parts)
  }
  return isChanged ? withBody(listOf(headers), parts, form.inlineKey) : form
}

function headersByName({ names, values }: HeaderList): Map<string, Binary> {
  const headers = new Map<string, Binary>()
  for (const [index, name] of names.entries()) headers.set(name, values[index] ?? '')
  return headers
}

function listOf(headers: ReadonlyMap<string, Binary>): HeaderList {
  const list = new HeaderList()
  for (const [name, value] of headers) list.add(name, value)
  return list
}

function assertMovable(name: string, value: Binary): void {
  if (name !== 'signature' && name !== 'signature-input' && value.length > 0) return
  throw unencodable('keys that HTTP headers can carry where values are empty or signed', name)
}

/** A part without bytes would be read as an empty map; as a header it stays an empty value. */
function moveEmptyBody(
  { inlineKey }: HeaderForm,
  headers: Map<string, Binary>,
  parts: Map<string, Part>,
): boolean {
  const part = parts.get(inlineKey)
  if (part === undefined || part instanceof Map || (part as Binary).length > 0) return false
  if (!isToken(inlineKey)) throw unencodable('a body key that can be a header', inlineKey)
  parts.delete(inlineKey)
  headers.set(inlineKey, '')
  return true
}

/** Makes room for the boundary; the part is read as the key that it was. */
function moveContentType(headers: Map<string, Binary>, parts: Map<string, Part>): void {
  const contentType = headers.get('content-type')
  if (contentType === undefined || contentType.length === 0) return
  headers.delete('content-type')
  parts.set('content-type', contentType)
}

/** Whether a name is read as the key that it was written for: only those of ids are escaped. */
function isReadBack(name: string): boolean {
  if (!name.includes('%')) return true
  try {
    const key = unescapeKey(name)
    return isIdKey(key) ? escapeKey(key) === name : key === name
  } catch {
    return false
  }
}

/** Readers unescape the keys of the top level, so that any key can name a part there. */
function escapePartName(name: string): string {
  const isEscaped = isReadBack(name)
  let escaped = ''
  for (const byte of toBytes(name)) {
    const isKept = byte === 0x25 ? isEscaped : TOKEN[byte] === 1 || byte === 0x20
    escaped += isKept ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`
  }
  return escaped
}

/** Moves lines of a part that a reader would cut, or not take for a key; says whether it did. */
function moveLines(
  path: string,
  part: ReadonlyMap<string, Binary>,
  parts: { delete(path: string): unknown; set(path: string, part: PlainPart): unknown },
): boolean {
  let kept: Map<string, Binary> | undefined
  for (const [name, value] of part) {
    if (name === 'body' || (isLineName(name) && !includesLineBreak(value))) continue
    if (value.length === 0 || name.includes('/')) {
      throw unencodable('nested keys that a line can carry', path)
    }
    kept ??= new Map(part)
    kept.delete(name)
    parts.set(`${path}/${name}`, value)
  }
  if (kept === undefined) return false
  if (kept.size === 0) parts.delete(path)
  else parts.set(path, kept)
  return true
}

function isLineName(name: string): boolean {
  return name !== 'content-disposition' && !name.includes(': ') && !name.includes('\r\n')
}

function includesLineBreak(value: Binary): boolean {
  return typeof value === 'string'
    ? value.includes('\r\n')
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes('\r\n')
}

function assertPartName(path: string, inlineKey: string | undefined): void {
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
  if (isBlank(codeAt(value, 0)) || isBlank(codeAt(value, last))) return true
  return typeof value === 'string' ? CONTROL.test(value) : value.some(isControl)
}

function codeAt(value: Binary, index: number): number | undefined {
  return typeof value === 'string' ? value.charCodeAt(index) : value[index]
}

function isBlank(code: number | undefined): boolean {
  return code === 0x20 || code === 0x09
}

function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || code === 0x7f
}

/** What `isControl` is, as a class of characters: all but tabs, ASCII that prints, and the rest. */
const CONTROL = /[^\t -~\u0080-\uffff]/

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
