/**
 * The bytes that an httpsig@1.0 commitment covers, and the two lists of names around it:
 * *components* are what the base has a line for, *committed keys* are keys of the message.
 * Source: HyperBEAM, `dev_codec_httpsig:signature_base` and `dev_codec_httpsig_siginfo`.
 */
import { type Binary, compareText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { escapeKey, unescapeKey } from './escape.ts'
import { contentDigest, type HeaderForm, headerForm } from './header-form.ts'
import { LINK_SUFFIX, linkedKey } from './keys.ts'
import { Message } from './message.ts'
import { joinBinaries } from './multipart.ts'
import { formatString } from './structured-fields.ts'
import type { Tabm, TabmValue } from './tabm.ts'
import { Atom, isBinary, isInteger, type Value } from './value.ts'

/** What the last line of the base says beside the components. */
export interface SignatureParams {
  readonly type: string
  readonly keyid?: string
  /** `bundle`, `created`, `expires`, `nonce` and `tag` count; all others are not signed. */
  readonly fields?: ReadonlyMap<string, Value>
}

export interface SignatureBase {
  /** Text while all values are text. */
  readonly base: Binary
  /** Header names in order of the lines, without `@`. */
  readonly components: readonly string[]
  /** The keys of the message that these components cover, in wire order. */
  readonly committed: readonly string[]
}

const NO_FIELDS: ReadonlyMap<string, Value> = new Map()
const SIGNED_FIELDS = ['alg', 'bundle', 'created', 'expires', 'keyid', 'nonce', 'tag'] as const
const DERIVED = new Set([
  'method',
  'target-uri',
  'authority',
  'scheme',
  'request-target',
  'path',
  'query',
  'query-param',
])

/**
 * The base over some keys of a TABM, which must be in the mode of the commitment: nested maps
 * linked, or, for a bundle, inline. Keys that the TABM does not have are passed over.
 */
export function signatureBase(
  tabm: Tabm,
  keys: Iterable<string>,
  params: SignatureParams,
): SignatureBase {
  const selected = selectKeys(tabm, keys)
  const form = headerForm(selected)
  const headers = digestedHeaders(form)
  const components = [...headers.keys()].sort(compareText)
  const bodyKeys = [...selected.keys()].filter((key) => !isHeader(headers, key)).sort(compareText)
  return {
    base: formatBase(components, headers, params),
    components,
    committed: componentsToKeys(components, {
      bodyKeys,
      aoBodyKey: headers.get('ao-body-key'),
      contentType: headers.get('content-type'),
      keyOf: (name) => (headers.has(name) && selected.has(name) ? name : unescapeKey(name)),
    }),
  }
}

/** Takes each key as it is or as a link; a key that is neither is left out. */
export function selectKeys(tabm: Tabm, keys: Iterable<string>): Tabm {
  const entries = new Map<string, TabmValue>()
  for (const key of keys) {
    const name = tabm.has(key) ? key : key + LINK_SUFFIX
    const value = tabm.get(name)
    if (value !== undefined) entries.set(name, value)
  }
  return Message.owning(entries)
}

/** The headers of a form, its body replaced by the digest. */
export function digestedHeaders(form: HeaderForm): Map<string, Binary> {
  if (form.body !== undefined) form.headers.set('content-digest', contentDigest(form.body))
  return form.headers
}

function isHeader(headers: ReadonlyMap<string, Binary>, key: string): boolean {
  return headers.has(key) || headers.has(escapeKey(key))
}

/** One line for each component, in the order given, and the line of the parameters. */
export function formatBase(
  components: readonly string[],
  headers: ReadonlyMap<string, Binary>,
  params: SignatureParams,
): Binary {
  const lastLine = `\n"@signature-params": ${formatParams(components, params)}`
  const lines = formatLines(components, headers)
  return typeof lines === 'string' ? lines + lastLine : joinBinaries([lines, lastLine])
}

/** Text as long as all values are text: to add it up takes a third of the time of joining pieces. */
function formatLines(components: readonly string[], headers: ReadonlyMap<string, Binary>): Binary {
  let text = ''
  const bytes: Binary[] = []
  for (const name of components) {
    const value = headers.get(name) ?? ''
    text += `${text === '' && bytes.length === 0 ? '' : '\n'}"${name}": `
    if (typeof value === 'string') {
      text += value
    } else {
      bytes.push(text, value)
      text = ''
    }
  }
  return bytes.length === 0 ? text : joinBinaries([...bytes, text])
}

/** The list of components and the parameters: the value of the last line. */
export function formatParams(components: readonly string[], params: SignatureParams): string {
  let text = '('
  for (const component of components) {
    const name = withoutAt(component)
    if (text.length > 1) text += ' '
    text += formatString(DERIVED.has(name) ? `@${name}` : name)
  }
  text += ')'
  for (const field of SIGNED_FIELDS) {
    const value = paramValue(field, params)
    if (value !== undefined) text += `;${field}=${formatParam(value)}`
  }
  return text
}

function paramValue(field: string, params: SignatureParams): Value | undefined {
  if (field === 'alg') return params.type
  if (field === 'keyid') return params.keyid
  return (params.fields ?? NO_FIELDS).get(field)
}

/**
 * A parameter of a commitment as it is signed: integers bare, all else quoted.
 * @throws AoError `invalid-commitment` for a value that no parameter can hold.
 */
export function formatParam(value: Value): string {
  if (isInteger(value)) return String(value)
  if (value instanceof Atom) return formatString(value.name)
  if (isBinary(value) && typeof value === 'string') return formatString(value)
  throw new AoError('invalid-commitment', 'Expected text or an integer as field of a commitment')
}

export interface ComponentContext {
  /** The keys that stand for `content-digest`. */
  readonly bodyKeys: readonly string[]
  readonly aoBodyKey: Binary | undefined
  readonly contentType: Binary | undefined
  /** The key that a component is the header of. By default its name without `@`, unescaped. */
  readonly keyOf?: (component: string) => string
}

/**
 * The keys of a message that a list of components covers. As in HyperBEAM, a key is named twice
 * whose link is a component and which came as a part, too.
 * @throws AoError `invalid-encoding` for a component that cannot be unescaped.
 */
export function componentsToKeys(
  components: readonly string[],
  context: ComponentContext,
): string[] {
  const names = components.map(context.keyOf ?? ((name) => unescapeKey(withoutAt(name))))
  const inlineKey = names.includes('ao-body-key') ? asText(context.aoBodyKey, 'data') : 'body'
  const isMultipart = asText(context.contentType, '').startsWith('multipart/')
  const keys: string[] = []
  // A link under `body` is a header of its own: only a plain `body` stands for the inline key.
  const add = (key: string): void => {
    if (key === 'ao-body-key' || (key === 'content-type' && isMultipart)) return
    keys.push(key === 'body' ? inlineKey : unlinkKey(key))
  }
  for (const name of names) {
    if (name === 'content-digest') context.bodyKeys.forEach(add)
    else add(name)
  }
  return keys
}

function withoutAt(component: string): string {
  return component.startsWith('@') ? component.slice(1) : component
}

function asText(value: Binary | undefined, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}

/** The key of a message that a TABM key stands for. */
export function unlinkKey(key: string): string {
  return linkedKey(key) ?? key
}
