/** Writes the headers `signature` and `signature-input` of a message's commitments. */
import { type Binary, compareText, toBytes, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
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
import { withItemTags } from './item-tags.ts'
import { areCoveredAlike } from './rebuilt-base.ts'

export interface SignatureHeaders {
  readonly signature: string
  readonly signatureInput: string
}

/** The TABM of the message that is sent, in the mode in which a commitment was made. */
export type TabmOf = (commitment: Commitment) => Tabm

/** `("a" "b")`: what a commitment covers, as `signature-input` lists it. */
export type ComponentsOf = (commitment: Commitment) => string

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
  const entries: { label: string; signature: string; input: string }[] = []
  for (const given of commitments) {
    if (given.signature === undefined) continue
    const commitment = withItemTags(given)
    const signature = decodeBase64(given.signature)
    const label = labelOf(commitment, { signature, labels })
    const input = `${label}=${componentsOf(commitment)}${formatFields(commitment)}`
    entries.push({ label, signature: `${label}=:${encodeBase64(signature)}:`, input })
  }
  if (entries.length === 0) return undefined
  entries.sort((left, right) => compareText(left.label, right.label))
  return {
    signature: entries.map(({ signature }) => signature).join(', '),
    signatureInput: entries.map(({ input }) => input).join(', '),
  }
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
  return labels === 'hyphenated' ? label.replaceAll('_', '-') : label
}

const ID_BYTES = 32

/** Commitments mostly cover the same keys in the same order, so that each list is made once. */
export function createComponentLists(tabmOf: TabmOf): ComponentsOf {
  let last: { readonly commitment: Commitment; readonly list: string } | undefined
  return (commitment) => {
    if (last !== undefined && areCoveredAlike(last.commitment, commitment)) return last.list
    const { list } = layoutOf(headerNames(tabmOf(commitment), commitment.committed))
    last = { commitment, list }
    return list
  }
}

function formatFields({ device, type, keyid, fields }: Commitment): string {
  const alg = device === 'httpsig@1.0' ? type : type === '' ? device : `${device}/${type}`
  let text = `;alg=${formatString(alg)}`
  if (keyid !== undefined) text += `;keyid=${formatString(keyid)}`
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
