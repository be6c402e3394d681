/**
 * Keys of a message: how they are made text, which are private or regenerable, how they are looked
 * up, and ids, which are told from other binaries by their length alone (`hb_util:human_id`).
 */
import { type Binary, byteLength, toBytes, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { decodeBase64, encodeBase64url } from '../crypto/base64url.ts'
import type { Message } from './message.ts'
import { Atom, isInteger } from './value.ts'

/** Ends the key under which a message holds the id of a nested message instead of the message. */
export const LINK_SUFFIX = '+link'

/** The key under which a level of a message holds the types of its values. */
export const TYPES_KEY = 'ao-types'

/** Levels of nesting that are encoded and decoded; deeper ones are refused, not left to the stack. */
export const MAX_DEPTH = 128

/** How long an id is: 32 raw bytes, 43 characters of base64url, or an Ethereum address of 42. */
const NATIVE_LENGTH = 32
const ADDRESS_LENGTH = 42
const HUMAN_LENGTH = 43

/**
 * The text of a key: an integer becomes decimal text, an atom its name, a list its parts joined by
 * `/` (`hb_ao:normalize_key`).
 * @throws AoError `invalid-key` for anything else, a float too, and for bytes that are no UTF-8.
 */
export function normalizeKey(key: unknown): string {
  if (typeof key === 'string') return key
  if (isInteger(key)) return key.toString()
  if (key instanceof Atom) return key.name
  if (Array.isArray(key)) return key.map(normalizeKey).join('/')
  const text = key instanceof Uint8Array ? toText(key) : undefined
  if (text === undefined) {
    throw new AoError(
      'invalid-key',
      'Expected a key of text, an integer, an atom or parts of these',
    )
  }
  return text
}

/** Whether a key never leaves the node: `priv` and every key that starts with it. */
export function isPrivateKey(key: string): boolean {
  return key.startsWith('priv')
}

/** Whether a key is left out of encodings because it can be made anew. */
export function isRegenerableKey(key: string): boolean {
  return key === 'content-digest' || key === 'unsigned_id'
}

/** The key that `key+link` stands for, or `undefined` when `key` is no such key. */
export function linkedKey(key: string): string | undefined {
  return key.endsWith(LINK_SUFFIX) ? key.slice(0, -LINK_SUFFIX.length) : undefined
}

/** Whether a key is as long as an id, so that header forms must escape it. */
export function isIdKey(key: string): boolean {
  // A character has three bytes at most, and most keys are shorter than any id.
  const canBe = key.length <= HUMAN_LENGTH && 3 * key.length >= NATIVE_LENGTH
  return canBe && isIdLength(byteLength(key))
}

/** Whether a binary counts as an id: by its length only. */
export function isId(binary: Binary): boolean {
  if (typeof binary === 'string') return isIdKey(binary)
  return isIdLength(binary.length)
}

/**
 * The text form of an id; one of 42 or 43 bytes stays as it is.
 * @throws AoError `invalid-id` for any other length.
 */
export function toHumanId(id: Binary): string {
  const length = byteLength(id)
  if (length === NATIVE_LENGTH) return encodeBase64url(toBytes(id))
  const text = isIdLength(length) ? toText(id) : undefined
  if (text === undefined) throw notAnId(length)
  return text
}

/**
 * The raw form of an id: 43 characters are decoded; 32 bytes, and an address of 42, stay.
 * @throws AoError `invalid-id` for any other length and for 43 bytes that are no base64url.
 */
export function toNativeId(id: Binary): Uint8Array {
  const length = byteLength(id)
  if (length === NATIVE_LENGTH || length === ADDRESS_LENGTH) return toBytes(id)
  const text = length === HUMAN_LENGTH ? toText(id) : undefined
  if (text === undefined) throw notAnId(length)
  try {
    return decodeBase64(text)
  } catch (cause) {
    throw new AoError('invalid-id', 'Expected an id in base64url', { length }, cause)
  }
}

/** The value of exactly this key, else of the key in lower case; private keys are never found. */
export function getKey<V>(message: Message<V>, key: string): V | undefined {
  if (isPrivateKey(key)) return undefined
  const value = message.get(key)
  if (value !== undefined) return value
  const lower = key.toLowerCase()
  return lower === key || isPrivateKey(lower) ? undefined : message.get(lower)
}

function isIdLength(length: number): boolean {
  return length === NATIVE_LENGTH || length === ADDRESS_LENGTH || length === HUMAN_LENGTH
}

function notAnId(length: number): AoError {
  return new AoError('invalid-id', 'Expected an id of 43, 42 or 32 bytes', { length })
}
