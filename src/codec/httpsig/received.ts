/**
 * Signature bases made of a message as it was received. They hold where the message, once decoded,
 * could not be written again with the same bytes.
 */
import { type Binary, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import { decodeBase64 } from '../../crypto/base64url.ts'
import { sha256 } from '../../crypto/hash.ts'
import { contentDigest } from '../../message/header-form.ts'
import { HeaderList } from '../../message/header-layout.ts'
import { joinBinaries } from '../../message/multipart.ts'
import { baseOf, coverHeaders, type SignatureParams } from '../../message/signature-base.ts'
import type { SignatureEntry } from './signature-reader.ts'

/** A message, or a part of one, as it came: what its signatures can be about. */
export interface Received {
  readonly headers: ReadonlyMap<string, Binary>
  readonly body?: Binary | undefined
  /** Whether the body was taken apart by a boundary, which a signature over it must cover. */
  readonly isMultipart: boolean
  readonly method?: string | undefined
  readonly target?: string | undefined
}

/** Makes the base by HyperBEAM's rule for a list of components. */
export type NativeBase = (
  components: readonly string[],
  params: SignatureParams,
) => Binary | undefined

type Lines = ReturnType<typeof coverHeaders>

/**
 * Bases of the signatures of one message, most of which list the same components, their lines in
 * the order listed. `undefined` when not all components were received, as when nested messages were
 * signed as links and sent inline.
 */
export function createNativeBase(received: Received): NativeBase {
  let listed: readonly string[] | undefined
  let lines: Lines | undefined
  return (components, params) => {
    if (listed === undefined || !areEqual(listed, components)) {
      listed = components
      lines = receivedLines(received, components)
    }
    return lines === undefined ? undefined : baseOf(lines, params)
  }
}

function areEqual(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index])
}

function receivedLines(received: Received, components: readonly string[]): Lines | undefined {
  const headers = new HeaderList()
  for (const component of components) {
    const name = plainName(component)
    const isBody = name === 'content-digest'
    if (isBody && !coversBoundary(received, components)) return undefined
    const value = isBody ? recomputedDigest(received) : received.headers.get(name)
    if (value === undefined) return undefined
    headers.add(name, value)
  }
  return coverHeaders(headers)
}

function recomputedDigest({ body }: Received): string | undefined {
  return body === undefined ? undefined : contentDigest(body)
}

/**
 * The base of any other signer: the parameters as they were received, and lines whose names have
 * lost their `@`. Such a signer covers the received `content-digest`, so the body is compared here.
 * `undefined` when a component was not received.
 * @throws AoError `invalid-signature` when the body is not the one that was signed, or when it was
 * taken apart by a boundary that is not signed.
 */
export function foreignBase(received: Received, entry: SignatureEntry): Binary | undefined {
  if (entry.components.includes('content-digest')) assertSignedBody(received, entry)
  const chunks: Binary[] = []
  for (const component of entry.components) {
    const value = foreignValue(received, component)
    if (value === undefined) return undefined
    chunks.push(`"${plainName(component)}": `, value, '\n')
  }
  chunks.push(`"@signature-params": ${entry.raw}`)
  return joinBinaries(chunks)
}

/** A component without the `@` that marks what is derived from the request. */
export function plainName(component: string): string {
  return component.startsWith('@') ? component.slice(1) : component
}

/**
 * AO's signers mean the header even when they write `@path` or `@authority`; only where there is
 * none, the value is derived as RFC 9421 section 2.2 says.
 */
function foreignValue(received: Received, component: string): Binary | undefined {
  const name = plainName(component)
  return received.headers.get(name) ?? (name === component ? undefined : derive(received, name))
}

function derive({ method, target, headers }: Received, name: string): Binary | undefined {
  if (name === 'method') return method
  if (name === 'authority') return toText(headers.get('host') ?? '')?.toLowerCase()
  if (target === undefined) return undefined
  const query = target.indexOf('?')
  if (name === 'path') return query < 0 ? target : target.slice(0, query)
  if (name === 'query') return query < 0 ? '?' : target.slice(query)
  return name === 'request-target' ? target : undefined
}

function assertSignedBody(received: Received, entry: SignatureEntry): void {
  if (!coversBoundary(received, entry.components)) {
    throw new AoError(
      'invalid-signature',
      'Expected a signature over a multipart body to cover content-type, which holds the boundary',
    )
  }
  const digest = received.headers.get('content-digest')
  if (digest !== undefined && !matchesDigest(digest, received.body ?? '')) {
    throw new AoError(
      'invalid-signature',
      'Expected the body that the signed content-digest is of; send the body that was signed',
      { bodyBytes: received.body?.length },
    )
  }
}

function coversBoundary({ isMultipart }: Received, components: readonly string[]): boolean {
  return !isMultipart || components.includes('content-type')
}

/** Whether a `content-digest` names the SHA-256 of the body, in either base64 alphabet. */
export function matchesDigest(header: Binary, body: Binary): boolean {
  let isKnown = false
  for (const member of (toText(header) ?? '').split(',')) {
    const [algorithm, encoded, rest] = member.trim().split(':')
    if (algorithm !== 'sha-256=') continue
    if (encoded === undefined || rest !== '') return false
    if (Buffer.compare(decodeBase64(encoded), sha256(body)) !== 0) return false
    isKnown = true
  }
  return isKnown
}
