/**
 * Small things many times over, up to a megabyte: what grows faster than its input would let a few
 * requests stop the node.
 */
import fc from 'fast-check'
import type { HttpRequest } from '../replay.ts'

const MEGABYTE = 1_048_576

/** So many copies, each with its number, as fit into so many bytes. */
function copies(copy: (n: number) => string, bytes: number, separator = ''): string {
  const parts: string[] = []
  let length = 0
  for (let n = 0; length < bytes; n++) {
    const part = copy(n)
    parts.push(part)
    length += part.length + separator.length
  }
  return parts.join(separator)
}

type Headers = readonly (readonly [string, string])[]

function post(type: string, body: string, headers: Headers = []): HttpRequest {
  const all: Headers = [['content-type', type], ...headers]
  return { method: 'POST', path: '/~message@1.0/set', headers: all, body: Buffer.from(body) }
}

function get(path: string, headers: Headers = []): HttpRequest {
  return { method: 'GET', path, headers }
}

const MULTIPART = 'multipart/form-data; boundary="b"'

function part(name: string, value = ''): string {
  return `--b\r\ncontent-disposition: form-data;name="${name}"\r\n\r\n${value}\r\n`
}

type Bomb = (bytes: number) => HttpRequest

const JSON_BOMBS: readonly Bomb[] = [
  (bytes) => post('application/json', `{${copies((n) => `"k${n}":1`, bytes, ',')}}`),
  (bytes) => post('application/json', `{${copies((n) => `"k${n}":{}`, bytes, ',')}}`),
  (bytes) => post('application/json', `{${copies((n) => `"k${n}":[[]]`, bytes, ',')}}`),
  (bytes) => post('application/json', `{${copies((n) => `"k${n}":{"a":{"b":"c"}}`, bytes, ',')}}`),
  (bytes) => post('application/json', `{"a":[${copies(() => '0', bytes, ',')}]}`),
  (bytes) => post('application/json', `{"a":[${copies(() => '{}', bytes, ',')}]}`),
  (bytes) => post('application/json', `{"a":[${copies(() => '[]', bytes, ',')}]}`),
  (bytes) => post('application/json', `{"a":[${copies(() => '"x"', bytes, ',')}]}`),
  (bytes) => post('application/json', `{"a":${'9'.repeat(bytes)}}`),
  (bytes) => post('application/json', `{"a":0.${'9'.repeat(bytes)}}`),
  (bytes) => post('application/json', `{"a":1e${'9'.repeat(bytes)}}`),
  (bytes) => post('application/json', `{"a":"${'\\u0041'.repeat(bytes / 6)}"}`),
  (bytes) => post('application/json', `{"a":"${'\\"'.repeat(bytes / 2)}"}`),
  (bytes) =>
    post('application/json', `{"ao-types":"${copies((n) => `k${n}=\\"integer\\"`, bytes, ', ')}"}`),
  (bytes) => post('application/json', `{"a":"${'9'.repeat(bytes)}","ao-types":"a=\\"integer\\""}`),
  (bytes) =>
    post('application/json', `{"a":"${copies(() => '1', bytes, ', ')}","ao-types":"a=\\"list\\""}`),
  (bytes) =>
    post('application/json', `{${copies((n) => `"k${n}+link":"${'A'.repeat(43)}"`, bytes, ',')}}`),
  (bytes) =>
    post(
      'application/json',
      `{"commitments":{${copies((n) => `"${String(n).padStart(43, 'A')}":{"commitment-device":"httpsig@1.0","type":"hmac-sha256","keyid":"constant:ao","committed":["a"],"signature":"${String(n).padStart(43, 'A')}"}`, bytes, ',')}}}`,
    ),
  (bytes) =>
    post(
      'application/json',
      `{"commitments":{"${'A'.repeat(43)}":{"commitment-device":"httpsig@1.0","type":"hmac-sha256","keyid":"constant:ao","signature":"${'A'.repeat(43)}","committed":[${copies((n) => `"k${n}"`, bytes, ',')}]}}}`,
    ),
]

const OTHER_BODIES: readonly Bomb[] = [
  (bytes) => post(MULTIPART, `${copies((n) => part(`k${n}`), bytes)}--b--`),
  (bytes) => post(MULTIPART, `${copies((n) => part(`a/b/c/d/e/f/k${n}`), bytes)}--b--`),
  (bytes) => post(MULTIPART, `${copies((n) => part(`k${n}/a`), bytes)}--b--`),
  (bytes) =>
    post(
      MULTIPART,
      `${part(
        'a',
        copies((n) => `k${n}: 1`, bytes, '\r\n'),
      )}--b--`,
    ),
  (bytes) => post(MULTIPART, `${part('a', '--b'.repeat(bytes / 3))}--b--`),
  (bytes) => post(MULTIPART, `${part('a', '\r\n'.repeat(bytes / 2))}--b--`),
  (bytes) => post(MULTIPART, `${part('a/'.repeat(bytes / 2))}--b--`),
  (bytes) =>
    post(
      MULTIPART,
      `--b\r\ncontent-disposition: ${copies((n) => `form-data;name="k${n}"`, bytes, ';')}\r\n\r\n\r\n--b--`,
    ),
  (bytes) =>
    post(
      'application/flat@1.0',
      copies((n) => `k${n}: 1`, bytes, '\n'),
    ),
  (bytes) =>
    post(
      'application/flat@1.0',
      copies((n) => `a/b/c/k${n}: 1`, bytes, '\n'),
    ),
  (bytes) =>
    post(
      'application/flat@1.0',
      copies((n) => `k${n}/a/b: 1`, bytes, '\n'),
    ),
  (bytes) => post('application/flat@1.0', `${'a/'.repeat(bytes / 2)}b: 1`),
  (bytes) => post('text/plain', 'x'.repeat(bytes)),
  (bytes) => post(MULTIPART, `${copies((n) => part(`k${n}${'/a'.repeat(120)}`), bytes)}--b--`),
  (bytes) =>
    post(
      MULTIPART,
      `--b\r\ncontent-disposition: form-data;name="a"\r\n${copies((n) => `k${n}: 1`, bytes, '\r\n')}\r\n\r\n--b--`,
    ),
  (bytes) =>
    post(
      'application/flat@1.0',
      copies((n) => `k${n}${'/a'.repeat(120)}: 1`, bytes, '\n'),
    ),
  (bytes) =>
    post(
      'application/flat@1.0',
      copies((n) => `a${'/a'.repeat(120)}/k${n}: 1`, bytes, '\n'),
    ),
]

const HEADERS: readonly Bomb[] = [
  (bytes) =>
    get(
      '/a',
      Array.from({ length: 900 }, (_, n) => [`k${n}`, 'x'.repeat(bytes / 1_000)]),
    ),
  (bytes) => get('/a', [['ao-types', copies((n) => `k${n}="integer"`, bytes, ', ')]]),
  (bytes) =>
    get('/a', [
      ['ao-types', 'a="list"'],
      ['a', copies((n) => `"(ao-type-integer) ${n}"`, bytes, ', ')],
    ]),
  (bytes) =>
    get('/a', [
      ['ao-types', 'a="list"'],
      ['a', copies(() => '()', bytes, ', ')],
    ]),
  (bytes) =>
    get('/a', [
      ['ao-types', 'a="integer"'],
      ['a', '9'.repeat(bytes)],
    ]),
  (bytes) =>
    get('/a', [
      [
        'signature-input',
        copies((n) => `c${n}=("a");alg="hmac-sha256";keyid="constant:ao"`, bytes, ', '),
      ],
      ['signature', copies((n) => `c${n}=:AAAA:`, bytes / 4, ', ')],
    ]),
  (bytes) =>
    get('/a', [
      [
        'signature-input',
        `c=(${copies((n) => `"k${n}"`, bytes, ' ')});alg="hmac-sha256";keyid="constant:ao"`,
      ],
      ['signature', 'c=:AAAA:'],
      ['k1', '1'],
    ]),
  (bytes) =>
    get('/a', [
      ['signature-input', `c=("a");alg="rsa-pss-sha512";keyid="publickey:${'A'.repeat(bytes)}"`],
      ['signature', 'c=:AAAA:'],
      ['a', '1'],
    ]),
  (bytes) =>
    get('/a', [
      ['signature-input', `c=("a")${';x'.repeat(bytes / 2)}`],
      ['signature', 'c=:AAAA:'],
    ]),
  (bytes) =>
    get('/a', [
      ['signature-input', `c=("a");alg="hmac-sha256";keyid="constant:ao"`],
      ['signature', `c=:${'A'.repeat(bytes)}:`],
      ['a', '1'],
    ]),
  (bytes) => get('/a', [['accept', copies(() => 'text/x;q=0.1', bytes, ',')]]),
  (bytes) => get('/a', [['x-forwarded-for', copies(() => '1.1.1.1', bytes, ', ')]]),
  (bytes) => get('/a', [['via', copies(() => `1.1 ${'A'.repeat(43)}`, bytes, ', ')]]),
  (bytes) => get('/a', [['content-digest', copies((n) => `k${n}=:AAAA:`, bytes, ', ')]]),
]

const PATHS: readonly Bomb[] = [
  (bytes) => get(`/${'a/'.repeat(bytes / 2)}`),
  (bytes) => get(`/${'('.repeat(bytes)}`),
  (bytes) => get(`/${'('.repeat(bytes / 2)}${')'.repeat(bytes / 2)}`),
  (bytes) => get(`/${'"'.repeat(bytes)}`),
  (bytes) => get(`/${'%41'.repeat(bytes / 3)}`),
  (bytes) => get(`/${'%25'.repeat(bytes / 3)}`),
  (bytes) => get(`/a?${copies((n) => `k${n}=1`, bytes, '&')}`),
  (bytes) => get(`/a?${copies((n) => `k${n}+integer=1`, bytes, '&')}`),
  (bytes) => get(`/a/b/c/d/e/f/g/h?${copies((n) => `${n}.k${n}=1`, bytes, '&')}`),
  (bytes) => get(`/a?${'&'.repeat(bytes)}`),
  (bytes) => get(`/a?x=${'+'.repeat(bytes)}`),
  (bytes) => get(`/a?x=${'\\"'.repeat(bytes / 2)}`),
  (bytes) => get(`/a?x+integer=${'9'.repeat(bytes)}`),
  (bytes) => get(`/a?x+list=${copies(() => '1', bytes, ',')}`),
  (bytes) => get(`/~message@1.0${copies((n) => `&k${n}=1`, bytes)}`),
  (bytes) => get(`/~message@1.0/keys/keys/keys?${copies((n) => `k${n}=1`, bytes, '&')}`),
  (bytes) =>
    get(
      `/~message@1.0/set/set/set/set/set/set/set/set?${copies((n) => `k${n}=1`, bytes / 8, '&')}`,
    ),
  (bytes) => get(`/wide-0${'_'.repeat(37)}/k1/k2/k3`, [['x', 'y'.repeat(Math.min(bytes, 100))]]),
]

const BOMBS: readonly Bomb[] = [...JSON_BOMBS, ...OTHER_BODIES, ...HEADERS, ...PATHS]

/** Each bomb at any size up to a megabyte. */
export const anyBomb: fc.Arbitrary<HttpRequest> = fc
  .tuple(fc.constantFrom(...BOMBS), fc.integer({ min: 100, max: MEGABYTE }))
  .map(([bomb, bytes]) => bomb(Math.floor(bytes)))
