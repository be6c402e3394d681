/** Random messages for property tests: every type of value, odd keys, nesting. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toBinary } from '../src/base/bytes.ts'
import { Message } from '../src/message/message.ts'
import { formatTyped } from '../src/message/typed-notation.ts'
import { Atom, Float, type Value } from '../src/message/value.ts'

const wellFormedText = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed())

/** Keys that mean nothing special at any level of any encoding, prototype names among them. */
export const anyKey: fc.Arbitrary<string> = fc
  .oneof(
    fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/),
    fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      'Key',
      'key',
      'é',
      '日本',
      'a b',
      '1',
      '10',
    ),
    wellFormedText,
  )
  .filter(isOrdinaryKey)

function isOrdinaryKey(key: string): boolean {
  const reserved = ['.', 'ao-types', 'commitments', 'content-digest', 'unsigned_id']
  return !reserved.includes(key) && !key.startsWith('priv') && !key.endsWith('+link')
}

export const anyBinary = fc.oneof(
  fc.string(),
  wellFormedText,
  fc.uint8Array({ maxLength: 40 }).map(toBinary),
)

export const anyFloat = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => new Float(value))

export const anyInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt().map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
)

export const anyAtom = fc
  .oneof(
    fc.constantFrom('true', 'false', 'null', 'undefined'),
    fc.stringMatching(/^[a-z][a-z_]{0,8}$/),
  )
  .map((name) => new Atom(name))

export const anyScalar: fc.Arbitrary<Value> = fc.oneof(anyBinary, anyInteger, anyFloat, anyAtom)

/** Messages of up to four levels. */
export const anyMessage: fc.Arbitrary<Message> = fc.letrec<{ message: Message; value: Value }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true, maxDepth: 3 },
      anyScalar,
      fc.array(tie('value'), { maxLength: 4 }),
      tie('message'),
    ),
    message: fc
      .array(fc.tuple(anyKey, tie('value')), { maxLength: 5 })
      .map((entries) => new Message(entries)),
  }),
).message

/** Compares types, keys and values; `deepEqual` alone sees nothing of a message's entries. */
export function assertSameValue(actual: Value, expected: Value): void {
  assert.deepEqual(formatTyped(actual), formatTyped(expected))
}
