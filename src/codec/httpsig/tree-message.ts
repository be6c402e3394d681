/** From the tree that a multipart body makes to messages, with the commitments of nested ones. */
import { type Binary, toText } from '../../base/bytes.ts'
import { AoError, isAoError } from '../../base/errors.ts'
import type { Commitment } from '../../message/commitment.ts'
import { commitmentFromTabm } from '../../message/commitment-map.ts'
import { isPrivateKey } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import type { Tabm, TabmValue } from '../../message/tabm.ts'
import type { Value } from '../../message/value.ts'
import { createCommitmentReader } from './commitment-reader.ts'
import { isRawItem, readRawItem } from './nested-item.ts'
import { isNestedSignature, readNestedCommitment, unpackBody } from './nested-signature.ts'
import { isTreeMap, type TreeMap, type TreeNode } from './part-tree.ts'
import { readSignatures, type SignatureEntry } from './signature-reader.ts'
import { mendLists } from './tolerant-lists.ts'

export interface TreeOptions {
  /** Whether another signer than HyperBEAM wrote the message, so that its habits count. */
  readonly isForeign: boolean
  /** Whether the tree came in a body that a part had of its own: nobody packs twice. */
  readonly isUnpacked?: boolean
}

/** A value of the tree as a message of binaries, lists that have no TABM form already decoded. */
export function treeValue(node: TreeNode, options: TreeOptions): Value {
  return isTreeMap(node) ? treeMessage(node, options) : node
}

function treeMessage(map: TreeMap, options: TreeOptions): Message {
  const nested = new Map<string, Commitment>()
  addNestedCommitments(nested, map, options)
  const commitments = new Map<string, Commitment>()
  const isSigned = !coversSignature(nested) && addPartCommitments(commitments, map)
  for (const [id, commitment] of nested) commitments.set(id, commitment)
  const within = map.packed === undefined ? options : { ...options, isUnpacked: true }
  const entries = new Map<string, Value>(coveredLines(map, commitments))
  map.entries.forEach((node, key) => {
    if (key === 'commitments' || isPrivateKey(key)) return
    if (isSigned && (key === 'signature' || key === 'signature-input')) return
    entries.set(key, treeValue(node, within))
  })
  mendLists(entries, options)
  return Message.owning(entries, commitments)
}

/** Whether somebody signed a message with keys that have the names of signatures. */
function coversSignature(commitments: ReadonlyMap<string, Commitment>): boolean {
  return [...commitments.values()].some(({ committed }) => {
    return committed.includes('signature') || committed.includes('signature-input')
  })
}

/** Commitments in lines of the part itself, as of a whole message. */
function addPartCommitments(commitments: Map<string, Commitment>, { source }: TreeMap): boolean {
  const entries = partSignatures(source)
  if (source === undefined || entries.length === 0) return false
  const { lines, bytes } = source
  const inlineKey = toText(lines.get('ao-body-key') ?? '') || 'body'
  const body = bytes.length > 0 ? bytes : undefined
  const read = createCommitmentReader({
    received: { headers: lines, isMultipart: false, body },
    bodyKeys: body === undefined ? [] : [inlineKey],
    inlineKey,
  })
  for (const entry of entries) {
    const commitment = read(entry)
    if (commitment !== undefined) commitments.set(commitment.id, commitment)
  }
  return true
}

/**
 * What is no signature is a key like others: whoever gives a message such keys must not keep the
 * messages beside it in a page from being read.
 */
function partSignatures(source: TreeMap['source']): SignatureEntry[] {
  try {
    return readSignatures(source?.lines.get('signature'), source?.lines.get('signature-input'))
  } catch (error) {
    if (isAoError(error, 'invalid-encoding', 'limit-exceeded')) return []
    throw error
  }
}

function addNestedCommitments(
  commitments: Map<string, Commitment>,
  map: TreeMap,
  { isUnpacked = false }: TreeOptions,
): void {
  const nested = map.entries.get('commitments')
  if (nested === undefined) return
  if (!isTreeMap(nested)) throw invalid('commitments to be a map')
  const all = [...nested.entries.values()]
  const isByHbsig = all.some((node) => isTreeMap(node) && isNestedSignature(node))
  if (isByHbsig && !isUnpacked) unpackBody(map)
  for (const [id, node] of nested.entries) {
    if (!isTreeMap(node)) throw invalid('a commitment to be a map')
    const commitment = readNested(id, node, map)
    if (commitment !== undefined) commitments.set(commitment.id, commitment)
  }
}

function readNested(id: string, node: TreeMap, map: TreeMap): Commitment | undefined {
  if (isNestedSignature(node)) return readNestedCommitment(id, map)
  return isRawItem(node) ? readRawItem(node, map) : commitmentFromTabm(id, plainTabm(node))
}

/** Lines that describe a part are keys where a commitment of the part covers them. */
function coveredLines(
  { described }: TreeMap,
  commitments: ReadonlyMap<string, Commitment>,
): [string, Binary][] {
  if (commitments.size === 0) return []
  const all = [...commitments.values()]
  return [...described].filter(
    ([key]) => key !== 'content-digest' && all.some(({ committed }) => committed.includes(key)),
  )
}

function plainTabm({ entries }: TreeMap): Tabm {
  const values = new Map<string, TabmValue>()
  entries.forEach((node, key) => {
    values.set(key, isTreeMap(node) ? plainTabm(node) : node)
  })
  return Message.owning(values)
}

function invalid(expected: string): AoError {
  return new AoError('invalid-commitment', `Expected ${expected} in a nested message`)
}
