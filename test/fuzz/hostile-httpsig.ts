/** Requests of httpsig@1.0 whose parts and signatures do not fit each other. */
import fc from 'fast-check'
import type { Binary } from '../../src/base/bytes.ts'
import type { HttpsigWire } from '../../src/codec/httpsig/httpsig.ts'
import { anyToken, hostileText } from './mutate.ts'

type Headers = readonly (readonly [string, Binary])[]

const anyName = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'body',
    'data',
    'a/b',
    'a/b/c',
    'a/1',
    '1',
    'ao-types',
    'commitments/x',
  ),
  anyToken,
)

const anyHeaders: fc.Arbitrary<Headers> = fc.array(fc.tuple(anyName, hostileText), { maxLength: 5 })

const anyPart = fc
  .record({
    disposition: fc.oneof(
      { weight: 8, arbitrary: anyName.map((name) => `form-data;name="${name}"`) },
      fc.constantFrom('inline', 'form-data', 'attachment; name=a', ''),
      hostileText,
    ),
    headers: fc.array(fc.tuple(anyName, hostileText), { maxLength: 4 }),
    body: fc.oneof(hostileText, fc.constant(''), fc.constant('--b--\r\n')),
    newline: fc.constantFrom('\r\n', '\n', ''),
  })
  .map(({ disposition, headers, body, newline }) => {
    const lines = headers.map(([name, value]) => `${name}: ${value}`)
    return [`content-disposition: ${disposition}`, ...lines, '', body].join('\r\n') + newline
  })

/** Parts in parts, with boundaries that end too early or never. */
export const anyMultipart: fc.Arbitrary<HttpsigWire> = fc
  .record({
    boundary: fc.constantFrom(
      'b',
      'b',
      'b',
      'b',
      '',
      '--',
      'b"c',
      'b;x',
      '\r\n',
      'b b',
      'x'.repeat(100),
    ),
    parts: fc.array(anyPart, { minLength: 1, maxLength: 6 }),
    ending: fc.constantFrom('--', '--', '--', '--\r\n', '', '-'),
    headers: anyHeaders,
    bodyKeys: fc.option(hostileText, { nil: undefined }),
  })
  .map(({ boundary, parts, ending, headers, bodyKeys }) => ({
    headers: [
      ['content-type', `multipart/form-data; boundary="${boundary}"`] as const,
      ...(bodyKeys === undefined ? [] : [['body-keys', bodyKeys] as const]),
      ...headers,
    ],
    body: Buffer.from(
      `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}${ending}`,
    ),
  }))

const anyComponent = fc.oneof(
  fc.constantFrom(
    ...['"a"', '"body"', '"content-digest"', '"@path"', '"@method"', '"@status"', '"a";sf'],
  ),
  fc.constantFrom(
    '"a";key="b"',
    '"@query-param";name="x"',
    '"a";req',
    '"a";bs',
    '"ao-types"',
    'a',
    '1',
  ),
  anyToken.map((token) => JSON.stringify(token)),
)

const anyLabel = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('comm-a', 'comm-b', 'sig1', '*x', 'comm-_-.*') },
  fc.constantFrom('comm-a', 'comm-b', 'sig1', '*', 'http-sig-1', 'COMM', '__proto__'),
  anyToken,
)

const anyInput = fc
  .record({
    components: fc.array(anyComponent, { maxLength: 5 }),
    algorithm: fc.constantFrom(
      ...['rsa-pss-sha512', 'hmac-sha256', 'ed25519', 'none', 'ecdsa-p256-sha256'],
    ),
    keyid: fc.constantFrom(
      ...['constant:ao', 'publickey:AAAA', `publickey:${'A'.repeat(684)}`, 'secret:x', ''],
    ),
    more: fc.constantFrom(
      ...['', ';created=1', ';created="x"', ';expires=-1', ';tag="a/b"', ';bundle="true"'],
      ...[';nonce'],
    ),
  })
  .map(({ components, algorithm, keyid, more }) => {
    return `(${components.join(' ')});alg="${algorithm}";keyid="${keyid}"${more}`
  })

const anySignature = fc.constantFrom(
  ...[':AAAA:', ':AAAA:', `:${'A'.repeat(43)}=:`, `:${'A'.repeat(684)}:`],
  ...[':!:', '"x"', '?1'],
)

/** A signature and its input, which nearly always have the same label. */
const anyPair = fc
  .tuple(
    anyLabel,
    anyInput,
    anySignature,
    fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, anyLabel),
  )
  .map(([label, input, signature, other]) => ({
    input: `${label}=${input}`,
    signature: `${other ?? label}=${signature}`,
  }))

export const anySignatureHeaders: fc.Arbitrary<HttpsigWire> = fc
  .record({
    headers: anyHeaders,
    pairs: fc.array(anyPair, { maxLength: 3 }),
    digest: fc.option(fc.constantFrom('sha-256=:AAAA:', 'sha-256=x', 'md5=:AAAA:', ''), {
      nil: undefined,
    }),
    body: fc.option(hostileText, { nil: undefined }),
  })
  .map(({ headers, pairs, digest, body }) => ({
    headers: [
      ...headers,
      ['signature-input', pairs.map(({ input }) => input).join(', ')] as const,
      ['signature', pairs.map(({ signature }) => signature).join(', ')] as const,
      ...(digest === undefined ? [] : [['content-digest', digest] as const]),
    ],
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
    method: 'POST',
    target: '/a?b=c',
  }))
