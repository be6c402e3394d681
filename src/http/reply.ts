/**
 * From the outcome of a request to the reply that is sent: as a message with a status, signed,
 * with nested messages inline or stored under the links that stand for them, in the codec that the
 * client asked for. Source: HyperBEAM, `hb_http:encode_reply`.
 */
import type { Binary } from '../base/bytes.ts'
import { isAoError } from '../base/errors.ts'
import { LruMap } from '../base/lru-map.ts'
import { commitUnsigned, type PlainWire } from '../codec/httpsig/httpsig.ts'
import { isSigned } from '../message/commitment.ts'
import { inlinedMessages, withoutForms } from '../message/inline-forms.ts'
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'
import { DEFAULT_CODEC } from './codec-name.ts'
import { contentKey } from './content-key.ts'
import { fitHeaders, mayFitHeaders } from './header-bounds.ts'
import type { Negotiation } from './negotiate.ts'
import { messagePage } from './page.ts'
import type { ReplySigner } from './reply-signer.ts'
import type { Outcome } from './resolve.ts'
import { type ResultMessage, resultMessage } from './result-message.ts'
import { isSignable } from './signable.ts'
import { type Encoded, type WireReply, wireReply } from './wire-reply.ts'

/**
 * Writes a message; in link mode nested ones as `key+link`. What is still linked in a bundle has
 * forms of its own, see `inlinedMessages`. Throws `unencodable`.
 */
export type ReplyEncoder = (
  message: Message,
  options: { readonly bundle: boolean },
) => Encoded | PlainWire | Promise<Encoded>

/** The codecs of replies, by device name. */
export type ReplyEncoders = ReadonlyMap<string, ReplyEncoder>

export interface ReplyDeps {
  readonly encoders: ReplyEncoders
  /** Signs replies that `isSignable`. Without it all go out as they are. */
  readonly sign?: ReplySigner | undefined
  /**
   * Keeps the messages nested in this one, so that the links to them can be followed. They may come
   * straight from a request: signatures that have not been verified must not be kept.
   */
  readonly storeMessage: (message: Message) => Promise<void> | void
  /** The message with all links in it loaded. Throws AoError `link-not-found`. */
  readonly loadLinks: (message: Message) => Promise<Message>
}

export type Reply = (outcome: Outcome, negotiation: Negotiation) => Promise<WireReply>

export interface ReplyOptions {
  /** How many small replies are kept as they were sent. Default 1,000; 0 keeps none. */
  readonly cacheSize?: number
}

/** Understood by everybody, and any message can be written in it. */
const FALLBACK_CODEC = 'json@1.0'
/** How long nested messages count as stored: who stores them may forget those not asked for. */
const STORED_MS = 1_000
const MAX_KEPT_BYTES = 16_384

interface Kept {
  readonly reply: WireReply
  /** The message whose nested messages the reply links to. */
  readonly linked: Message | undefined
  storedAt: number
}

/** A function from outcomes to replies. Many replies are equal: these are made once. */
export function createReply(deps: ReplyDeps, options: ReplyOptions = {}): Reply {
  const kept = new LruMap<string, Kept>(options.cacheSize ?? 1_000)
  const unsigned = { ...deps, sign: deps.sign && withHmac }
  return async (outcome, negotiation) => {
    const result = resultMessage(outcome)
    const mayBeSigned = isSignable(outcome, result)
    const key = replyKey(result, negotiation, mayBeSigned)
    const known = key === undefined ? undefined : kept.get(key)
    if (known !== undefined) return refreshed(deps, known)
    const reply = await buildReply(mayBeSigned ? deps : unsigned, result, negotiation)
    const isSmall = reply.stream === undefined && (reply.body?.length ?? 0) <= MAX_KEPT_BYTES
    if (key !== undefined && isSmall) {
      const linked = negotiation.bundle ? undefined : nestedOf(result.message)
      kept.set(key, { reply, linked, storedAt: performance.now() })
    }
    return reply
  }
}

/**
 * What the node must not sign gets the hmac that anybody can make: WAO reads only what some label
 * covers.
 */
const withHmac: ReplySigner = async (message, { device }) =>
  device === DEFAULT_CODEC ? commitUnsigned(message) : message

function replyKey({ message, status }: ResultMessage, how: Negotiation, mayBeSigned: boolean) {
  const content = contentKey(message)
  if (content === undefined) return undefined
  const { codec, bundle, isRequired, wantsPage, isPeer = false } = how
  return `${status} ${codec} ${bundle} ${isRequired} ${wantsPage} ${isPeer} ${mayBeSigned} ${content}`
}

function refreshed({ storeMessage }: ReplyDeps, known: Kept): WireReply | Promise<WireReply> {
  if (known.linked === undefined) return known.reply
  const now = performance.now()
  if (now - known.storedAt < STORED_MS) return known.reply
  known.storedAt = now
  const stored = storeMessage(known.linked)
  return stored instanceof Promise ? stored.then(() => known.reply) : known.reply
}

function buildReply(
  deps: ReplyDeps,
  { message: result, status }: ResultMessage,
  negotiation: Negotiation,
): Promise<WireReply> {
  const { bundle } = negotiation
  // A device that sets a content type has encoded its body already.
  const isEncoded = result.has('content-type') && !negotiation.isRequired
  const codec = isEncoded ? DEFAULT_CODEC : negotiation.codec
  const encoding = { codec, status, negotiation }
  const how = { bundle, signedAs: negotiation.codec, sentAs: codec }
  const ready = readyMessage(deps, result, how)
  return ready instanceof Promise
    ? ready.then((message) => encodeReply(deps, message, encoding))
    : encodeReply(deps, ready, encoding)
}

interface Readiness {
  readonly bundle: boolean
  /** The codec that the client wants decides how the node signs, even if the body is ready. */
  readonly signedAs: string
  readonly sentAs: string
}

/** The message signed, and either complete or with its nested messages stored. */
function readyMessage(
  deps: ReplyDeps,
  message: Message,
  { bundle, signedAs, sentAs }: Readiness,
): Message | Promise<Message> {
  const device = signedAs === 'ans104@1.0' ? signedAs : DEFAULT_CODEC
  if (bundle) return completeMessage(deps, message, { device, sentAs })
  const stored = storeNested(deps, message)
  const signed = sign(deps, message, { device, bundle: false })
  return stored === undefined ? signed : Promise.all([signed, stored]).then(([ready]) => ready)
}

async function completeMessage(
  deps: ReplyDeps,
  message: Message,
  { device, sentAs }: Pick<Parameters<ReplySigner>[1], 'device'> & { readonly sentAs: string },
): Promise<Message> {
  // A data item is signed as it is sent; over headers, nested messages are signed by their ids.
  if (device === 'ans104@1.0') {
    return sign(deps, await deps.loadLinks(message), { device, bundle: true })
  }
  const signed = await sign(deps, message, { device, bundle: false })
  return INLINING_CODECS.has(sentAs) ? loadOthers(deps, signed) : deps.loadLinks(signed)
}

/** Those whose encoders send what is linked in the forms that it has. */
const INLINING_CODECS: ReadonlySet<string> = new Set([DEFAULT_CODEC, FALLBACK_CODEC])

/** Loads all but what is sent inline without being loaded. */
async function loadOthers({ loadLinks }: ReplyDeps, message: Message): Promise<Message> {
  const keys = inlinedMessages(message).map(({ key }) => key)
  if (keys.length === 0) return loadLinks(message)
  const loaded = await loadLinks(message.without(...keys))
  return loaded.with(keys.map((key) => [key, message.get(key) ?? '']))
}

function sign(
  { sign }: ReplyDeps,
  message: Message,
  options: Parameters<ReplySigner>[1],
): Promise<Message> | Message {
  if (sign === undefined) return message
  for (const commitment of message.commitments.values()) if (isSigned(commitment)) return message
  return sign(message, options)
}

function storeNested({ storeMessage }: ReplyDeps, message: Message): Promise<void> | void {
  const nested = nestedOf(message)
  return nested && storeMessage(nested)
}

/** A message of the nested messages and lists alone, of those not stored; `undefined` without any. */
function nestedOf(message: Message): Message | undefined {
  const nested: [string, Value][] = []
  for (const [key, value] of message) {
    if (value === message.priv.stored) continue
    if (value instanceof Message) nested.push([key, withoutForms(value)])
    else if (isList(value)) nested.push([key, value])
  }
  return nested.length === 0 ? undefined : new Message<Value>(nested)
}

interface Encoding {
  readonly codec: string
  readonly status: number
  readonly negotiation: Negotiation
}

/**
 * What headers cannot carry, and what makes more of them than clients take, is sent as JSON, unless
 * the client insists on its codec, or is another node. A body with a content type of its own is sent
 * as it is.
 */
async function encodeReply(
  deps: ReplyDeps,
  message: Message,
  encoding: Encoding,
): Promise<WireReply> {
  const { codec, negotiation } = encoding
  if (codec === FALLBACK_CODEC) return await encodeAsJson(deps, message, encoding)
  if (negotiation.isRequired) return await encodeAs(deps, message, encoding)
  const isBounded =
    codec === DEFAULT_CODEC && negotiation.isPeer !== true && !message.has('content-type')
  const mayFit = !isBounded || mayFitHeaders(message, negotiation.bundle)
  const made = mayFit ? unlessUnencodable(() => encodeAs(deps, message, encoding)) : undefined
  const reply = made instanceof Promise ? await made : made
  if (reply !== undefined && (!isBounded || fitHeaders(reply.headers))) return reply
  if (isPage(message, encoding)) return wireReply(encoding.status, pageOf(message))
  const json = await unlessUnencodable(() => encodeAsJson(deps, message, encoding))
  return json ?? reply ?? (await encodeAs(deps, message, encoding))
}

/** A bundle that JSON cannot hold is sent with links: a client has to know of what it asked for. */
async function encodeAsJson(
  deps: ReplyDeps,
  message: Message,
  { status, negotiation }: Encoding,
): Promise<WireReply> {
  const asked = { codec: FALLBACK_CODEC, status, negotiation }
  if (!negotiation.bundle) return await encodeAs(deps, message, asked)
  const reply = await unlessUnencodable(() => encodeAs(deps, message, asked))
  if (reply !== undefined) return reply
  await storeNested(deps, message)
  return await encodeAs(deps, message, { ...asked, negotiation: { ...negotiation, bundle: false } })
}

/** Most replies are made at once, of which nobody need wait for. */
function unlessUnencodable(
  encode: () => WireReply | Promise<WireReply>,
): WireReply | undefined | Promise<WireReply | undefined> {
  try {
    const reply = encode()
    return reply instanceof Promise ? reply.catch(ignoreUnencodable) : reply
  } catch (error) {
    return ignoreUnencodable(error)
  }
}

function ignoreUnencodable(error: unknown): undefined {
  if (!isAoError(error, 'unencodable')) throw error
}

function encodeAs(
  deps: ReplyDeps,
  message: Message,
  encoding: Encoding,
): WireReply | Promise<WireReply> {
  const { codec, negotiation } = encoding
  const encode = deps.encoders.get(codec)
  if (encode === undefined) throw new Error(`No encoder of replies as ${codec}`)
  const encoded = encode(message, { bundle: negotiation.bundle })
  return encoded instanceof Promise
    ? encoded.then((made) => replyOf(made, message, encoding))
    : replyOf(encoded, message, encoding)
}

function replyOf(encoded: Encoded | PlainWire, message: Message, encoding: Encoding): WireReply {
  const { status } = encoding
  return wireReply(status, isPage(message, encoding) ? withPage(encoded, message) : encoded)
}

/** Whether there is room for a page to look at. */
function isPage(message: Message, { codec, negotiation }: Encoding): boolean {
  if (!negotiation.wantsPage || negotiation.bundle || codec !== DEFAULT_CODEC) return false
  return !message.has('body') && !message.has('data') && !message.has('content-type')
}

/** The headers of the message as ever, and a page to look at, which no signature covers. */
function withPage(encoded: Encoded | PlainWire, message: Message): Encoded {
  const kept = headersOf(encoded).filter(
    ([name]) => name !== 'content-type' && name !== 'content-digest',
  )
  const page = pageOf(message)
  return { ...page, headers: [...kept, ...page.headers] }
}

function pageOf(message: Message): Encoded {
  const headers: [string, string][] = [['content-type', 'text/html; charset=utf-8']]
  return { headers, body: messagePage('AO message', message) }
}

function headersOf(encoded: Encoded | PlainWire): (readonly [string, Binary])[] {
  if (!('names' in encoded)) return [...encoded.headers]
  return encoded.names.map((name, index) => [name, encoded.values[index] ?? ''])
}
