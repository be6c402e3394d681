/** The codecs of requests. What a codec leaves unchecked and HTTP must not admit is checked here. */
import { AoError } from '../base/errors.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import { parseFlat } from '../codec/flat.ts'
import { decodeHttpsig, REQUEST_LIMITS } from '../codec/httpsig/httpsig.ts'
import { decodeJson } from '../codec/json.ts'
import { type VerifyResult, verifyMessage } from '../codec/verify.ts'
import { withOnlyCommitted } from '../message/committed.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { REQUEST_VALUES } from '../message/value-limit.ts'
import type { RequestDecoder, RequestDecoders, RequestWire } from './request-message.ts'

export function createRequestDecoders(): RequestDecoders {
  return new Map<string, RequestDecoder>([
    ['httpsig@1.0', fromHttpsig],
    ['ans104@1.0', fromAns104],
    ['json@1.0', fromJson],
    ['flat@1.0', ({ primitive, body }: RequestWire) => merged(primitive, parseFlat(body))],
  ])
}

/**
 * Of a signed request only what is signed. The signature itself is for devices to verify: most
 * requests need none.
 */
function fromHttpsig({ primitive, body, method, target }: RequestWire): Message {
  const wire = { headers: primitive, body, method, target }
  return withOnlyCommitted(decodeHttpsig(wire, { partLimits: REQUEST_LIMITS }))
}

/** Headers and query keys are no part of a data item. */
async function fromAns104({ body }: RequestWire): Promise<Message> {
  const message = decodeAns104(body, { willVerify: true })
  const { signers } = await requireValid(message)
  if (signers.length > 0) return message
  throw new AoError('invalid-signature', 'Expected a signed data item as the body')
}

async function fromJson({ primitive, body }: RequestWire): Promise<Message> {
  const message = decodeJson(body, REQUEST_VALUES)
  await requireValid(message)
  return merged(primitive, message)
}

/** The body beats headers and query. */
function merged(primitive: RequestWire['primitive'], message: Message): Message {
  const keys = new Map<string, Value>([...primitive, ...message])
  return new Message(keys, message.commitments, message.priv)
}

async function requireValid(message: Message): Promise<VerifyResult> {
  const result = await verifyMessage(message)
  if (result.valid) return result
  throw new AoError('invalid-signature', 'Expected a body whose signatures verify', {
    commitments: result.failed.join(' ').slice(0, 256),
  })
}
