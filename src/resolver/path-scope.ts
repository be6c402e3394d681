/** What the parts of one path share while it is read: limits, and the way to read a path inside it. */
import { byteLength } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import type { SubPath } from './path-step.ts'

export interface PathScope {
  /**
   * Reads a path inside the path.
   * @throws AoError `invalid-path`
   */
  subPath(text: string): SubPath
}

/** Bytes of one segment, and of a key with its value in it, as in HyperBEAM. */
const MAX_SEGMENT_BYTES = 512

/** @throws AoError `invalid-path` when the text is too long to be a segment. */
export function requireSegment(text: string): string {
  const bytes = byteLength(text)
  if (bytes <= MAX_SEGMENT_BYTES) return text
  throw new AoError('invalid-path', 'Expected a path segment of at most 512 bytes', { bytes })
}
