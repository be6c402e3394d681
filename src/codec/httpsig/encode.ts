/** A message to headers and body. */
import { type Binary, toBytes } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { bundledTabm } from '../../message/bundled-tabm.ts'
import { withOnlyKeys } from '../../message/committed.ts'
import { contentDigest, type HeaderForm, headerForm } from '../../message/header-form.ts'
import { layoutOf } from '../../message/header-layout.ts'
import { linkedTabm } from '../../message/id.ts'
import { inlinedMessages } from '../../message/inline-forms.ts'
import { isIdKey, TYPES_KEY } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { type EncodedParts, isBig } from '../../message/multipart.ts'
import type { Tabm, TabmValue } from '../../message/tabm.ts'
import { Atom, Float, isBinary, isInteger, type Value } from '../../message/value.ts'
import { fitForHttp } from './fit-for-http.ts'
import { isBundle, tabmFor } from './rebuilt-base.ts'
import {
  type ComponentsOf,
  componentListsOf,
  createComponentLists,
  formatSignatures,
  type SignatureLabels,
  type TabmOf,
} from './signature-writer.ts'
import type { HttpsigWire } from './wire.ts'

interface EncodeHttpsigOptions {
  /** Sends nested messages inline instead of their ids. Links must have been loaded. Default: false. */
  readonly bundle?: boolean
  /** Default: `hyperbeam`. */
  readonly labels?: SignatureLabels
  /** In a bundle, the parts of the messages that `inlinedMessages` names, by their paths. */
  readonly inlined?: ReadonlyMap<string, EncodedParts>
}

/**
 * The headers, sorted by name, and the body of a message, its commitments as signatures.
 * @throws AoError `unencodable` when something in the message cannot travel over HTTP.
 */
export function encodeHttpsig(message: Message, options: EncodeHttpsigOptions = {}): HttpsigWire {
  const tabms = createTabms(message, options.inlined)
  assertPaths(tabms(options.bundle ?? false))
  return toWire(fitForHttp(formWithSignatures(message, tabms, options)))
}

/**
 * The form as HyperBEAM writes it, whether or not HTTP can carry it: values with line breaks are
 * headers, too.
 */
export function signedForm(message: Message, options: EncodeHttpsigOptions = {}): HeaderForm {
  return formWithSignatures(message, createTabms(message), options)
}

type TabmOfMode = (bundle: boolean) => Tabm

function formWithSignatures(
  message: Message,
  tabms: TabmOfMode,
  options: EncodeHttpsigOptions,
): HeaderForm {
  const form = headerForm(tabms(options.bundle ?? false), options.inlined)
  const componentsOf = createComponentLists(coveredTabms(message, tabms))
  const signatures = formatSignatures(message.commitments.values(), componentsOf, options.labels)
  if (signatures !== undefined) {
    form.headers.add('signature', signatures.signature)
    form.headers.add('signature-input', signatures.signatureInput)
  }
  return form
}

/** What the commitments to a message list, in link mode, as `formatSignatures` needs it. */
export function linkedComponents(message: Message): ComponentsOf {
  return componentListsOf(coveredTabms(message, createTabms(message)))
}

function coveredTabms(message: Message, tabms: TabmOfMode): TabmOf {
  return (commitment) => {
    const { committed } = commitment
    const whole = tabms(isBundle(commitment))
    if (isCoveredAlike(message, whole, committed)) return whole
    return tabmFor(withOnlyKeys(message, committed), commitment)
  }
}

/**
 * Whether the TABM of the whole message has the same headers for these keys as that of the keys
 * alone. Only types can make a difference, which other keys have too, such as the status of a reply:
 * where these keys have none, and where all types together are too long for a header.
 */
function isCoveredAlike(message: Message, tabm: Tabm, committed: readonly string[]): boolean {
  if (!committed.includes(TYPES_KEY)) return true
  const types = tabm.get(TYPES_KEY)
  const isHeader = isBinary(types) && !isBig(types)
  return isHeader && committed.some((key) => isTyped(message.get(key)))
}

function isTyped(value: Value | undefined): boolean {
  return isInteger(value) || value instanceof Atom || value instanceof Float
}

/** Slashes divide the paths of parts, and readers take a percent sign for an escape. */
export function assertPaths(tabm: Tabm, depth = 0): void {
  for (const key of tabm.keys()) {
    const value = tabm.get(key)
    if (value === undefined || (isBinary(value) && !isBig(value))) continue
    const isAmbiguous = key.includes('/') || (depth === 0 && key.includes('%') && !isIdKey(key))
    if (isAmbiguous || key === '') {
      throw new AoError('unencodable', 'Expected no slash or percent sign in the key of a part', {
        key,
      })
    }
    if (value instanceof Message) assertPaths(value, depth + 1)
  }
}

/** Leaves of messages whose parts are made elsewhere what names their content. */
function withoutInlined(tabm: Tabm, message: Message): Tabm {
  const changed = inlinedMessages(message).map(({ key }): [string, TabmValue] => {
    const nested = tabm.get(key)
    const commitments = nested instanceof Message ? nested.get('commitments') : undefined
    return [key, new Message(commitments === undefined ? [] : [['commitments', commitments]])]
  })
  return tabm.with(changed)
}

/** Both modes are often needed: that of the wire, and those of the commitments. */
function createTabms(message: Message, inlined?: ReadonlyMap<string, unknown>): TabmOfMode {
  let linked: Tabm | undefined
  let bundled: Tabm | undefined
  return (bundle) => {
    if (bundle) {
      bundled ??= inlined ? withoutInlined(bundledTabm(message), message) : bundledTabm(message)
      return bundled
    }
    linked ??= linkedTabm(message)
    return linked
  }
}

/** Adds the digest and gives headers and body their final shape. */
export function toWire({ headers, body }: HeaderForm): HttpsigWire {
  if (body !== undefined && body.length > 0) headers.add('content-digest', contentDigest(body))
  const { names, positions } = layoutOf(headers.names)
  const sorted = names.map((name, index): [string, Binary] => {
    return [name, headers.values[positions[index] ?? 0] ?? '']
  })
  return body === undefined ? { headers: sorted } : { headers: sorted, body: toBytes(body) }
}
