/**
 * Commitments of nested messages as hbsig writes them: a whole `signature` and `signature-input` in
 * place of fields, over the values of the message around it, under an id in lower case.
 */
import { type Binary, equalBinary, toBytes, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import type { Commitment } from '../../message/commitment.ts'
import { contentDigest } from '../../message/header-form.ts'
import { createCommitmentReader, type SignedContent } from './commitment-reader.ts'
import { HMAC_TYPE } from './keyid.ts'
import { readParameter } from './media-type.ts'
import { readParts } from './multipart-reader.ts'
import { assembleParts, isTreeMap, type TreeMap } from './part-tree.ts'
import { readSignatures } from './signature-reader.ts'

/**
 * Takes the body of a map apart where it is a multipart body of its own: hbsig encodes a message with
 * nested ones before it signs it, and sends it in a part as it is.
 * @throws AoError `invalid-encoding` for a body that its boundary does not divide.
 */
export function unpackBody(map: TreeMap): void {
  const body = binaryEntry(map, 'body')
  const type = toText(map.described.get('content-type') ?? '') ?? ''
  const boundary = readParameter(type, 'boundary')
  if (body === undefined || boundary === undefined || !type.startsWith('multipart/')) return
  const bytes = toBytes(body)
  const { root, keys } = assembleParts(readParts(bytes, boundary), 'body')
  map.packed = { bytes, keys }
  map.entries.delete('body')
  for (const [key, node] of root.entries) if (key !== 'commitments') map.entries.set(key, node)
}

/** Whether a commitment has the form described above. */
export function isNestedSignature(commitment: TreeMap): boolean {
  return commitment.entries.has('signature-input')
}

/**
 * The commitment under an id of a map's commitments, with the id that its signature gives it: the
 * one written is in lower case, or another. `undefined` for the second entry that hbsig writes: a
 * copy of the signature called an hmac.
 * @throws AoError `invalid-commitment` for anything but one signature.
 */
export function readNestedCommitment(id: string, map: TreeMap): Commitment | undefined {
  const siblings = map.entries.get('commitments')
  const fields = isTreeMap(siblings) ? siblings.entries.get(id) : undefined
  if (!isTreeMap(siblings) || !isTreeMap(fields) || isCopy(fields, siblings)) return undefined
  const [entry, ...others] = readSignatures(
    binaryEntry(fields, 'signature'),
    binaryEntry(fields, 'signature-input'),
  )
  if (entry === undefined || others.length > 0) throw invalid('one signature', id)
  const commitment = createCommitmentReader(signedContent(map))(entry)
  if (map.packed === undefined || commitment?.wire?.kind !== 'httpsig') return commitment
  return { ...commitment, wire: { ...commitment.wire, body: map.packed.bytes } }
}

function isCopy(fields: TreeMap, siblings: TreeMap): boolean {
  const signature = binaryEntry(fields, 'signature')
  if (signature === undefined || binaryEntry(fields, 'alg') !== HMAC_TYPE) return false
  for (const other of siblings.entries.values()) {
    if (other === fields || !isTreeMap(other)) continue
    const known = binaryEntry(other, 'signature')
    if (known !== undefined && equalBinary(known, signature)) return true
  }
  return false
}

/**
 * The map as the message that was signed: hbsig signs the key of the body and a digest of its value,
 * and sends neither.
 */
function signedContent(map: TreeMap): SignedContent {
  const headers = new Map<string, Binary>(map.described)
  for (const [key, node] of map.entries) if (!isTreeMap(node)) headers.set(key, node)
  const named = headers.get('inline-body-key')
  const hasBody = map.entries.has('body') || map.packed !== undefined
  const inlineKey = typeof named === 'string' ? named : hasBody ? 'body' : 'data'
  const body = map.packed?.bytes ?? headers.get(inlineKey)
  headers.set('inline-body-key', inlineKey)
  headers.delete('content-digest')
  if (body !== undefined) headers.set('content-digest', contentDigest(body))
  const isMultipart = map.packed !== undefined
  return {
    received: { headers, isMultipart, body },
    bodyKeys: map.packed?.keys ?? (body === undefined ? [] : [inlineKey]),
    inlineKey,
  }
}

function binaryEntry({ entries }: TreeMap, key: string): Binary | undefined {
  const node = entries.get(key)
  return isTreeMap(node) ? undefined : node
}

function invalid(expected: string, id: string): AoError {
  return new AoError('invalid-commitment', `Expected ${expected} in a nested commitment`, { id })
}
