/** How many values one text may have: each costs memory and time far beyond its bytes. */
import { AoError } from '../base/errors.ts'
import { MAX_DEPTH } from './keys.ts'

/** Values of a JSON text, members of a structured field, lines of a flat text. */
export const MAX_VALUES = 65_536

/** How much a text of JSON may hold. A nested message costs ten times what a value costs: its id. */
export interface ValueLimits {
  readonly values: number
  /** Objects and arrays. */
  readonly nested: number
}

/** Messages and lists that one text of a stranger may have. */
export const MAX_NESTED = 20_000
/** For what strangers send. */
export const REQUEST_VALUES: ValueLimits = { values: MAX_VALUES, nested: MAX_NESTED }
/** For what a reader asked for, such as a full page of a schedule. */
export const REPLY_VALUES: ValueLimits = { values: 2_097_152, nested: 524_288 }

/** @throws AoError `limit-exceeded` */
export function assertNestedCount(count: number, limit = MAX_NESTED): void {
  if (count <= limit) return
  throw new AoError('limit-exceeded', 'Expected fewer nested messages in one text', { limit })
}

/** @throws AoError `limit-exceeded` */
export function assertValueCount(count: number, limit = MAX_VALUES): void {
  if (count <= limit) return
  throw new AoError('limit-exceeded', 'Expected fewer values in one text', { limit })
}

/**
 * The segments of a path through nested messages, empty ones left out.
 * @throws AoError `limit-exceeded` for more of them than messages may be nested.
 */
export function splitPath(path: string): string[] {
  // A path may be as long as a body: no more of it is divided than tells that it is too deep.
  const pieces = path.split('/', MAX_PIECES)
  const segments = pieces.includes('') ? pieces.filter((segment) => segment !== '') : pieces
  if (pieces.length < MAX_PIECES && segments.length <= MAX_DEPTH) return segments
  throw new AoError('limit-exceeded', 'Expected a message with fewer levels', { limit: MAX_DEPTH })
}

const MAX_PIECES = 4 * MAX_DEPTH
