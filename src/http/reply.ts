/**
 * From the outcome of a request to the reply that is sent: as a message with a status, signed,
 * with nested messages inline or stored under the links that stand for them, in the codec that the
 * client asked for. Source: HyperBEAM, `hb_http:encode_reply`.
 */
import { isAoError } from '../base/errors.ts'
import { isSigned } from '../message/commitment.ts'
import { unsignedId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'
import { DEFAULT_CODEC } from './codec-name.ts'
import { LruMap } from './lru-map.ts'
import type { Negotiation } from './negotiate.ts'
import { messagePage } from './page.ts'
import type { ReplySigner } from './reply-signer.ts'
import type { Outcome } from './resolve.ts'
import { resultMessage } from './result-message.ts'
import { type Encoded, type WireReply, wireReply } from './wire-reply.ts'

/** Writes a message; in link mode nested ones as `key+link`. Throws `unencodable`. */
export type ReplyEncoder = (message: Message, options: { readonly bundle: boolean }) => Encoded

/** The codecs of replies, by device name. */
export type ReplyEncoders = ReadonlyMap<string, ReplyEncoder>

export interface ReplyDeps {
  readonly encoders: ReplyEncoders
  /** Without it replies go out as they are. */
  readonly sign?: ReplySigner
  /**
   * Keeps the messages nested in this one, so that the links to them can be followed. They may come
   * straight from a request: signatures that have not been verified must not be kept.
   */
  readonly storeMessage: (message: Message) => Promise<void>
  /** The message with all links in it loaded. Throws AoError `link-not-found`. */
  readonly loadLinks: (message: Message) => Promise<Message>
}

export type Reply = (outcome: Outcome, negotiation: Negotiation) => Promise<WireReply>

/** How many sets of nested messages are known to be stored, so that they are not written again. */
const STORED_LIMIT = 4_096
/** Understood by everybody, and any message can be written in it. */
const FALLBACK_CODEC = 'json@1.0'

/** A function from outcomes to replies. */
export function createReply(deps: ReplyDeps): Reply {
  const stored = new LruMap<string, true>(STORED_LIMIT)
  const known = new WeakMap<Message, Map<string, Promise<WireReply>>>()
  const build = (outcome: Outcome, negotiation: Negotiation): Promise<WireReply> =>
    buildReply({ ...deps, stored }, outcome, negotiation)
  return (outcome, negotiation) => {
    const { value } = outcome
    if (!(value instanceof Message)) return build(outcome, negotiation)
    // Messages never change: what was sent for the same object can be sent again.
    const replies = known.get(value) ?? new Map<string, Promise<WireReply>>()
    known.set(value, replies)
    const key = replyKey(outcome, negotiation)
    let reply = replies.get(key)
    if (reply === undefined) {
      reply = build(outcome, negotiation)
      replies.set(key, reply)
      reply.catch(() => replies.delete(key))
    }
    return reply
  }
}

function replyKey(outcome: Outcome, negotiation: Negotiation): string {
  const { codec, bundle, isRequired, wantsPage } = negotiation
  return [outcome.kind === 'ok' ? 'ok' : outcome.status, codec, bundle, isRequired, wantsPage].join(
    ' ',
  )
}

interface BuildDeps extends ReplyDeps {
  readonly stored: LruMap<string, true>
}

async function buildReply(
  deps: BuildDeps,
  outcome: Outcome,
  negotiation: Negotiation,
): Promise<WireReply> {
  const { bundle } = negotiation
  const { message: result, status } = resultMessage(outcome)
  // A device that sets a content type has encoded its body already.
  const isEncoded = result.has('content-type') && !negotiation.isRequired
  const codec = isEncoded ? DEFAULT_CODEC : negotiation.codec
  const message = await readyMessage(deps, result, { bundle, signedAs: negotiation.codec })
  return encodeReply(deps, message, { codec, status, negotiation })
}

interface Readiness {
  readonly bundle: boolean
  /** The codec that the client wants decides how the node signs, even if the body is ready. */
  readonly signedAs: string
}

/** The message signed, and either complete or with its nested messages stored. */
async function readyMessage(
  deps: BuildDeps,
  message: Message,
  { bundle, signedAs }: Readiness,
): Promise<Message> {
  const device = signedAs === 'ans104@1.0' ? signedAs : DEFAULT_CODEC
  if (!bundle) {
    const [signed] = await Promise.all([
      sign(deps, message, { device, bundle: false }),
      storeNested(deps, message),
    ])
    return signed
  }
  // A data item is signed as it is sent; over headers, nested messages are signed by their ids.
  if (device === 'ans104@1.0') {
    return sign(deps, await deps.loadLinks(message), { device, bundle: true })
  }
  return deps.loadLinks(await sign(deps, message, { device, bundle: false }))
}

function sign(
  { sign }: BuildDeps,
  message: Message,
  options: Parameters<ReplySigner>[1],
): Promise<Message> | Message {
  if (sign === undefined) return message
  for (const commitment of message.commitments.values()) if (isSigned(commitment)) return message
  return sign(message, options)
}

async function storeNested({ stored, storeMessage }: BuildDeps, message: Message): Promise<void> {
  const nested = [...message].filter(([, value]) => value instanceof Message || isList(value))
  if (nested.length === 0) return
  const container = new Message<Value>(nested)
  const id = unsignedId(container)
  if (stored.get(id) === true) return
  await storeMessage(container)
  stored.set(id, true)
}

interface Encoding {
  readonly codec: string
  readonly status: number
  readonly negotiation: Negotiation
}

/** What headers cannot carry is sent as JSON, unless the client insists on its codec. */
function encodeReply(deps: BuildDeps, message: Message, encoding: Encoding): WireReply {
  const { codec, status, negotiation } = encoding
  try {
    return wireReply(status, encodeAs(deps, message, encoding))
  } catch (error) {
    const isFinal = negotiation.isRequired || codec === FALLBACK_CODEC
    if (isFinal || !isAoError(error, 'unencodable')) throw error
    return wireReply(status, encodeAs(deps, message, { ...encoding, codec: FALLBACK_CODEC }))
  }
}

function encodeAs(deps: BuildDeps, message: Message, { codec, negotiation }: Encoding): Encoded {
  const encode = deps.encoders.get(codec)
  if (encode === undefined) throw new Error(`No encoder of replies as ${codec}`)
  const encoded = encode(message, { bundle: negotiation.bundle })
  const { wantsPage, bundle } = negotiation
  const isPage = codec === DEFAULT_CODEC && wantsPage && !bundle && !hasContent(message)
  return isPage ? withPage(encoded, message) : encoded
}

function hasContent(message: Message): boolean {
  return message.has('body') || message.has('data') || message.has('content-type')
}

/** The headers of the message as ever, and a page to look at, which no signature covers. */
function withPage({ headers }: Encoded, message: Message): Encoded {
  const kept = [...headers].filter(([name]) => name !== 'content-type' && name !== 'content-digest')
  return {
    headers: [...kept, ['content-type', 'text/html; charset=utf-8']],
    body: messagePage('AO message', message),
  }
}
