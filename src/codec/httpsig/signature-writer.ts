/** Writes the headers `signature` and `signature-input` of a message's commitments. */
import { type Binary, compareText, ownText, toBytes, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { LruMap } from '../../base/lru-map.ts'
import { decodeBase64, encodeBase64, encodeBase64url } from '../../crypto/base64url.ts'
import { sha256Text } from '../../crypto/hash.ts'
import type { Commitment } from '../../message/commitment.ts'
import { headerNames } from '../../message/header-form.ts'
import { layoutOf } from '../../message/header-layout.ts'
import { Message } from '../../message/message.ts'
import { formatParam } from '../../message/signature-base.ts'
import { formatString } from '../../message/structured-fields.ts'
import type { Tabm } from '../../message/tabm.ts'
import { isBinary, isList, type Value } from '../../message/value.ts'
import { ItemWire } from '../ans104/item-wire.ts'
import { isHeaderText } from './fit-for-http.ts'
import { withItemTags } from './item-tags.ts'
import { areCoveredAlike } from './rebuilt-base.ts'

export interface SignatureHeaders {
  readonly signature: string
  readonly signatureInput: string
  /** Whether both are known to be ASCII that prints. */
  readonly isPlain: boolean
}

/** The TABM of the message that is sent, in the mode in which a commitment was made. */
export type TabmOf = (commitment: Commitment) => Tabm

/** What a commitment covers. */
export interface ComponentList {
  /** `("a" "b")`, as `signature-input` lists it. */
  readonly list: string
  /** Whether it is known to be ASCII that prints. */
  readonly isPlain: boolean
}

export type ComponentsOf = (commitment: Commitment) => ComponentList

/**
 * How signatures are labelled: as HyperBEAM does it, by their ids in lower case, or with a hyphen for
 * each underscore, which some parsers do not take in a label.
 */
export type SignatureLabels = 'hyperbeam' | 'hyphenated'

/** Order in which HyperBEAM happens to write these; readers do not depend on it. */
const FIELD_ORDER = [
  'tag',
  'nonce',
  'created',
  'expires',
  'field-target',
  'bundle',
  'bundle-format',
  'field-anchor',
  'original-tags',
  'bundle-version',
  'bundle-map',
]

/** `undefined` for a message without commitments that have a signature. */
export function formatSignatures(
  commitments: Iterable<Commitment>,
  componentsOf: ComponentsOf,
  labels: SignatureLabels = 'hyperbeam',
): SignatureHeaders | undefined {
  const entries: SignatureEntry[] = []
  for (const commitment of commitments) {
    if (commitment.signature === undefined) continue
    entries.push(formatEntry(withItemTags(commitment), componentsOf, labels))
  }
  if (entries.length === 0) return undefined
  if (entries.length > 1) entries.sort((left, right) => compareText(left.label, right.label))
  let signature = ''
  let signatureInput = ''
  let isPlain = true
  for (const entry of entries) {
    const separator = signature === '' ? '' : ', '
    signature += `${separator}${entry.label}=:${entry.base64}:`
    signatureInput += `${separator}${entry.label}=${entry.input}`
    isPlain &&= entry.isPlain
  }
  return { signature, signatureInput, isPlain }
}

interface SignatureEntry {
  readonly label: string
  readonly base64: string
  readonly input: string
  readonly isPlain: boolean
}

function formatEntry(
  commitment: Commitment,
  componentsOf: ComponentsOf,
  labels: SignatureLabels,
): SignatureEntry {
  const signature = signatureBytes(commitment)
  const label = labelOf(commitment, { signature, labels })
  const { list, isPlain } = componentsOf(commitment)
  const signer = signerText(commitment)
  const others = formatOthers(commitment.fields)
  return {
    label,
    base64: encodeBase64(signature),
    input: list + signer.text + others,
    isPlain: isPlain && signer.isPlain && isHeaderText(label) && isHeaderText(others),
  }
}

function signatureBytes({ signature = '', wire }: Commitment): Uint8Array {
  const known = wire instanceof ItemWire ? wire.signatureBytes(signature) : undefined
  return known ?? decodeBase64(signature)
}

/**
 * `comm-` and the hash of the signature, which is the id of all but hmacs. A label only pairs the
 * entries of the two headers; no signature covers it.
 */
function labelOf(
  { id }: Commitment,
  { signature, labels }: { readonly signature: Uint8Array; readonly labels: SignatureLabels },
): string {
  const hash = signature.length === ID_BYTES ? sha256Text(signature) : id
  const label = `comm-${hash.toLowerCase()}`
  return labels === 'hyphenated' && label.includes('_') ? label.replaceAll('_', '-') : label
}

const ID_BYTES = 32

/** Lists of what commitments cover, each made anew. */
export function componentListsOf(tabmOf: TabmOf): ComponentsOf {
  return (commitment) => {
    const { list } = layoutOf(headerNames(tabmOf(commitment), commitment.committed))
    return { list, isPlain: isHeaderText(list) }
  }
}

/**
 * Commitments mostly cover the same keys in the same order, so that each list is made once. For one
 * message only: the last commitment is kept, and with it the item that it came in.
 */
export function createComponentLists(tabmOf: TabmOf): ComponentsOf {
  const listOf = componentListsOf(tabmOf)
  let last: { readonly commitment: Commitment; readonly components: ComponentList } | undefined
  return (commitment) => {
    if (last !== undefined && areCoveredAlike(last.commitment, commitment)) return last.components
    const components = listOf(commitment)
    last = { commitment, components }
    return components
  }
}

/** The parameters that all signatures of one signer have. */
interface SignerText {
  readonly device: string
  readonly type: string
  readonly text: string
  readonly isPlain: boolean
}

/** By keyid: a public key is longer than all else together, and the same ones sign over and over. */
const signerTexts = new LruMap<string, SignerText>(64)
const MAX_KNOWN_LENGTH = 1_024

function signerText({ device, type, keyid }: Commitment): SignerText {
  const known = keyid === undefined ? undefined : signerTexts.get(keyid)
  if (known !== undefined && known.device === device && known.type === type) return known
  const alg = device === 'httpsig@1.0' ? type : type === '' ? device : `${device}/${type}`
  const start = `;alg=${formatString(alg)}`
  const text = keyid === undefined ? start : `${start};keyid=${formatString(keyid)}`
  const made = { device: ownText(device), type: ownText(type), text, isPlain: isHeaderText(text) }
  if (keyid !== undefined && text.length <= MAX_KNOWN_LENGTH) signerTexts.set(ownText(keyid), made)
  return made
}

function formatOthers(fields: Commitment['fields']): string {
  let text = ''
  for (const name of fieldNames(fields)) {
    const value = fields.get(name)
    if (value !== undefined) text += `;${name}=${formatField(value)}`
  }
  return text
}

/** Most commitments have one field at most. */
function fieldNames(fields: Commitment['fields']): Iterable<string> {
  if (fields.size < 2) return fields.keys()
  const others = [...fields.keys()].filter((name) => !FIELD_ORDER.includes(name)).sort(compareText)
  return [...FIELD_ORDER, ...others]
}

function formatField(value: Value): string {
  if (isList(value)) return formatString(value.map(itemText).join(', '))
  return value instanceof Message ? formatString(formatTags(value)) : formatParam(value)
}

function itemText(item: Value): string {
  const text = isBinary(item) ? toText(item) : undefined
  if (text === undefined) throw unencodable('texts in the list')
  return text
}

/** A map numbered from 1 of names and values: `1:Name:b64u(value), 2:..`. */
function formatTags(tags: Message): string {
  const pieces: string[] = []
  for (let number = 1; number <= tags.size; number++) {
    const tag = tags.get(`${number}`)
    const name = tag instanceof Message ? tag.get('name') : undefined
    const value = tag instanceof Message ? tag.get('value') : undefined
    if (!isBinary(name) || !isBinary(value)) throw unencodable('a numbered map of names and values')
    pieces.push(`${number}:${tagName(name)}:${encodeBase64url(toBytes(value))}`)
  }
  return pieces.join(', ')
}

/** Nothing of a name is escaped, so that some names would be read as something else. */
function tagName(name: Binary): string {
  const text = toText(name)
  if (text === undefined || text.includes(':') || text.includes(', ')) {
    throw unencodable('tag names without a colon or comma; send the message nested or as an item')
  }
  return text
}

function unencodable(expected: string): AoError {
  return new AoError('unencodable', `Expected ${expected} in a field of a commitment`)
}
