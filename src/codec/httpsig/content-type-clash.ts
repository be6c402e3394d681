/** A message with its own `content-type` has no room for the boundary of a multipart body. */
import { AoError } from '../../base/errors.ts'
import { headerForm, isMultipartForm } from '../../message/header-form.ts'
import { LINK_SUFFIX } from '../../message/keys.ts'
import type { Tabm } from '../../message/tabm.ts'

/**
 * @throws AoError `unencodable` when a bundle would replace the message's `content-type`: signatures
 * over it do not hold in HyperBEAM, and readers would lose the key.
 */
export function assertBundleKeepsContentType(tabm: Tabm): void {
  if (!tabm.has('content-type') && !tabm.has(`content-type${LINK_SUFFIX}`)) return
  if (!isMultipartForm(headerForm(tabm))) return
  throw new AoError(
    'unencodable',
    'Expected no content-type on a message whose nested messages are signed inline; sign it without bundle',
  )
}
