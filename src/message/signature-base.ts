/**
 * The bytes that an httpsig@1.0 commitment covers, and the two lists of names around it:
 * *components* are what the base has a line for, *committed keys* are keys of the message.
 * Source: HyperBEAM, `dev_codec_httpsig:signature_base` and `dev_codec_httpsig_siginfo`.
 */
import { type Binary, compareText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { escapeKey, unescapeKey } from './escape.ts'
import { contentDigest, splitForm, withBody } from './header-form.ts'
import {
  formatSignedList,
  type HeaderLayout,
  type HeaderList,
  hasHeader,
  layoutAsGiven,
  layoutOf,
} from './header-layout.ts'
import { linkedKey } from './keys.ts'
import { joinBinaries } from './multipart.ts'
import { formatString } from './structured-fields.ts'
import type { Tabm } from './tabm.ts'
import { Atom, isBinary, isInteger, type Value } from './value.ts'

/** What the last line of the base says beside the components. */
export interface SignatureParams {
  readonly type: string
  readonly keyid?: string
  /** `bundle`, `created`, `expires`, `nonce` and `tag` count; all others are not signed. */
  readonly fields?: ReadonlyMap<string, Value>
}

/** What a base says of the message itself: all but the parameters. */
export interface Coverage {
  /** The lines of the components. Text while all values are text. */
  readonly lines: Binary
  /** `("a" "b")`: the components as the last line lists them. */
  readonly signedList: string
  /** The keys of the message that these components cover, in wire order. */
  readonly committed: readonly string[]
}

export interface SignatureBase {
  /** Text while all values are text. */
  readonly base: Binary
  readonly committed: readonly string[]
}

const NO_FIELDS: ReadonlyMap<string, Value> = new Map()
const SIGNED_FIELDS = ['alg', 'bundle', 'created', 'expires', 'keyid', 'nonce', 'tag'] as const

/**
 * The base over some keys of a TABM, which must be in the mode of the commitment: nested maps
 * linked, or, for a bundle, inline. Keys that the TABM does not have are passed over.
 */
export function signatureBase(
  tabm: Tabm,
  keys: readonly string[],
  params: SignatureParams,
): SignatureBase {
  const coverage = coverKeys(tabm, keys)
  return { base: baseOf(coverage, params), committed: coverage.committed }
}

/** The part of `signatureBase` that all commitments to the same keys have in common. */
export function coverKeys(tabm: Tabm, keys: readonly string[]): Coverage {
  const { headers, parts, inlineKey, otherKeys } = splitForm(tabm, keys)
  const { body } = withBody(headers, parts, inlineKey)
  if (body !== undefined) headers.add('content-digest', contentDigest(body))
  const layout = layoutOf(headers.names)
  return {
    lines: formatLines(layout, headers),
    signedList: layout.signedList,
    committed: committedKeys(layout, headers, { tabm, keys, otherKeys }),
  }
}

/** The lines and the list of headers in the order given. */
export function coverHeaders(headers: HeaderList): Omit<Coverage, 'committed'> {
  const layout = layoutAsGiven(headers.names)
  return { lines: formatLines(layout, headers), signedList: layout.signedList }
}

/** The base of a commitment: the lines, and a last one of the list and the parameters. */
export function baseOf(
  { lines, signedList }: Omit<Coverage, 'committed'>,
  params: SignatureParams,
): Binary {
  const lastLine = `\n"@signature-params": ${signedList}${formatFields(params)}`
  return typeof lines === 'string' ? lines + lastLine : joinBinaries([lines, lastLine])
}

/** The lines of headers. Text as long as all values are text: pieces are joined in thrice the time. */
function formatLines({ positions, lineStarts }: HeaderLayout, { values }: HeaderList): Binary {
  let text = ''
  const bytes: Binary[] = []
  for (let i = 0; i < positions.length; i++) {
    const value = values[positions[i] ?? 0] ?? ''
    text += lineStarts[i]
    if (typeof value === 'string') {
      text += value
    } else {
      bytes.push(text, value)
      text = ''
    }
  }
  return bytes.length === 0 ? text : joinBinaries([...bytes, text])
}

interface Covered {
  readonly tabm: Tabm
  readonly keys: readonly string[]
  /** Those of the keys that are no headers. */
  readonly otherKeys: readonly string[]
}

function committedKeys(layout: HeaderLayout, headers: HeaderList, covered: Covered): string[] {
  const { names, isPlain } = layout
  return namesToKeys(isPlain ? names : names.map((name) => keyOfHeader(name, covered)), {
    bodyKeys: bodyKeys(layout, covered.otherKeys),
    aoBodyKey: headerValue('ao-body-key', layout, headers),
    contentType: headerValue('content-type', layout, headers),
  })
}

/** A key may look like the escape of another. */
function keyOfHeader(name: string, { tabm, keys }: Covered): string {
  const isKey = tabm.has(name) && (keys.includes(name) || keys.includes(unlinkKey(name)))
  return isKey ? name : unescapeKey(name)
}

function bodyKeys(layout: HeaderLayout, otherKeys: readonly string[]): readonly string[] {
  const keys = otherKeys.filter((key) => {
    return !hasHeader(layout, key) && !hasHeader(layout, escapeKey(key))
  })
  return keys.length < 2 ? keys : [...new Set(keys)].sort(compareText)
}

function headerValue(
  name: string,
  { names, positions }: HeaderLayout,
  { values }: HeaderList,
): Binary | undefined {
  const at = names.indexOf(name)
  return at < 0 ? undefined : values[positions[at] ?? 0]
}

/** The list of components and the parameters: the value of the last line. */
export function formatParams(components: readonly string[], params: SignatureParams): string {
  return formatSignedList(components) + formatFields(params)
}

function formatFields({ type, keyid, fields = NO_FIELDS }: SignatureParams): string {
  let text = ''
  for (const field of SIGNED_FIELDS) {
    const value = field === 'alg' ? type : field === 'keyid' ? keyid : fields.get(field)
    if (value !== undefined) text += `;${field}=${formatParam(value)}`
  }
  return text
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
  return namesToKeys(
    components.map((component) => unescapeKey(withoutAt(component))),
    context,
  )
}

/** The same of components without `@` and escapes. */
function namesToKeys(names: readonly string[], context: ComponentContext): string[] {
  const inlineKey = names.includes('ao-body-key') ? asText(context.aoBodyKey, 'data') : 'body'
  const isMultipart = asText(context.contentType, '').startsWith('multipart/')
  const keys: string[] = []
  const add = (key: string): void => {
    if (key === 'ao-body-key' || (key === 'content-type' && isMultipart)) return
    // A link under `body` is a header of its own: only a plain `body` stands for the inline key.
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
