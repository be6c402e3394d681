/**
 * Whether a message says what a kept signature base says. The base proves what somebody signed; this
 * proves that it is this message.
 */
import { type Binary, toBinary, toBytes, toText } from '../../base/bytes.ts'
import { isAoError } from '../../base/errors.ts'
import type { Commitment } from '../../message/commitment.ts'
import { withOnlyKeys } from '../../message/committed.ts'
import { TYPES_KEY } from '../../message/keys.ts'
import type { Message } from '../../message/message.ts'
import { formatParams } from '../../message/signature-base.ts'
import { parseList } from '../../message/structured-fields.ts'
import { readContent } from './content.ts'
import { equalCommitted, equalValues } from './equal-values.ts'
import { matchesDigest, plainName } from './received.ts'

/** A signature base taken apart again. */
export interface BaseLines {
  /** As they are listed in the last line, with `@`. */
  readonly components: readonly string[]
  /** By name without `@`. */
  readonly values: ReadonlyMap<string, Binary>
  /** The list of components and the parameters. */
  readonly params: string
}

const LAST_LINE = '"@signature-params": '

/** The lines of a base; `undefined` when it is not one whose names have lost their `@`. */
export function splitBase(base: Binary): BaseLines | undefined {
  const whole = toBytes(base)
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
  const last = bytes.lastIndexOf(`\n${LAST_LINE}`)
  const params = bytes.toString('utf8', last + 1 + LAST_LINE.length)
  const components = listedComponents(params)
  if (last < 0 || components === undefined) return undefined
  const values = new Map<string, Binary>()
  let at = 0
  for (const [index, component] of components.entries()) {
    const prefix = `"${plainName(component)}": `
    const start = at + Buffer.byteLength(prefix)
    if (bytes.toString('utf8', at, start) !== prefix) return undefined
    const next = components[index + 1]
    const end = next === undefined ? last : bytes.indexOf(`\n"${plainName(next)}": `, start)
    if (end < 0 || end > last) return undefined
    values.set(plainName(component), toBinary(bytes.subarray(start, end)))
    at = end + 1
  }
  return { components, values, params }
}

function listedComponents(params: string): string[] | undefined {
  try {
    const [list] = parseList(params)
    if (list?.kind !== 'inner-list') return undefined
    return list.items.map(({ bare }) => (bare.kind === 'string' ? bare.value : ''))
  } catch {
    return undefined
  }
}

/** Whether a commitment was made by another rule than HyperBEAM's, so that only its base proves it. */
export function isForeignBase(commitment: Commitment): boolean {
  const { wire, keyid, type, fields } = commitment
  if (wire?.kind !== 'httpsig') return false
  const lines = splitBase(wire.base)
  if (lines === undefined) return true
  const params = { type, fields, ...(keyid === undefined ? {} : { keyid }) }
  return formatParams(lines.components.map(plainName), params) !== lines.params
}

/** Whether each committed key of a message has the value that the kept base covers. */
export function agreesWithBase(message: Message, commitment: Commitment): boolean {
  const { wire, committed } = commitment
  const lines = wire?.kind === 'httpsig' ? splitBase(wire.base) : undefined
  if (wire?.kind !== 'httpsig' || lines === undefined) return false
  const body = wire.body ?? ownBody(message, lines)
  const digest = lines.values.get('content-digest')
  if (digest !== undefined && (body === undefined || !matchesDigest(digest, body))) return false
  const signed = tryRead(lines, digest === undefined ? undefined : body, commitment)
  if (signed === undefined) return false
  const own = withOnlyKeys(message, committed)
  return committed.every((key) => {
    if (key === TYPES_KEY) return true
    const [there, covered] = [own.get(key), signed.get(key)]
    return equalValues(there, covered) || equalCommitted(there, covered)
  })
}

/** The body that is the value of one key; parts must have been kept. */
function ownBody(message: Message, { values }: BaseLines): Uint8Array | undefined {
  const named = values.get('ao-body-key') ?? values.get('inline-body-key')
  const value = message.get((named === undefined ? undefined : toText(named)) ?? 'body')
  return typeof value === 'string' || value instanceof Uint8Array ? toBytes(value) : undefined
}

function tryRead(
  { values }: BaseLines,
  body: Uint8Array | undefined,
  commitment: Commitment,
): Message | undefined {
  try {
    return readContent(values, body, { isForeign: isForeignBase(commitment) }).message
  } catch (error) {
    if (isAoError(error)) return undefined
    throw error
  }
}
