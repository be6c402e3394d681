/**
 * Commitments of nested data items as HyperBEAM wrote them before September 2025 and its main branch
 * still does: owner and signature raw, no list of keys, since an item covers all.
 */
import { type Binary, toBytes } from '../../base/bytes.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { sha256Text } from '../../crypto/hash.ts'
import type { Commitment } from '../../message/commitment.ts'
import { idOfSignature } from '../../message/commitment-map.ts'
import { Message } from '../../message/message.ts'
import { unlinkKey } from '../../message/signature-base.ts'
import type { Value } from '../../message/value.ts'
import { isTreeMap, type TreeMap } from './part-tree.ts'

/** Whether a commitment has the form described above. */
export function isRawItem({ entries }: TreeMap): boolean {
  return !entries.has('type') && entries.get('alg') === 'rsa-pss' && entries.has('owner')
}

/**
 * The commitment in the form of today. `undefined` when owner or signature is no binary; bytes that
 * hold a line break arrive cut, and make a commitment that does not hold.
 */
export function readRawItem(fields: TreeMap, map: TreeMap): Commitment | undefined {
  const owner = fields.entries.get('owner')
  const signature = fields.entries.get('signature')
  const tags = fields.entries.get('original-tags')
  if (!isBinaryNode(owner) || !isBinaryNode(signature)) return undefined
  const publicKey = toBytes(owner)
  const bytes = toBytes(signature)
  const keys = [...map.entries.keys()].filter((key) => key !== 'commitments')
  return {
    id: idOfSignature(bytes),
    device: 'ans104@1.0',
    type: 'rsa-pss-sha256',
    committed: keys.map(unlinkKey).sort(),
    keyid: `publickey:${encodeBase64url(publicKey)}`,
    committer: sha256Text(publicKey),
    signature: encodeBase64url(bytes),
    fields: new Map<string, Value>([
      ['bundle', 'false'],
      ...(isTreeMap(tags) ? [['original-tags', plainMessage(tags)] as const] : []),
    ]),
  }
}

function isBinaryNode(node: Binary | TreeMap | undefined): node is Binary {
  return node !== undefined && !isTreeMap(node)
}

function plainMessage(map: TreeMap): Message {
  const entries: [string, Value][] = []
  for (const [key, node] of map.entries) {
    entries.push([key, isTreeMap(node) ? plainMessage(node) : node])
  }
  return new Message(entries)
}
