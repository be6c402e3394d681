/**
 * json@1.0: integers, floats, lists, maps and text as JSON has them, atoms as text with `ao-types`.
 * The writer gives HyperBEAM's bytes: members sorted, no white space, its own texts of floats and
 * control characters; `JSON.stringify` has none of these, and no integers beyond 2^53.
 */
import { type Binary, compareText, toText } from '../base/bytes.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { type Commitments, isSigned } from '../message/commitment.ts'
import { commitmentsToMessage } from '../message/commitment-map.ts'
import { decodeItems, decodeTabm } from '../message/decode-tabm.ts'
import { encodeAtoms } from '../message/encode-tabm.ts'
import { formatShortFloat } from '../message/float.ts'
import { type InlinedMessage, type InlineForms, inlinedMessages } from '../message/inline-forms.ts'
import { Message } from '../message/message.ts'
import { childId } from '../message/tabm-id.ts'
import { Float, isBinary, isInteger, isList, type List, type Value } from '../message/value.ts'
import { REPLY_VALUES, type ValueLimits } from '../message/value-limit.ts'
import type { BundleOptions } from './codec.ts'
import { readJson } from './json-reader.ts'
import { formatJsonString } from './json-string.ts'

/**
 * JSON of a message, a list or a text. Nested messages are links unless bundled; bundled ones show
 * their commitments only if one of them is signed: an hmac says nothing that the content does not.
 * A list is always bundled, as a reader could not find the types of links in it.
 * @throws AoError `unencodable` for bytes that are no UTF-8 and for lazy links, `invalid-message`
 * for keys that contradict each other, `limit-exceeded`.
 */
export function encodeJson(value: Message | List | Binary, options: BundleOptions = {}): string {
  if (isBinary(value)) return quote(value, '')
  if (isList(value)) return write(encodeAtoms(decodeItems(value)), '')
  const decoded = decodeTabm(value)
  const isBundle = options.bundle === true || isList(decoded)
  const encoded = encodeAtoms(decoded, isBundle ? undefined : childId)
  return isList(encoded) ? write(encoded, '') : writeObject(encoded, encoded.commitments)
}

/** Text of JSON, or the id of a message whose JSON belongs there. */
export type JsonPiece =
  | { readonly text: string }
  | { readonly id: string; readonly from: InlineForms }

/**
 * The same bundle in pieces: what `inlinedMessages` names is left to their forms.
 * @throws AoError see `encodeJson`.
 */
export function encodeJsonPieces(message: Message): JsonPiece[] {
  const inlined = inlinedMessages(message)
  const others = encodeAtoms(decodeTabm(message.without(...inlined.map(({ key }) => key))))
  if (isList(others)) throw new AoError('unencodable', 'Expected a message beside its links')
  const members: [key: string, pieces: readonly JsonPiece[]][] = [
    ...memberNames(others, others.commitments).map((key): [string, JsonPiece[]] => [
      key,
      [{ text: write(member(others, key, others.commitments), key) }],
    ]),
    ...inlined.map((nested): [string, JsonPiece[]] => [nested.key, inlinedPieces(nested)]),
  ]
  return objectPieces(members)
}

/**
 * The JSON of a message that is nested in a bundle. Where something in it has bytes that JSON does
 * not have, it has links to what is nested in it, as without a bundle: its signatures are over them.
 * @throws AoError see `encodeJson`.
 */
export function encodeNestedJson(message: Message): string {
  const decoded = decodeTabm(message)
  try {
    return write(encodeAtoms(decoded), '')
  } catch (error) {
    if (!isAoError(error, 'unencodable')) throw error
    return write(encodeAtoms(decoded, childId), '')
  }
}

function inlinedPieces({ links, forms }: InlinedMessage): JsonPiece[] {
  return objectPieces([...links].map(([key, id]) => [key, [{ id, from: forms }]]))
}

function objectPieces(members: [key: string, pieces: readonly JsonPiece[]][]): JsonPiece[] {
  members.sort((left, right) => compareText(left[0], right[0]))
  const pieces: JsonPiece[] = []
  for (const [index, [key, value]] of members.entries()) {
    pieces.push({ text: `${index === 0 ? '{' : ','}${quote(key, key)}:` }, ...value)
  }
  pieces.push({ text: members.length === 0 ? '{}' : '}' })
  return pieces
}

/**
 * The message that a JSON object means. `ao-types` are honoured, a `key+link` becomes a `Link`.
 * The limits are by default those of what a reader asked for; strangers should have lower ones.
 * @throws AoError `invalid-encoding`, `invalid-message` when it is no object, and what decoding a
 * TABM throws.
 */
export function decodeJson(json: string | Uint8Array, limits: ValueLimits = REPLY_VALUES): Message {
  const value = decodeJsonValue(json, limits)
  if (value instanceof Message) return value
  throw new AoError('invalid-message', 'Expected a JSON object')
}

/**
 * The value of any JSON text but a bare number, `true`, `false` and `null`, which are no messages.
 * @throws AoError see `decodeJson`.
 */
export function decodeJsonValue(
  json: string | Uint8Array,
  limits: ValueLimits = REPLY_VALUES,
): Message | List | string {
  const text = toText(json)
  if (text === undefined) throw new AoError('invalid-encoding', 'Expected JSON in UTF-8')
  const value = readJson(text, limits)
  if (typeof value === 'string') return value
  if (value instanceof Message) return decodeTabm(value)
  if (isList(value)) return decodeItems(value)
  throw new AoError('invalid-encoding', 'Expected a JSON object, array or string')
}

/** Put together with `+` alone: the text is then copied once, at its end, and not at each level. */
function write(value: Value, key: string): string {
  if (isBinary(value)) return quote(value, key)
  if (isInteger(value)) return value.toString()
  if (value instanceof Float) return formatShortFloat(value.value)
  if (isList(value)) return writeList(value, key)
  if (value instanceof Message) return writeObject(value, signedOnly(value.commitments))
  throw new AoError('unencodable', 'Expected a value that JSON has', { key })
}

function writeList(items: List, key: string): string {
  let text = ''
  for (const item of items) text += `${text === '' ? '[' : ','}${write(item, key)}`
  return text === '' ? '[]' : `${text}]`
}

function writeObject(message: Message, commitments: Commitments): string {
  let text = ''
  for (const key of memberNames(message, commitments)) {
    const value = write(member(message, key, commitments), key)
    text += `${text === '' ? '{' : ','}${quote(key, key)}:${value}`
  }
  return text === '' ? '{}' : `${text}}`
}

function memberNames(message: Message, commitments: Commitments): string[] {
  const names = [...message.keys()]
  if (commitments.size > 0) names.push('commitments')
  return names.sort(compareText)
}

/** The value of a key; commitments stand beside the keys of a message, never among them. */
function member(message: Message, key: string, commitments: Commitments): Value {
  return message.get(key) ?? encodeAtoms(commitmentsToMessage(commitments))
}

/** The commitments of a nested message, if anybody signed it. */
function signedOnly(commitments: Commitments): Commitments {
  for (const commitment of commitments.values()) {
    if (!isSigned(commitment)) {
      return new Map([...commitments].filter(([, commitment]) => isSigned(commitment)))
    }
  }
  return commitments
}

function quote(binary: Binary, key: string): string {
  const text = toText(binary)
  if (text !== undefined) return formatJsonString(text)
  throw new AoError('unencodable', 'Expected UTF-8 text in JSON; use httpsig@1.0 for other bytes', {
    key,
  })
}
