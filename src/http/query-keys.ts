/**
 * The query of a request as keys beside its headers: only for what the HTTP interface itself reads.
 * The resolver gets the path with its query and takes both apart by the path grammar.
 */
import type { Binary } from '../base/bytes.ts'
import { decodePercent, parseForm } from '../resolver/percent.ts'
import { cut, unquote } from '../resolver/split.ts'

const NO_KEYS: ReadonlyMap<string, Binary> = new Map()

/**
 * Keys and values of the query, names with their types as they are. A later key beats an earlier
 * equal one; a key without `=` is `true`. Source: HyperBEAM, `hb_singleton:from_path`.
 * @throws AoError `invalid-path` for bad escapes.
 */
export function queryKeys(target: string): ReadonlyMap<string, Binary> {
  if (!target.includes('?') && !target.includes('%')) return NO_KEYS
  const keys = new Map<string, Binary>()
  for (const [name, value] of parseForm(cut(decodePercent(target), '?').rest)) {
    keys.set(name, typeof value === 'string' ? unquote(value) : (value ?? 'true'))
  }
  return keys
}
