/** How many values one text may have: each costs memory and time far beyond its bytes. */
import { AoError } from '../base/errors.ts'
import { MAX_DEPTH } from './keys.ts'

/** Values of a JSON text, members of a structured field, lines of a flat text. */
export const MAX_VALUES = 65_536

/** @throws AoError `limit-exceeded` */
export function assertValueCount(count: number): void {
  if (count <= MAX_VALUES) return
  throw new AoError('limit-exceeded', 'Expected fewer values in one text', { limit: MAX_VALUES })
}

/**
 * The segments of a path through nested messages, empty ones left out.
 * @throws AoError `limit-exceeded` for more of them than messages may be nested.
 */
export function splitPath(path: string): string[] {
  // A path may be as long as a body: no more of it is divided than tells that it is too deep.
  const pieces = path.split('/', MAX_PIECES)
  const segments = pieces.filter((segment) => segment !== '')
  if (pieces.length < MAX_PIECES && segments.length <= MAX_DEPTH) return segments
  throw new AoError('limit-exceeded', 'Expected a message with fewer levels', { limit: MAX_DEPTH })
}

const MAX_PIECES = 4 * MAX_DEPTH
