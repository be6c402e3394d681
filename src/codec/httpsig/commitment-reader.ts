/** A commitment of each entry in `signature` and `signature-input`, as a message keeps it. */
import { type Binary, toBinary } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { decodeBase64, encodeBase64url, isBase64 } from '../../crypto/base64url.ts'
import type { Commitment } from '../../message/commitment.ts'
import { idOfSignature } from '../../message/commitment-map.ts'
import { unescapeKey } from '../../message/escape.ts'
import { LINK_SUFFIX } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { componentsToKeys } from '../../message/signature-base.ts'
import type { BareItem } from '../../message/structured-fields.ts'
import { Atom, Float, type Value } from '../../message/value.ts'
import { algorithmOfType, committerOf, HMAC_TYPE, publicKeyid } from './keyid.ts'
import {
  createNativeBase,
  foreignBase,
  type NativeBase,
  plainName,
  type Received,
} from './received.ts'
import { isNative, parameterText, type SignatureEntry } from './signature-reader.ts'

const HTTPSIG = 'httpsig@1.0'
const NOT_FIELDS = new Set(['alg', 'keyid', 'committed', 'signature', 'type', 'commitment-device'])

/** What the signatures of a message are about. */
export interface SignedContent {
  readonly received: Received
  /** The keys that stand for the body. */
  readonly bodyKeys: readonly string[]
  /** The key that a body without parts belongs to. */
  readonly inlineKey: string
  /** The keys that stand for `ao-ids`. */
  readonly groupedKeys?: readonly string[]
}

/**
 * Reads the commitments of the entries of one message, with the base of what was received where
 * there is one. They are not verified. `undefined` for a foreign entry without an algorithm and a key
 * that are known here: a proxy may have signed it. The reader throws AoError `invalid-encoding` for
 * an entry without `alg`, `invalid-signature` for a body that is not the signed one.
 */
export function createCommitmentReader(
  content: SignedContent,
): (entry: SignatureEntry) => Commitment | undefined {
  const nativeBase = createNativeBase(content.received)
  return (entry) =>
    isNative(entry) ? readNative(entry, content, nativeBase) : readForeign(entry, content)
}

function readNative(
  entry: SignatureEntry,
  content: SignedContent,
  nativeBase: NativeBase,
): Commitment {
  const { device, type } = readAlgorithm(parameterText(entry.parameters.get('alg')))
  const fields = readFields(entry)
  const commitment = identified(entry, {
    device,
    type,
    keyid: parameterText(entry.parameters.get('keyid')),
    committed: nativeKeys(entry.components, content, fields.get('bundle') === 'true'),
    fields,
  })
  return withWire(
    commitment,
    device === HTTPSIG ? nativeBase(entry.components, commitment) : undefined,
  )
}

/**
 * The keys behind components. A bundle signs a body of nested messages; when these came as links
 * instead, the links that are no component stand for it. A signed `content-type` that came as a part
 * had to give its header to the boundary.
 */
function nativeKeys(
  components: readonly string[],
  { received, bodyKeys }: SignedContent,
  isBundle: boolean,
): string[] {
  const { headers } = received
  const links = isBundle
    ? [...headers.keys()].filter((name) => name.endsWith(LINK_SUFFIX) && !components.includes(name))
    : []
  const isPart = !isBundle && bodyKeys.includes('content-type')
  const contentType = links.length > 0 ? 'multipart/form-data' : headers.get('content-type')
  return componentsToKeys(components, {
    bodyKeys: [...bodyKeys, ...links.map(unescapeKey)],
    aoBodyKey: headers.get('ao-body-key'),
    contentType: isPart ? undefined : contentType,
  })
}

/** `device@1.0/type`, or only the type for httpsig@1.0. */
function readAlgorithm(alg: string | undefined): { device: string; type: string } {
  if (alg === undefined) {
    throw new AoError('invalid-encoding', 'Expected alg in each entry of signature-input')
  }
  const at = alg.indexOf('@')
  if (at < 0) return { device: HTTPSIG, type: alg }
  const slash = alg.indexOf('/', at)
  return slash < 0
    ? { device: alg, type: '' }
    : { device: alg.slice(0, slash), type: alg.slice(slash + 1) }
}

interface Described extends Pick<Commitment, 'device' | 'type' | 'committed' | 'fields'> {
  readonly keyid: string | undefined
}

type Draft = { -readonly [Member in keyof Commitment]: Commitment[Member] }

/** With the members that follow from key and signature: nothing that a sender says of them counts. */
function identified({ signature }: SignatureEntry, described: Described): Draft {
  const { device, type, committed, fields, keyid } = described
  const commitment: Draft = {
    id: idOfSignature(signature),
    device,
    type,
    committed,
    signature: encodeBase64url(signature),
    fields,
  }
  if (keyid === undefined) return commitment
  commitment.keyid = keyid
  const committer = committerOf(keyid, type)
  if (committer !== undefined) commitment.committer = committer
  return commitment
}

function withWire(commitment: Draft, base: Binary | undefined): Commitment {
  if (base !== undefined) commitment.wire = { kind: 'httpsig', base }
  return commitment
}

function readForeign(entry: SignatureEntry, content: SignedContent): Commitment | undefined {
  const type = parameterText(entry.parameters.get('alg'))
  const written = parameterText(entry.parameters.get('keyid'))
  if (type === undefined || written === undefined) return undefined
  const keyid = normalKeyid(written, type)
  if (keyid === undefined) return undefined
  const committed = foreignKeys(entry.components, content)
  const described = { device: HTTPSIG, type, keyid, committed, fields: readFields(entry) }
  return withWire(identified(entry, described), foreignBase(content.received, entry))
}

/** Other signers give the bare public key. Names of keys mean nothing here. */
function normalKeyid(keyid: string, type: string): string | undefined {
  if (type === HMAC_TYPE) return keyid
  if (algorithmOfType(type) === undefined) return undefined
  if (keyid.includes(':')) return keyid
  return isBase64(keyid) ? publicKeyid(decodeBase64(keyid)) : undefined
}

/**
 * The keys that a foreign signature covers. What it derives from the connection is no key of the
 * message, except path and method, which the message gets from the request.
 */
function foreignKeys(components: readonly string[], content: SignedContent): string[] {
  const { received, bodyKeys, inlineKey, groupedKeys = [] } = content
  const isKey = (component: string): boolean =>
    plainName(component) === component ||
    received.headers.has(plainName(component)) ||
    component === '@path' ||
    component === '@method'
  const names = components
    .filter(isKey)
    .map((name) => (name === 'inline-body-key' ? 'ao-body-key' : name))
  const keys = componentsToKeys(names, {
    bodyKeys,
    aoBodyKey: inlineKey,
    contentType: received.headers.get('content-type'),
  })
  return keys.flatMap((key) => (key === 'ao-ids' ? groupedKeys : [key]))
}

function readFields({ parameters }: SignatureEntry): Commitment['fields'] {
  let fields: Map<string, Value> | undefined
  for (const [name, bare] of parameters) {
    if (NOT_FIELDS.has(name) || name === 'committer') continue
    fields ??= new Map()
    fields.set(name, name === 'original-tags' ? readTags(bare) : fieldValue(bare))
  }
  return fields ?? NO_FIELDS
}

const NO_FIELDS: Commitment['fields'] = new Map()

function fieldValue(bare: BareItem): Value {
  switch (bare.kind) {
    case 'bytes':
      return encodeBase64url(bare.value)
    case 'boolean':
      return bare.value ? Atom.true : Atom.false
    case 'decimal':
      return new Float(bare.value)
    case 'string':
    case 'token':
    case 'integer':
      return bare.value
  }
}

/** `1:Name:b64u(value), 2:..` as a numbered map of names and values. */
function readTags(bare: BareItem): Message {
  const tags: [string, Message][] = []
  for (const piece of (parameterText(bare) ?? '').split(', ')) {
    const [number, name, value, rest] = piece.split(':')
    if (number === undefined || name === undefined || value === undefined || rest !== undefined) {
      throw new AoError('invalid-encoding', 'Expected original-tags as number:name:value')
    }
    const tag: [string, Value][] = [
      ['name', name],
      ['value', toBinary(decodeBase64(value))],
    ]
    tags.push([number, new Message(tag)])
  }
  return new Message(tags)
}
