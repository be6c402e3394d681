/** What form of reply a request asks for. */
import type { Binary } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import type { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import { type CodecNames, codecOfMediaType } from './codec-name.ts'

export interface Negotiation {
  /** The codec of the reply, unless the reply brings its own content type. */
  readonly codec: string
  /** Whether the client takes no other codec. */
  readonly isRequired: boolean
  /** Whether nested messages come inline, not as links. */
  readonly bundle: boolean
  /** Whether a person looks at the reply with a browser. */
  readonly wantsPage: boolean
  /** Whether another node asks: it takes any number of headers, and HyperBEAM's no JSON. Default false. */
  readonly isPeer?: boolean
}

/** What a request says about its reply, where it can be found. */
export interface Wishes {
  /** The decoded request. */
  readonly message: Message
  /** Its headers and query keys. */
  readonly primitive: ReadonlyMap<string, Binary>
  /** Whether `accept-codec` counts. HyperBEAM never reads it; in data items clients rely on it. */
  readonly readsAcceptCodec: boolean
}

/**
 * Reads, in this order: `require-codec`, `accept-codec` where it counts, `accept`. Keys of the
 * message come before headers and query keys.
 * @throws AoError `unsupported-codec` for a codec that replies cannot have, `invalid-value` for an
 * `accept-bundle` that is no boolean.
 */
export function negotiate(wishes: Wishes, codecs: CodecNames): Negotiation {
  const required = wish(wishes, 'require-codec')
  const accepted = wishes.readsAcceptCodec ? textOf(wishes.message.get('accept-codec')) : undefined
  const accept = wish(wishes, 'accept') ?? '*/*'
  const codec = codecOfMediaType(required ?? accepted ?? accept, codecs)
  if (!codecs.has(codec)) throw unsupported(codec, codecs)
  return {
    codec,
    isRequired: required !== undefined,
    bundle: isTrue(wishes.message.get('accept-bundle') ?? wishes.primitive.get('accept-bundle')),
    wantsPage: required === undefined && wantsPage(accept),
    isPeer: wishes.primitive.has('ao-peer-port') || wishes.message.has('ao-peer'),
  }
}

/** Whether an `accept` header is one of a browser that navigates. */
export function wantsPage(accept: string): boolean {
  return /\btext\/html\b/i.test(accept)
}

/** Whether an `accept` header asks for JSON before anything else. */
export function wantsJson(accept: string): boolean {
  return /^\s*(application\/json|json@1\.0|device\/json@1\.0)\s*([;,]|$)/i.test(accept)
}

function wish(wishes: Wishes, key: string): string | undefined {
  return textOf(wishes.message.get(key)) ?? textOf(wishes.primitive.get(key))
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function isTrue(value: Value | undefined): boolean {
  const word = value instanceof Atom ? value.name : value
  if (word === 'true') return true
  if (word === undefined || word === 'false' || word === '') return false
  throw new AoError('invalid-value', 'Expected accept-bundle to be true or false')
}

function unsupported(codec: string, codecs: CodecNames): AoError {
  const known = [...codecs.keys()].join(', ')
  return new AoError('unsupported-codec', `Expected a codec that replies can have: ${known}`, {
    codec,
  })
}
