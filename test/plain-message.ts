/** Random messages of few keys that mean something in header forms, with the values that matter there. */
import fc from 'fast-check'
import type { Commitment } from '../src/message/commitment.ts'
import { Message } from '../src/message/message.ts'
import { Atom, Float, Link, type Value } from '../src/message/value.ts'

const keys = [
  ...['a', 'b', 'Key', 'é', 'a b', '1', 'a/b', 'a%2fb', '', '.', 'x'.repeat(43), 'y'.repeat(70)],
  ...['body', 'data', 'path', 'method', 'target', 'status', 'content-type', 'content-digest'],
  ...['ao-body-key', 'ao-types', 'signature', 'signature-input', 'commitments', 'priv', 'private'],
  ...['unsigned_id', 'a+link', 'body+link', 'data+link', 'content-digest+link', 'connection'],
]

const commitment: Commitment = {
  ...{ id: 'i'.repeat(43), device: 'ans104@1.0', type: '', committed: [], committer: 'somebody' },
  fields: new Map(),
}
const signed = new Message<Value>([['k', 'v']], new Map([[commitment.id, commitment]]))

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>('', 'v', ' v', 'v\n', 'multipart/mixed', 'text/plain', 'ü', 'data', 'a'),
  fc.constantFrom<Value>(
    'v'.repeat(4_096),
    'v'.repeat(4_097),
    'ü'.repeat(2_048),
    '\u20ac'.repeat(1_366),
  ),
  fc.constantFrom<Value>(
    0,
    -0,
    -1,
    2n ** 70n,
    Atom.true,
    new Atom('é'),
    new Float(1),
    new Float(-0),
  ),
  fc.constantFrom<Value>(Uint8Array.of(0xff), new Uint8Array(), new Uint8Array(5_000), [], [1]),
  fc.constantFrom<Value>(new Link('l'.repeat(43)), new Link('p', { lazy: true }), new Link('')),
  fc.constantFrom<Value>(new Link('t', { type: 'integer' }), signed, new Message([['n', 1]])),
)

export const anyPlainMessage: fc.Arbitrary<Message> = fc
  .array(fc.tuple(fc.constantFrom(...keys), value), { maxLength: 7 })
  .map((entries) => new Message<Value>(entries))

/** What a call gives, or the code of what it throws. */
export function outcomeOf<T>(call: () => T): T | { readonly code: unknown } {
  try {
    return call()
  } catch (error) {
    return { code: (error as { code?: unknown }).code }
  }
}
