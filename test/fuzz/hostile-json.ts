/** JSON with members that mean something, and more levels than anybody needs. */
import fc from 'fast-check'
import { anyToken, hostileText } from './mutate.ts'

interface Levels {
  json: string
}

const anyKey = fc.oneof(anyToken, fc.string({ maxLength: 6 }), fc.constantFrom('a', 'b', '1', '2'))

const anyNumber = fc.oneof(
  fc.double().map((value) => String(value)),
  fc.bigInt().map(String),
  fc.constantFrom('-0', '1e400', '1E-400', '0.1', '01', '.5', '5.', '+1', '--1', '1_000'),
  fc.nat(2_000).map((digits) => '7'.repeat(digits + 1)),
)

const anyTypes = fc
  .array(
    fc.tuple(
      anyKey,
      fc.constantFrom('integer', 'list', 'map', 'float', 'atom', 'empty-message', 'x'),
    ),
    {
      maxLength: 4,
    },
  )
  .map((types) => types.map(([key, type]) => `${key}="${type}"`).join(', '))

const anyMember = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(anyKey, value).map(([key, json]) => `${quote(key)}:${json}`) },
    anyTypes.map((types) => `"ao-types":${quote(types)}`),
    anyCommitments.map((commitments) => `"commitments":${commitments}`),
  )

const anyCommitment = fc.record(
  {
    'commitment-device': fc.constantFrom('httpsig@1.0', 'ans104@1.0', 'x@1.0', ''),
    type: fc.constantFrom(
      ...['rsa-pss-sha512', 'rsa-pss-sha256', 'hmac-sha256', 'unsigned-sha256', 'ed25519', 'x'],
    ),
    keyid: fc.constantFrom('constant:ao', 'publickey:AAAA', `publickey:${'A'.repeat(684)}`, 'x'),
    committer: fc.constantFrom('A'.repeat(43), 'x', 7),
    signature: fc.constantFrom('A'.repeat(43), 'A'.repeat(683), '', 'not base64!'),
    committed: fc.oneof(
      fc.array(anyKey, { maxLength: 4 }),
      fc.constant('a'),
      fc.dictionary(anyKey, anyKey),
    ),
    bundle: fc.constantFrom('true', true, 1),
    tag: hostileText,
    'original-tags': fc.dictionary(anyKey, fc.dictionary(anyKey, anyKey)),
  },
  { requiredKeys: [] },
)

const anyCommitments = fc
  .dictionary(fc.oneof(anyKey, fc.constant('A'.repeat(43))), anyCommitment, { maxKeys: 3 })
  .map((commitments) => JSON.stringify(commitments))

const anyObject = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(anyMember(value), { maxLength: 5 }).map((members) => `{${members.join(',')}}`)

const anyLeaf = fc.oneof(
  fc.oneof(hostileText, fc.string()).map(quote),
  anyNumber,
  fc.constantFrom('true', 'false', 'null', 'nul', '""', '{}', '[]'),
)

const anyValue: fc.Arbitrary<string> = fc.letrec<Levels>((tie) => {
  const json = tie('json') as fc.Arbitrary<string>
  const anyArray = fc.array(json, { maxLength: 4 }).map((items) => `[${items.join(',')}]`)
  return { json: fc.oneof({ maxDepth: 4, depthSize: 'small' }, anyLeaf, anyArray, anyObject(json)) }
}).json

export const anyJson: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: anyObject(anyValue) },
  { weight: 2, arbitrary: anyValue },
  fc
    .tuple(fc.constantFrom('[', '{"a":', '[{"a":', '"\\u'), fc.nat(400))
    .map(([open, n]) => open.repeat(n)),
  fc.nat(300).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.nat(300).map((depth) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`),
)

function quote(text: string): string {
  return JSON.stringify(text)
}
