/** Headers and body to a message, its signatures as commitments. Nothing is verified here. */
import type { Binary } from '../../base/bytes.ts'
import type { Commitment } from '../../message/commitment.ts'
import { LINK_SUFFIX } from '../../message/keys.ts'
import type { Message } from '../../message/message.ts'
import type { Value } from '../../message/value.ts'
import { createCommitmentReader } from './commitment-reader.ts'
import { type Content, readContent } from './content.ts'
import type { PartLimits } from './multipart-reader.ts'
import type { Received } from './received.ts'
import { settleCommitments } from './settle.ts'
import { isNative, readSignatures, type SignatureEntry } from './signature-reader.ts'
import { headerMap, type ReceivedWire } from './wire.ts'

export interface DecodeOptions {
  /** How many parts and lines the body may have. Default: more than a full page of a schedule has. */
  readonly partLimits?: PartLimits
}

/**
 * The message of an HTTP request or reply. All keys are in it: a caller that trusts only what is
 * signed verifies and then takes `withOnlyCommitted`. An hmac that does not hold is left out, since
 * ids are read from it.
 * @throws AoError `invalid-encoding`, `invalid-commitment`, `invalid-message` for what cannot be
 * read, `invalid-signature` for a body other than the signed one, `limit-exceeded`.
 */
export function decodeHttpsig(wire: ReceivedWire, options: DecodeOptions = {}): Message {
  const headers = headerMap(wire)
  const entries = readSignatures(headers.get('signature'), headers.get('signature-input'))
  const isForeign = entries.some((entry) => !isNative(entry))
  const body = isBesideLink(headers, entries) ? undefined : wire.body
  const content = readContent(headers, body, { ...options, isForeign })
  const received = receivedMessage(wire, headers, content)
  const commitments = new Map<string, Commitment>()
  const { bodyKeys, inlineKey, groupedKeys } = content
  const read = createCommitmentReader({ received, bodyKeys, inlineKey, groupedKeys })
  for (const entry of entries) {
    const commitment = read(entry)
    if (commitment !== undefined) commitments.set(commitment.id, commitment)
  }
  const message = withRequestKeys(content.message, received, entries)
    .without(...commitments.keys())
    .withCommitments(commitments)
  return settleCommitments(message, body)
}

/**
 * HyperBEAM sends a page for browsers as the body of a reply whose true body is a link. No signature
 * covers the page, and it is no key of the message.
 */
function isBesideLink(
  headers: ReadonlyMap<string, Binary>,
  entries: readonly SignatureEntry[],
): boolean {
  if (entries.length === 0 || !headers.has(`body${LINK_SUFFIX}`)) return false
  return !headers.has('ao-body-key') && !entries.some(coversBody)
}

function coversBody({ components }: SignatureEntry): boolean {
  return components.includes('content-digest')
}

function receivedMessage(
  wire: ReceivedWire,
  headers: ReadonlyMap<string, Binary>,
  { isMultipart }: Content,
): Received {
  const { body, method, target } = wire
  return { headers, body, isMultipart, method, target }
}

/** What a foreign signature derives from the request line becomes a key: it is covered by it. */
function withRequestKeys(
  message: Message,
  { method, target, headers }: Received,
  entries: readonly SignatureEntry[],
): Message {
  const added: [string, Value][] = []
  const covers = (component: string): boolean =>
    entries.some((entry) => !isNative(entry) && entry.components.includes(component))
  if (target !== undefined && !headers.has('path') && covers('@path')) {
    const query = target.indexOf('?')
    added.push(['path', query < 0 ? target : target.slice(0, query)])
  }
  if (method !== undefined && !headers.has('method') && covers('@method')) {
    added.push(['method', method])
  }
  return added.length === 0 ? message : message.with(added)
}
