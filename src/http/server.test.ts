import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import { AoError } from '../base/errors.ts'
import type { RequestFailed } from '../base/events.ts'
import { Message } from '../message/message.ts'
import type { Value } from '../message/value.ts'
import { http2Request, raw, start } from './server-fixture.ts'

test('server answers a request as a message, over HTTP/1.1', async () => {
  const { server, url } = await start()
  await using _ = server
  const reply = await request(`${url}/~x@1.0/y?k=v`, {
    method: 'POST',
    headers: { 'x-key': 'caf\u00c3\u00a9' },
    body: 'hello',
  })
  assert.equal(reply.statusCode, 200)
  assert.equal(reply.headers.path, '/~x@1.0/y?k=v')
  assert.equal(reply.headers.method, 'POST')
  assert.equal(reply.headers.k, 'v')
  assert.equal(reply.headers['access-control-allow-origin'], '*')
  assert.equal(reply.headers['content-length'], '5')
  assert.equal(await reply.body.text(), 'hello')
})

test('server answers HTTP/2 on the same port, several requests on one connection', async () => {
  const seen: Message[] = []
  const { server, url } = await start({
    resolve: async (message) => {
      seen.push(message)
      return { kind: 'ok', value: `got ${String(message.get('body') ?? 'nothing')}` }
    },
  })
  await using _ = server
  const session = connectHttp2(url)
  const [get, post] = await Promise.all([
    http2Request(session, { ':path': '/a' }),
    http2Request(session, { ':path': '/b', ':method': 'POST', 'x-key': 'caf\u00c3\u00a9' }, 'body'),
  ])
  session.close()
  assert.equal(get.body, 'got nothing')
  assert.equal(post.body, 'got body')
  assert.equal(post.headers['ao-result'], 'body')
  const message = seen.find((m) => m.get('path') === '/b')
  assert.equal(message?.get('x-key'), 'café')
  assert.match(String(message?.get('host')), /^127\.0\.0\.1:\d+$/)
  assert.equal(message?.has(':path'), false)
})

test('server reads a preface or a request that comes byte by byte', async () => {
  const { server, port } = await start()
  await using _ = server
  const text = 'PUT /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'
  const reply = await raw(port, ...text)
  assert.match(reply, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(reply, /\r\npath: \/slow\r\n/)
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const socket = connect(port, '127.0.0.1')
  for (const char of preface) {
    socket.write(char)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [settings] = (await once(socket, 'data')) as [Buffer]
  assert.equal(settings[3], 4, 'the first frame of the server is SETTINGS')
  socket.destroy()
})

test('server keeps a connection for the next request, and takes pipelined ones in order', async () => {
  const { server, port } = await start()
  await using _ = server
  const one = 'GET /1 HTTP/1.1\r\nhost: a\r\n\r\n'
  const two = 'GET /2 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
  const reply = await raw(port, one + two)
  const paths = [...reply.matchAll(/\r\npath: (\S+)\r\n/g)].map(([, path]) => path)
  assert.deepEqual(paths, ['/1', '/2'])
})

test('server answers OPTIONS for every path', async () => {
  const { server, port, url } = await start()
  await using _ = server
  const reply = await request(`${url}/~scheduler@1.0/status`, { method: 'OPTIONS' })
  assert.equal(reply.statusCode, 204)
  assert.equal(reply.headers['access-control-allow-origin'], '*')
  assert.equal(reply.headers['access-control-allow-headers'], '*')
  assert.equal(
    reply.headers['access-control-allow-methods'],
    'GET, POST, PUT, DELETE, OPTIONS, PATCH',
  )
  const star = await raw(port, 'OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(star, /^HTTP\/1\.1 204 /)
})

test('server redirects a bare / and resolves one with a query', async () => {
  const { server, url } = await start()
  await using _ = server
  for (const path of ['/', '/?']) {
    const reply = await request(url + path)
    assert.equal(reply.statusCode, 302)
    assert.equal(reply.headers.location, '/~meta@1.0/info')
    await reply.body.dump()
  }
  const reply = await request(`${url}/?a=1`)
  assert.equal(reply.statusCode, 200)
  assert.equal(reply.headers.path, '/?a=1')
  await reply.body.dump()
})

test('server answers HEAD like GET, without the body', async () => {
  const { server, url } = await start({ resolve: async () => ({ kind: 'ok', value: 'hello' }) })
  await using _ = server
  const reply = await request(`${url}/x`, { method: 'HEAD' })
  assert.equal(reply.headers['content-length'], '5')
  assert.equal(reply.headers['ao-result'], 'body')
  assert.equal(await reply.body.text(), '')
})

test('server refuses methods that are none of the protocol', async () => {
  const { server, url } = await start()
  await using _ = server
  const reply = await request(`${url}/x`, {
    method: 'PROPFIND',
    headers: { accept: 'application/json' },
  })
  assert.equal(reply.statusCode, 405)
  assert.equal(reply.headers.allow, 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS')
  const body = (await reply.body.json()) as Record<string, unknown>
  assert.equal(body.error, 'method-not-allowed')
})

test('server keeps the cause of a 500 to its log, and says under which id', async () => {
  const failures: RequestFailed[] = []
  const { server, url } = await start({
    onFailed: (event) => failures.push(event),
    resolve: async () => {
      throw new Error('secret wallet key')
    },
  })
  await using _ = server
  const reply = await request(`${url}/x?k=v`, {
    headers: { 'x-request-id': 'mine-1', accept: 'application/json' },
  })
  assert.equal(reply.statusCode, 500)
  const text = await reply.body.text()
  assert.doesNotMatch(text, /secret|at /)
  assert.equal((JSON.parse(text) as Record<string, unknown>)['request-id'], 'mine-1')
  assert.equal(failures.length, 1)
  assert.equal(failures[0]?.requestId, 'mine-1')
  assert.equal(failures[0]?.path, '/x')
  assert.match(String(failures[0]?.error), /secret wallet key/)
})

test('server answers an AoError in the form that the client reads', async () => {
  const { server, url } = await start({
    resolve: async () => {
      throw new AoError('not-found', 'Expected a <known> process', { process: 'a\nb' })
    },
  })
  await using _ = server
  const text = await request(`${url}/x`)
  assert.equal(text.statusCode, 404)
  assert.equal(text.headers.error, 'not-found')
  assert.equal(text.headers.details, 'process=a b')
  assert.equal(text.headers['ao-result'], 'body')
  assert.equal(await text.body.text(), 'Expected a <known> process')
  const json = await request(`${url}/x`, { headers: { accept: 'application/json' } })
  assert.equal(json.headers['content-type'], 'application/json')
  const body = (await json.body.json()) as Record<string, unknown>
  assert.equal(body.status, 404)
  assert.equal(body.body, 'Expected a <known> process')
  const required = await request(`${url}/x?require-codec=application/json`)
  assert.equal(required.headers['content-type'], 'application/json')
  const page = await request(`${url}/x`, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  })
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  assert.match(await page.body.text(), /Expected a &#60;known&#62; process/)
})

test('server refuses what cannot be negotiated before anything is resolved', async () => {
  let resolved = 0
  const { server, url } = await start({
    resolve: async () => {
      resolved += 1
      return { kind: 'ok', value: 'x' }
    },
  })
  await using _ = server
  const bad = [
    { path: '/x?require-codec=foo@1.0', error: 'unsupported-codec' },
    { path: '/x?accept-bundle=maybe', error: 'invalid-value' },
    { path: '/x?codec-device=foo@1.0', error: 'unsupported-codec' },
    { path: '/x%zz', error: 'invalid-path' },
    { path: '/x?a=%zz', error: 'invalid-path' },
  ]
  for (const { path, error } of bad) {
    const reply = await request(url + path)
    assert.equal(reply.statusCode, 400, path)
    assert.equal(reply.headers.error, error, path)
    await reply.body.dump()
  }
  assert.equal(resolved, 0)
})

test('server takes a content type that is none, and sends a body on', async () => {
  const { server, url } = await start()
  await using _ = server
  const reply = await request(`${url}/x`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=----x y; =' },
    body: 'raw',
  })
  assert.equal(reply.statusCode, 200)
  assert.equal(await reply.body.text(), 'raw')
})

test('server never sends keys of a message as headers of the connection', async () => {
  const { server, port } = await start({
    resolve: async () => ({
      kind: 'ok',
      value: new Message<Value>([
        ['content-length', '1'],
        ['transfer-encoding', 'chunked'],
        ['connection', 'upgrade'],
        ['set-cookie', 'a=b'],
        ['x-content-type-options', 'none'],
        ['body', 'hello'],
      ]),
    }),
  })
  await using _ = server
  const reply = await raw(port, 'GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(reply, /\r\ncontent-length: 5\r\n/)
  assert.doesNotMatch(reply, /chunked|upgrade|a=b/)
  assert.match(reply, /x-content-type-options: nosniff/)
})

test('server sends every byte of headers and body as it is, large or small', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  for (const size of [256, 25_600]) {
    const body = new Uint8Array(size).map((_, i) => i % 256)
    const { server, url } = await start({
      resolve: async () => ({
        kind: 'ok',
        value: new Message<Value>([
          ['text', 'café'],
          ['raw', bytes.subarray(128)],
          ['body', body],
        ]),
      }),
    })
    await using _ = server
    const reply = await request(`${url}/x`)
    assert.equal(Buffer.from(String(reply.headers.text), 'latin1').toString(), 'café')
    assert.deepEqual(
      Buffer.from(String(reply.headers.raw), 'latin1'),
      Buffer.from(bytes.subarray(128)),
    )
    assert.deepEqual(Buffer.from(await reply.body.arrayBuffer()), Buffer.from(body))
    const session = connectHttp2(url)
    const http2 = await http2Request(session, { ':path': '/x' })
    assert.equal(Buffer.from(String(http2.headers.text), 'latin1').toString(), 'café')
    session.close()
  }
})

test('server falls back to JSON for a message that headers cannot carry, unless it may not', async () => {
  const { server, url } = await start({
    resolve: async () => ({ kind: 'ok', value: new Message<Value>([['a', 'x\ny']]) }),
  })
  await using _ = server
  const reply = await request(`${url}/x`)
  assert.equal(reply.headers['content-type'], 'application/json')
  assert.deepEqual(await reply.body.json(), { a: 'x\ny', status: 200 })
  const required = await request(`${url}/x?require-codec=httpsig@1.0`)
  assert.equal(required.statusCode, 406)
  assert.match(await required.body.text(), /accept: application\/json/)
})
