/** A nested message of a bundle as the parts that it is there, to be put into many bodies. */
import { nestedTabm } from '../../message/bundled-tabm.ts'
import type { Message } from '../../message/message.ts'
import { type EncodedParts, encodeParts, groupParts } from '../../message/multipart.ts'
import { assertPaths } from './encode.ts'
import { fitParts } from './fit-for-http.ts'

/**
 * The parts of a message under a path, which must have a level above it.
 * @throws AoError `unencodable` when something in it cannot travel over HTTP.
 */
export function encodeNestedParts(message: Message, path: string): EncodedParts {
  const tabm = nestedTabm(message)
  assertPaths(tabm, 2)
  return encodeParts(fitParts(groupParts([[path, tabm]])))
}
