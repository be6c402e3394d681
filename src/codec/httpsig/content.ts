/** Headers and body to the keys and values of a message, its signatures aside. */
import { type Binary, toBinary, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { decodeTabm } from '../../message/decode-tabm.ts'
import { unescapeKey } from '../../message/escape.ts'
import { isPrivateKey } from '../../message/keys.ts'
import { Message } from '../../message/message.ts'
import { parseDictionary } from '../../message/structured-fields.ts'
import { isList, type Value } from '../../message/value.ts'
import { readParameter } from './media-type.ts'
import { type PartLimits, readParts } from './multipart-reader.ts'
import { assembleParts, type BodyTree, treeMap } from './part-tree.ts'
import { mendLists } from './tolerant-lists.ts'
import { treeValue } from './tree-message.ts'

export interface Content {
  /** All keys, whether a signature covers them or not. Nested messages have their commitments. */
  readonly message: Message
  /** The keys that came in the body, in the order of its parts. */
  readonly bodyKeys: readonly string[]
  readonly inlineKey: string
  readonly isMultipart: boolean
  /** The keys that came in the header `ao-ids`. */
  readonly groupedKeys: readonly string[]
}

export interface ContentOptions {
  /** Whether another signer than HyperBEAM wrote the message, so that its habits count. */
  readonly isForeign: boolean
  /** Of the parts of the body; default: those of replies. */
  readonly partLimits?: PartLimits
}

const NEVER_KEYS = new Set(['signature', 'signature-input', 'commitments', 'content-digest'])
/** Headers of other signers that say how keys and body are to be read. */
const FOREIGN_HEADERS = new Set(['inline-body-key', 'body-keys', 'ao-ids'])

/**
 * Takes a body apart and merges it with the headers; of equal keys the body's counts.
 * @throws AoError `invalid-encoding` for a body, an escape or a typed value that cannot be read.
 */
export function readContent(
  headers: ReadonlyMap<string, Binary>,
  body: Uint8Array | undefined,
  options: ContentOptions,
): Content {
  const inlineKey = readInlineKey(headers, options)
  const boundary = body === undefined ? undefined : readBoundary(headers)
  const { partLimits } = options
  const tree = readBody(body, boundary, { inlineKey, partLimits })
  const entries = new Map<string, Value>()
  for (const [name, value] of headers) {
    if (!isDropped(name, value, options)) addKey(entries, name, value)
  }
  for (const [name, node] of tree.root.entries) {
    if (name !== 'commitments') addKey(entries, name, treeValue(node, options))
  }
  const grouped = options.isForeign ? readGrouped(headers.get('ao-ids')) : []
  for (const [key, value] of grouped) entries.set(key, value)
  mendLists(entries, options)
  const message = decodeTabm(Message.owning(entries))
  if (isList(message)) throw new AoError('invalid-encoding', 'Expected a map, got a list')
  const bodyKeys = tree.keys.map(unescapeKey)
  const groupedKeys = grouped.map(([key]) => key)
  return { message, bodyKeys, inlineKey, groupedKeys, isMultipart: boundary !== undefined }
}

/** Other generations of HyperBEAM put ids that are keys into one header, which keeps their capitals. */
function readGrouped(header: Binary | undefined): [string, string][] {
  const text = header === undefined ? undefined : toText(header)
  if (text === undefined) return []
  const grouped: [string, string][] = []
  for (const [key, member] of parseDictionary(text)) {
    if (member.kind !== 'item' || member.bare.kind !== 'string') {
      throw new AoError('invalid-encoding', 'Expected strings in ao-ids')
    }
    grouped.push([key, member.bare.value])
  }
  return grouped
}

function readInlineKey(headers: ReadonlyMap<string, Binary>, options: ContentOptions): string {
  const foreign = options.isForeign ? headers.get('inline-body-key') : undefined
  const named = headers.get('ao-body-key') ?? foreign
  return (named === undefined ? undefined : toText(named)) || 'body'
}

function readBoundary(headers: ReadonlyMap<string, Binary>): string | undefined {
  const contentType = headers.get('content-type')
  const text = contentType === undefined ? undefined : toText(contentType)
  return text === undefined ? undefined : readParameter(text, 'boundary')
}

function readBody(
  body: Uint8Array | undefined,
  boundary: string | undefined,
  { inlineKey, partLimits }: BodyOptions,
): BodyTree {
  if (body === undefined) return { root: treeMap(), keys: [] }
  if (boundary === undefined) {
    return { root: treeMap([[inlineKey, toBinary(body)]]), keys: [inlineKey] }
  }
  return assembleParts(readParts(body, boundary, partLimits), inlineKey, partLimits?.parts)
}

interface BodyOptions {
  readonly inlineKey: string
  readonly partLimits: PartLimits | undefined
}

function isDropped(name: string, value: Binary, { isForeign }: ContentOptions): boolean {
  if (NEVER_KEYS.has(name) || name === 'ao-body-key') return true
  if (name === 'content-type') return (toText(value) ?? '').startsWith('multipart/')
  return isForeign && FOREIGN_HEADERS.has(name)
}

function addKey(entries: Map<string, Value>, name: string, value: Value): void {
  const key = unescapeKey(name)
  if (!isPrivateKey(key)) entries.set(key, value)
}
