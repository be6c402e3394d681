import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Binary } from '../../base/bytes.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { encodeBase64 } from '../../crypto/base64url.ts'
import { sha256, sha256Text } from '../../crypto/hash.ts'
import { type Commitment, isSigned } from '../../message/commitment.ts'
import { Message } from '../../message/message.ts'
import { isList } from '../../message/value.ts'
import { decodeHttpsig, type HttpsigWire, verifyHttpsig } from './httpsig.ts'

function multipart(body: string, contentType = 'multipart/form-data; boundary="b"'): HttpsigWire {
  return { headers: [['content-type', contentType]], body: Buffer.from(body) }
}

function assertRefused(wire: HttpsigWire, code: ErrorCode = 'invalid-encoding'): void {
  assert.throws(() => decodeHttpsig(wire), { name: 'AoError', code })
}

function assertEntries(message: Message, expected: Readonly<Record<string, unknown>>): void {
  assert.deepEqual(Object.fromEntries(message), expected)
}

describe('decodeHttpsig() of a body', () => {
  it('takes a body apart by any boundary, quoted or not, and ignores what is around the parts', () => {
    const body =
      'preamble\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b\r\ncontent-disposition: form-data;name="m"\r\nk: v\r\n--b--\r\nepilogue'
    for (const type of [
      'multipart/form-data; boundary="b"',
      'multipart/form-data;boundary=b',
      'multipart/mixed; charset=utf-8; Boundary=b',
    ]) {
      const message = decodeHttpsig(multipart(body, type))
      assert.equal(message.get('a'), '1')
      assertEntries(message.get('m') as Message, { k: 'v' })
      assert.ok(!message.has('content-type'))
    }
  })

  it('keeps a body whole when its type names no boundary', () => {
    const wire = multipart('--b\r\n', 'text/plain;charset=UTF-8')
    assertEntries(decodeHttpsig(wire), {
      'content-type': 'text/plain;charset=UTF-8',
      body: '--b\r\n',
    })
  })

  it('tells an absent body from an empty one', () => {
    assertEntries(decodeHttpsig({ headers: [] }), {})
    assertEntries(decodeHttpsig({ headers: [], body: Buffer.alloc(0) }), { body: '' })
  })

  it('puts the body of a part under the key body, also beside a line data', () => {
    const message = decodeHttpsig(
      multipart('--b\r\ncontent-disposition: form-data;name="m"\r\ndata: d\r\n\r\nbytes\r\n--b--'),
    )
    assertEntries(message.get('m') as Message, { data: 'd', body: 'bytes' })
  })

  it('keeps a map whose only key is a typed body', () => {
    const message = decodeHttpsig(
      multipart(
        '--b\r\nao-types: body="integer"\r\ncontent-disposition: form-data;name="m"\r\n\r\n5\r\n--b--',
      ),
    )
    assertEntries(message.get('m') as Message, { body: 5 })
  })

  it('reads no prototype out of a key', () => {
    const message = decodeHttpsig(
      multipart('--b\r\ncontent-disposition: form-data;name="__proto__/x"\r\n\r\n1\r\n--b--'),
    )
    assert.equal((message.get('__proto__') as Message).get('x'), '1')
  })

  it('refuses what has no reading, where the node answers with an empty 500', () => {
    for (const body of [
      '',
      '--b--',
      '--b\r\n\r\nno name\r\n--b--',
      '--b\r\ncontent-disposition: form-data\r\n\r\n1\r\n--b--',
      '--b\r\ncontent-disposition: form-data;name=""\r\n\r\n1\r\n--b--',
      '--b\r\ncontent-disposition: form-data;name="a"\r\n\r\n1',
      '--b\r\ncontent-disposition: form-data;name="a"\r\n\r\n1\r\n--b\r\ncontent-disposition: form-data;name="a/b"\r\n\r\n2\r\n--b--',
      '--b\r\ncontent-disposition: form-data;name="%zz"\r\n\r\n1\r\n--b--',
      '--b\r\nao-types: n="integer"\r\ncontent-disposition: form-data;name="m"\r\nn: x\r\n--b--',
    ]) {
      assertRefused(multipart(body))
    }
    const deep = `${'a/'.repeat(200)}a`
    assertRefused(
      multipart(`--b\r\ncontent-disposition: form-data;name="${deep}"\r\n\r\n1\r\n--b--`),
      'limit-exceeded',
    )
  })
})

describe('decodeHttpsig() of signature headers', () => {
  const signed = (signature: string, input: string): HttpsigWire => ({
    headers: [
      ['a', '1'],
      ['signature', signature],
      ['signature-input', input],
    ],
  })

  it('refuses entries that cannot be paired or understood', () => {
    const params = ';alg="hmac-sha256";keyid="constant:ao"'
    for (const [signature, input] of [
      ['comm-x=:AAAA:', `comm-y=("a")${params}`],
      ['comm-x=:AAAA:, comm-y=:AAAA:', `comm-x=("a")${params}`],
      ['comm-x=:AAAA:', 'comm-x=("a");keyid="constant:ao"'],
      ['comm-x=:AAAA:', `comm-x=("a";sf)${params}`],
      ['comm-x=:AAAA:', `comm-x=(a)${params}`],
      ['comm-x="AAAA"', `comm-x=("a")${params}`],
      ['comm-x=:AAAA:', `comm-x="a"${params}`],
      ['comm-x=:AAAA', `comm-x=("a")${params}`],
      ['comm-x=:AAAA:', `comm-x=("a")${params};original-tags="1:a"`],
      ['comm-x=:AAAA:', 'comm-x=("a");alg="rsa-pss-sha512";keyid="publickey:!"'],
    ] as const) {
      assertRefused(signed(signature, input))
    }
  })

  it('takes a lone signature, or a signature of an unknown kind, for none', () => {
    assertEntries(decodeHttpsig({ headers: [['signature', 'AQ']] }), {})
    const message = decodeHttpsig(signed('sig1=:AAAA:', 'sig1=("a");keyid="proxy"'))
    assertEntries(message, { a: '1' })
    assert.equal(message.commitments.size, 0)
  })

  it('keeps an unknown algorithm as a commitment that does not hold', async () => {
    const wire = signed('comm-x=:AAAA:', 'comm-x=("a");alg="x-1";keyid="publickey:AAAA"')
    const [commitment] = [...decodeHttpsig(wire).commitments.values()]
    assert.ok(commitment !== undefined)
    assert.ok(!(await verifyHttpsig(decodeHttpsig(wire), commitment)))
  })
})

/** Signs as other clients do: over the parameters as they are sent. */
interface ForeignOptions {
  readonly headers: readonly (readonly [string, string])[]
  readonly components: readonly string[]
  readonly lines: readonly string[]
  readonly body?: string
  readonly method?: string
  readonly target?: string
}

const keys = generateKeyPairSync('ed25519')
const keyid = rawKey(keys.publicKey)

function rawKey(key: KeyObject): string {
  return String(key.export({ format: 'jwk' }).x)
}

function foreign({ headers, components, lines, body, ...request }: ForeignOptions): HttpsigWire {
  const params = `(${components.map((name) => `"${name}"`).join(' ')});alg="ed25519";keyid="${keyid}"`
  const base = [...lines, `"@signature-params": ${params}`].join('\n')
  const signature = encodeBase64(sign(null, Buffer.from(base), keys.privateKey))
  return {
    headers: [
      ...headers,
      ['signature', `sig=:${signature}:`],
      ['signature-input', `sig=${params}`],
    ],
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
    ...request,
  }
}

function signatureOf(message: Message): Commitment {
  const [signature] = [...message.commitments.values()].filter(isSigned)
  assert.ok(signature !== undefined)
  return signature
}

async function assertHolds(wire: HttpsigWire): Promise<Message> {
  const message = decodeHttpsig(wire)
  assert.ok(await verifyHttpsig(message, signatureOf(message)))
  return message
}

const digestOf = (body: Binary) => `sha-256=:${encodeBase64(sha256(body))}:`

describe('decodeHttpsig() of other signers', () => {
  it('holds with and without @ in the lines of derived components, whatever their order', async () => {
    for (const at of ['', '@']) {
      const message = await assertHolds(
        foreign({
          headers: [
            ['b', '2'],
            ['host', 'Example.com'],
            ['x', 'unsigned'],
          ],
          components: ['b', '@method', '@path', '@authority'],
          lines: [
            '"b": 2',
            `"${at}method": POST`,
            `"${at}path": /p`,
            `"${at}authority": example.com`,
          ],
          method: 'POST',
          target: '/p?q=1',
        }),
      )
      assert.deepEqual(signatureOf(message).committed, ['b', 'method', 'path'])
      assert.equal(message.get('path'), '/p')
    }
  })

  it('takes a path header before the path of the request', async () => {
    const message = await assertHolds(
      foreign({
        headers: [['path', '/header']],
        components: ['@path'],
        lines: ['"path": /header'],
        target: '/target',
      }),
    )
    assert.equal(message.get('path'), '/header')
  })

  it('puts the body under the key that inline-body-key names', async () => {
    const message = await assertHolds(
      foreign({
        headers: [
          ['content-digest', digestOf('l1\nl2')],
          ['inline-body-key', 'data'],
          ['body-keys', '"data"'],
        ],
        components: ['content-digest', 'inline-body-key'],
        lines: [`"content-digest": ${digestOf('l1\nl2')}`, '"inline-body-key": data'],
        body: 'l1\nl2',
      }),
    )
    assertEntries(message, { data: 'l1\nl2' })
    assert.deepEqual(signatureOf(message).committed, ['data'])
  })

  it('reads a digest in base64url, and refuses another body or none', async () => {
    const digest = `sha-256=:${sha256Text('body')}:`
    const options = {
      headers: [['content-digest', digest]] as const,
      components: ['content-digest'],
      lines: [`"content-digest": ${digest}`],
    }
    await assertHolds(foreign({ ...options, body: 'body' }))
    assertRefused(foreign({ ...options, body: 'other' }), 'invalid-signature')
    assertRefused(foreign({ ...options, body: '' }), 'invalid-signature')
    assertRefused(foreign(options), 'invalid-signature')
  })

  it('refuses a signed body whose boundary is not signed', () => {
    const body = '--b\r\ncontent-disposition: form-data;name="a"\r\n\r\n1\r\n--b--'
    const wire = foreign({
      headers: [
        ['content-digest', digestOf(body)],
        ['content-type', 'multipart/form-data; boundary="b"'],
      ],
      components: ['content-digest'],
      lines: [`"content-digest": ${digestOf(body)}`],
      body,
    })
    assertRefused(wire, 'invalid-signature')
  })

  it('reads lists as aoconnect writes them', async () => {
    const list = '(ao-type-binary) a, b,(ao-type-integer) 1,(ao-type-boolean) true'
    const body = '--b\r\ncontent-disposition: form-data;name="items/0"\r\nk: v\r\n\r\n--b--'
    const type = 'multipart/form-data; boundary="b"'
    const message = await assertHolds(
      foreign({
        headers: [
          ['ao-types', 'l=list'],
          ['content-digest', digestOf(body)],
          ['content-type', type],
          ['l', list],
        ],
        components: ['ao-types', 'content-digest', 'content-type', 'l'],
        lines: [
          '"ao-types": l=list',
          `"content-digest": ${digestOf(body)}`,
          `"content-type": ${type}`,
          `"l": ${list}`,
        ],
        body,
      }),
    )
    const [first, second, third] = message.get('l') as unknown[]
    assert.deepEqual([first, second], ['a, b', 1])
    assert.equal((third as { name: string }).name, 'true')
    const items = message.get('items')
    assert.ok(isList(items) && items[0] instanceof Message)
  })

  it('verifies later from what was kept, and only the message that was received', async () => {
    const body = '--b\r\ncontent-disposition: form-data;name="m"\r\nk: v\r\n\r\n--b--'
    const type = 'multipart/form-data; boundary="b"'
    const message = await assertHolds(
      foreign({
        headers: [
          ['content-digest', digestOf(body)],
          ['content-type', type],
        ],
        components: ['content-digest', 'content-type'],
        lines: [`"content-digest": ${digestOf(body)}`, `"content-type": ${type}`],
        body,
      }),
    )
    const signature = signatureOf(message)
    assert.equal(signature.wire?.kind, 'httpsig')
    const changed = message.with([['m', new Message([['k', 'w']])]])
    assert.ok(!(await verifyHttpsig(changed, signature)))
    const { wire: _, ...bare } = signature
    assert.ok(!(await verifyHttpsig(message, bare)))
  })

  it('holds where types of keys were added after signing', async () => {
    const wire = foreign({
      headers: [
        ['ao-types', 'n="integer", status="integer"'],
        ['n', '1'],
        ['status', '200'],
      ],
      components: ['ao-types', 'n'],
      lines: ['"ao-types": n="integer"', '"n": 1'],
    })
    assert.equal((await assertHolds(wire)).get('status'), 200)
  })

  it('takes ids out of ao-ids', async () => {
    const id = 'A'.repeat(43)
    const message = await assertHolds(
      foreign({
        headers: [['ao-ids', `${id}="x"`]],
        components: ['ao-ids'],
        lines: [`"ao-ids": ${id}="x"`],
      }),
    )
    assertEntries(message, { [id]: 'x' })
    assert.deepEqual(signatureOf(message).committed, [id])
  })

  it('gives such a message an hmac over what is signed', () => {
    const message = decodeHttpsig(
      foreign({
        headers: [
          ['a', '1'],
          ['user-agent', 'x'],
        ],
        components: ['a'],
        lines: ['"a": 1'],
      }),
    )
    const hmac = [...message.commitments.values()].find((commitment) => !isSigned(commitment))
    assert.deepEqual(hmac?.committed, ['a'])
  })
})
