/**
 * flat@1.0: a message as paths to binaries, and as lines `path: value`. Good for looking at and for
 * small configuration; no transport: empty messages vanish, a key with `/` reads back as nesting,
 * and the text form loses values with a line break or `: ` in them.
 */
import { type Binary, compareText, concatBytes, toBinary, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import type { Commitment } from '../message/commitment.ts'
import { commitmentToTabm, takeCommitments } from '../message/commitment-map.ts'
import { TYPES_KEY } from '../message/keys.ts'
import { Message } from '../message/message.ts'
import { fromTabm, toTabm } from '../message/structured.ts'
import type { Tabm } from '../message/tabm.ts'
import { isBinary, type List, type Value } from '../message/value.ts'
import { assertNestedCount, assertValueCount, splitPath } from '../message/value-limit.ts'
import type { BundleOptions } from './codec.ts'

/**
 * The binaries of a message under their paths, `ao-types` and commitments among them. Of two equal
 * paths (`a/b` and `b` in `a`) the later wins.
 * @throws AoError see `toTabm`.
 */
export function encodeFlat(
  value: Message | List,
  { bundle = false }: BundleOptions = {},
): Map<string, Binary> {
  const flat = new Map<string, Binary>()
  addLeaves(flat, '', toTabm(value, bundle ? 'bundle' : 'link'))
  return flat
}

/**
 * The message whose binaries stand at these paths.
 * @throws AoError `invalid-message` for an empty path and for a path that leads through a binary,
 * `invalid-commitment`, and what `fromTabm` throws.
 */
export function decodeFlat(flat: Iterable<readonly [path: string, value: Binary]>): Message {
  const root: Branch = new Map()
  const counted = { branches: 0 }
  for (const [path, value] of flat) addLeaf(root, { path, value, counted })
  return fromTabm(toMessage(root) as Tabm)
}

/** Lines `path: value` sorted by path, nested messages as links. Nothing is escaped. */
export function formatFlat(value: Message | List): Binary {
  const lines = [...encodeFlat(value)].sort((left, right) => compareText(left[0], right[0]))
  const parts = lines.flatMap(([path, leaf]) => [path, ': ', leaf, '\n'])
  return parts.every((part) => typeof part === 'string') ? parts.join('') : concatBytes(parts)
}

/**
 * The message of a text: each line with exactly one `: ` is an entry, other lines are ignored.
 * @throws AoError see `decodeFlat`; `limit-exceeded` beyond 65,536 entries.
 */
export function parseFlat(binary: Binary): Message {
  const text = toText(binary)
  if (text !== undefined) return decodeFlat(parseLines(text))
  const flat = new Map<string, Binary>()
  for (const [path, value] of parseLines(Buffer.from(binary).toString('latin1'))) {
    flat.set(requireText(fromLatin1(path)), fromLatin1(value))
  }
  return decodeFlat(flat)
}

type Branch = Map<string, Binary | Branch>

function addLeaves(flat: Map<string, Binary>, prefix: string, level: Tabm): void {
  for (const [key, value] of level) {
    const path = join(prefix, key)
    if (isBinary(value)) flat.set(path, value)
    else addLeaves(flat, path, value)
  }
  for (const [id, commitment] of level.commitments) {
    addLeaves(flat, join(join(prefix, 'commitments'), id), commitmentLevel(commitment))
  }
}

/** HyperBEAM does not encode commitments, so that their committed keys are not typed as a list. */
function commitmentLevel(commitment: Commitment): Tabm {
  const level = commitmentToTabm(commitment)
  const committed = level.get('committed')
  return committed instanceof Message
    ? level.with([['committed', committed.without(TYPES_KEY)]])
    : level
}

function join(prefix: string, key: string): string {
  const segments = segmentsOf(key)
  return (prefix === '' ? segments : [prefix, ...segments]).join('/')
}

function segmentsOf(path: string): string[] {
  return path.includes('/') ? splitPath(path) : [path]
}

interface Leaf {
  readonly path: string
  readonly value: Binary
  /** Short paths can stand for very many messages. */
  readonly counted: { branches: number }
}

function addLeaf(root: Branch, { path, value, counted }: Leaf): void {
  const segments = segmentsOf(path)
  const last = segments.pop()
  if (last === undefined || last === '') {
    throw new AoError('invalid-message', 'Expected a flat path with at least one segment')
  }
  let branch = root
  for (const segment of segments) branch = childBranch(branch, segment, counted)
  if (branch.get(last) instanceof Map) throw throughBinary(path)
  branch.set(last, value)
}

function childBranch(branch: Branch, segment: string, counted: Leaf['counted']): Branch {
  const known = branch.get(segment)
  if (known instanceof Map) return known
  if (known !== undefined) throw throughBinary(segment)
  assertNestedCount(++counted.branches)
  const child: Branch = new Map()
  branch.set(segment, child)
  return child
}

function throughBinary(path: string): AoError {
  return new AoError(
    'invalid-message',
    'Expected a flat path to be a value or to lead on, got both',
    {
      path,
    },
  )
}

function toMessage(branch: Branch): Message {
  const entries = new Map<string, Value>()
  for (const [key, value] of branch)
    entries.set(key, value instanceof Map ? toMessage(value) : value)
  const commitments = takeCommitments(entries)
  return new Message(entries, commitments)
}

function parseLines(text: string): Map<string, string> {
  const flat = new Map<string, string>()
  for (const line of text.split('\n')) {
    const separator = line.indexOf(': ')
    if (separator < 0 || line.includes(': ', separator + 2)) continue
    flat.set(line.slice(0, separator), line.slice(separator + 2))
    assertValueCount(flat.size)
  }
  return flat
}

function fromLatin1(text: string): Binary {
  return toBinary(Buffer.from(text, 'latin1'))
}

function requireText(path: Binary): string {
  if (typeof path === 'string') return path
  throw new AoError('invalid-key', 'Expected a flat path of UTF-8 text')
}
