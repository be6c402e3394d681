/** The tree of values that the parts of a multipart body make, before commitments are read from it. */
import { type Binary, compareText, toBinary, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { TYPES_KEY } from '../../message/keys.ts'
import { assertNestedCount, splitPath } from '../../message/value-limit.ts'
import type { RawPart } from './multipart-reader.ts'

export type TreeNode = Binary | TreeMap

export interface TreeMap {
  readonly entries: Map<string, TreeNode>
  /** Lines that describe the part and are no keys, unless a commitment of the part covers them. */
  readonly described: Map<string, Binary>
  /** What the part said as a message of its own: a signature may stand among its lines. */
  source?: PartSource
  /** The multipart body that some of the entries came in, when the part had one of its own. */
  packed?: PackedBody
}

export interface PackedBody {
  readonly bytes: Uint8Array
  /** The keys that came in it, in the order of its parts. */
  readonly keys: readonly string[]
}

export interface PartSource {
  readonly lines: ReadonlyMap<string, Binary>
  readonly bytes: Uint8Array
}

/** Lines that describe a part rather than name a key of its map. */
const DESCRIBING = ['content-disposition', 'content-type', 'ao-body-key', 'content-digest']

/** The body of a message: its values by their first key, and these keys in order of the parts. */
export interface BodyTree {
  readonly root: TreeMap
  readonly keys: readonly string[]
}

/** Maps that only paths bring about; a full page of a schedule has far fewer. */
const MAX_PATH_MAPS = 131_072

/**
 * Puts each part at its path; the inline part belongs to `inlineKey`. Maps under the same path are
 * merged, of other values the last counts.
 * @throws AoError `invalid-encoding` for a part below a value that is no map, or without a path,
 * `limit-exceeded` when paths bring about more maps than `limit`.
 */
export function assembleParts(
  parts: readonly RawPart[],
  inlineKey: string,
  limit = MAX_PATH_MAPS,
): BodyTree {
  const root = treeMap()
  const keys = new Set<string>()
  const placed: { name: string; path: readonly string[]; node: TreeNode }[] = []
  const bare = new Map<string, RawPart>()
  for (const part of parts) {
    const name = part.name ?? inlineKey
    const path = splitPath(name)
    const [first] = path
    if (first === undefined) throw invalid('a part with a name that is a path')
    keys.add(first)
    const node = partValue(part)
    if (!isTreeMap(node)) bare.set(path.join('/'), part)
    placed.push({ name, path, node })
  }
  placed.sort((left, right) => compareText(left.name, right.name))
  const counted = { maps: 0, limit }
  for (const { path, node } of placed) place(root, { path, node, counted, bare })
  return { root, keys: [...keys] }
}

export function treeMap(entries?: Iterable<readonly [string, TreeNode]>): TreeMap {
  return { entries: new Map(entries), described: new Map() }
}

export function isTreeMap(node: TreeNode | undefined): node is TreeMap {
  return typeof node === 'object' && !(node instanceof Uint8Array)
}

/**
 * @NOTE HyperBEAM puts the bytes of a map under `data` when it has a line `data`, and loses them
 * under `body`. They are always the `body` here, as they were when they were written, or the key
 * that the part names.
 */
function partValue({ lines, bytes }: RawPart): TreeNode {
  const map = treeMap()
  let hasKeys = false
  lines.forEach((value, key) => {
    if (DESCRIBING.includes(key)) {
      map.described.set(key, value)
    } else {
      map.entries.set(key, value)
      hasKeys ||= key !== TYPES_KEY
    }
  })
  const types = lines.get(TYPES_KEY)
  if (bytes.length === 0) {
    if (!hasKeys && types === 'empty-message') map.entries.delete(TYPES_KEY)
  } else {
    if (!hasKeys && !typesBody(types)) return toBinary(bytes)
    map.entries.set(toText(lines.get('ao-body-key') ?? '') || 'body', toBinary(bytes))
  }
  map.source = { lines, bytes }
  return map
}

/** A map whose only key is a typed `body` is no bare value: its types say so. */
function typesBody(types: Binary | undefined): boolean {
  const text = types === undefined ? undefined : toText(types)
  return text !== undefined && (text.startsWith('body=') || text.includes(', body='))
}

interface Placed {
  readonly path: readonly string[]
  readonly node: TreeNode
  /** Maps that only paths brought about: short names of parts can stand for very many. */
  readonly counted: { maps: number; readonly limit: number }
  /** Parts that are values, by their paths. */
  readonly bare: ReadonlyMap<string, RawPart>
}

function place(root: TreeMap, placed: Placed): void {
  const { path, node } = placed
  let parent = root
  for (let depth = 0; depth < path.length - 1; depth++) parent = childMap(parent, depth, placed)
  const key = path.at(-1) ?? ''
  const known = parent.entries.get(key)
  if (isTreeMap(known) && isTreeMap(node)) merge(known, node)
  else parent.entries.set(key, node)
}

function childMap(parent: TreeMap, depth: number, { path, counted, bare }: Placed): TreeMap {
  const key = path[depth] ?? ''
  const known = parent.entries.get(key)
  if (isTreeMap(known)) return known
  const part = known === undefined ? undefined : bare.get(path.slice(0, depth + 1).join('/'))
  const isMap = part?.lines.has('content-type') || path[depth + 1] === 'commitments'
  if (known !== undefined && !(part && isMap)) throw invalid('no part below a part that is no map')
  assertNestedCount(++counted.maps, counted.limit)
  const map = part === undefined ? treeMap() : bodyMap(part)
  parent.entries.set(key, map)
  return map
}

/** A part that only looks like a value: it is described or signed, and has parts below it. */
function bodyMap({ lines, bytes }: RawPart): TreeMap {
  const map = treeMap([[toText(lines.get('ao-body-key') ?? '') || 'body', toBinary(bytes)]])
  for (const [key, value] of lines) {
    if (DESCRIBING.includes(key)) map.described.set(key, value)
  }
  map.source = { lines, bytes }
  return map
}

function merge(into: TreeMap, from: TreeMap): void {
  for (const [key, node] of from.entries) into.entries.set(key, node)
  for (const [key, value] of from.described) into.described.set(key, value)
  if (from.source !== undefined) into.source = from.source
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected ${expected} in a multipart body`)
}
