/** The codecs of replies. Source: HyperBEAM, `hb_http:encode_reply`. */
import { byteLength } from '../base/bytes.ts'
import { encodeAns104 } from '../codec/ans104/ans104.ts'
import { formatFlat } from '../codec/flat.ts'
import { encodeHttpsig, encodePlain } from '../codec/httpsig/httpsig.ts'
import { encodeJson, encodeJsonPieces } from '../codec/json.ts'
import { isSigned } from '../message/commitment.ts'
import { inlinedMessages } from '../message/inline-forms.ts'
import type { Message } from '../message/message.ts'
import { Atom, Float, isBinary, isInteger, type Value } from '../message/value.ts'
import { HeaderRoom } from './header-bounds.ts'
import { encodeHeaderName, encodeHeaderValue } from './header-text.ts'
import { inlineParts, jsonBody } from './inline-bodies.ts'
import type { ReplyEncoder, ReplyEncoders } from './reply.ts'
import type { Encoded } from './wire-reply.ts'

/** Longer values are in the body only: clients limit the size of all headers together. */
const MAX_COPIED_BYTES = 4_096

export function createReplyEncoders(): ReplyEncoders {
  return new Map<string, ReplyEncoder>([
    ['httpsig@1.0', asHttpsig],
    ['ans104@1.0', asAns104],
    ['json@1.0', asJson],
    [
      'flat@1.0',
      (message) => ({
        headers: [['codec-device', 'flat@1.0'], ...copiedKeys(message)],
        body: formatFlat(message),
      }),
    ],
  ])
}

const asAns104: ReplyEncoder = (message, options) => ({
  headers: [
    ['codec-device', 'ans104@1.0'],
    ['content-type', 'application/ans104'],
  ],
  body: encodeAns104(onlySigned(message), options),
})

// WAO passes over signatures whose label has an underscore.
const LABELS = 'hyphenated'

const asHttpsig: ReplyEncoder = (message, { bundle }) => {
  if (bundle) return asBundle(message)
  return encodePlain(message, LABELS) ?? encodeHttpsig(message, { labels: LABELS })
}

async function asBundle(message: Message): Promise<Encoded> {
  const inlined = inlinedMessages(message)
  const parts = inlined.length === 0 ? {} : { inlined: await inlineParts(inlined) }
  return encodeHttpsig(message, { bundle: true, ...parts, labels: LABELS })
}

const asJson: ReplyEncoder = async (message, options) => {
  const headers: [string, string][] = [
    ...copiedKeys(message),
    ['codec-device', 'json@1.0'],
    ['content-type', 'application/json'],
  ]
  const isStreamed = options.bundle && inlinedMessages(message).length > 0
  if (!isStreamed) return { headers, body: encodeJson(message, options) }
  return { headers, ...(await jsonBody(encodeJsonPieces(message))) }
}

function onlySigned(message: Message): Message {
  const signed = [...message.commitments].filter(([, commitment]) => isSigned(commitment))
  return message.withCommitments(new Map(signed))
}

/**
 * Scalar keys, as a courtesy to clients that read only headers; what no header can be is left out,
 * and what there is no room for.
 */
function copiedKeys(message: Message): [string, string][] {
  const copied: [string, string][] = []
  const room = new HeaderRoom()
  for (const [key, value] of message) {
    if (NOT_COPIED.has(key)) continue
    const name = encodeHeaderName(key)
    const text = name === undefined ? undefined : headerText(value)
    if (name === undefined || text === undefined) continue
    if (name === 'status' || room.take(name, text)) copied.push([name, text])
  }
  return copied
}

const NOT_COPIED: ReadonlySet<string> = new Set(['body', 'data', 'codec-device', 'content-type'])

function headerText(value: Value): string | undefined {
  if (isInteger(value)) return value.toString()
  if (value instanceof Atom) return value.name
  if (value instanceof Float) return formatDecimals(value.value)
  if (!isBinary(value) || byteLength(value) > MAX_COPIED_BYTES) return undefined
  return typeof value === 'string' && encodeHeaderValue(value) !== undefined ? value : undefined
}

/** Ten decimals without the zeros at the end, but for one. */
function formatDecimals(value: number): string {
  return value.toFixed(10).replace(/(\.\d+?)0+$/, '$1')
}
