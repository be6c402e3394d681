import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Agent, request } from 'undici'
import type { PlainRoute } from './plain-route.ts'
import { deferred, http2Request, raw, readAll, start } from './server-fixture.ts'

test('server hands plain routes their parameters, and answers exempt ones when it is full', async () => {
  const gate = deferred<void>()
  const routes: PlainRoute[] = [
    {
      method: 'GET',
      path: '/health',
      isExempt: true,
      handle: async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }),
    },
    {
      method: 'POST',
      path: '/su/:process',
      handle: async ({ params, body }) => ({
        status: 201,
        body: `${params.process} ${Buffer.from(body).toString()}`,
      }),
    },
  ]
  const { server, url } = await start({
    routes,
    limits: { maxInFlight: 1 },
    resolve: async () => {
      await gate.promise
      return { kind: 'ok', value: 'done' }
    },
  })
  await using _ = server
  const created = await request(`${url}/su/abc`, { method: 'POST', body: 'x' })
  assert.equal(created.statusCode, 201)
  assert.equal(await created.body.text(), 'abc x')
  const waiting = request(`${url}/wait`)
  let refused = await request(`${url}/other`)
  while (refused.statusCode !== 503) {
    await refused.body.dump()
    refused = await request(`${url}/other`)
  }
  assert.equal(refused.headers['retry-after'], '1')
  assert.match(await refused.body.text(), /limit; try again later/)
  const health = await request(`${url}/health`)
  assert.equal(health.statusCode, 200)
  gate.resolve()
  assert.equal((await waiting).statusCode, 200)
})

test('server limits the requests of one address', async () => {
  const gate = deferred<void>()
  const started = deferred<void>()
  const { server, url } = await start({
    limits: { maxInFlightPerAddress: 1 },
    resolve: async () => {
      started.resolve()
      await gate.promise
      return { kind: 'ok', value: 'done' }
    },
  })
  await using _ = server
  const waiting = request(`${url}/wait`)
  await started.promise
  const refused = await request(`${url}/other`)
  assert.equal(refused.statusCode, 429)
  gate.resolve()
  assert.equal((await waiting).statusCode, 200)
})

test('server refuses a body that is too large, declared or not', async () => {
  const { server, port, url } = await start({ limits: { bodyLimitBytes: 1_000 } })
  await using _ = server
  const declared = await raw(
    port,
    `POST /x HTTP/1.1\r\nhost: a\r\naccept: application/json\r\ncontent-length: 5000\r\n\r\n`,
    'x'.repeat(5_000),
  )
  assert.match(declared, /^HTTP\/1\.1 413 .*\r\n/)
  assert.match(declared, /\r\nconnection: close\r\n/)
  assert.match(declared, /"error":"limit-exceeded"/)
  const chunked = await raw(
    port,
    'POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n',
    `7d0\r\n${'x'.repeat(2_000)}\r\n`,
    '0\r\n\r\n',
  )
  assert.match(chunked, /^HTTP\/1\.1 413 /)
  const expecting = await raw(
    port,
    'POST /x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5000\r\n\r\n',
  )
  assert.match(expecting, /^HTTP\/1\.1 413 /)
  const session = connectHttp2(url)
  const reply = await http2Request(session, { ':path': '/', ':method': 'POST' }, 'x'.repeat(2_000))
  assert.equal(reply.status, 413)
  session.close()
})

test('server asks for the body of a request that waits for it', async () => {
  const { server, port } = await start()
  await using _ = server
  const socket = connect(port, '127.0.0.1')
  const head = 'expect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\n'
  socket.write(`POST /x HTTP/1.1\r\nhost: a\r\n${head}`)
  const [first] = (await once(socket, 'data')) as [Buffer]
  assert.match(first.toString(), /^HTTP\/1\.1 100 Continue/)
  const rest = readAll(socket)
  socket.write('ok')
  assert.match(await rest, /\r\n\r\nok$/)
})

test('server refuses headers that are too large or too many', async () => {
  const { server, port } = await start({
    limits: { headerLimitBytes: 20_000, headerCountLimit: 50 },
  })
  await using _ = server
  const large = await raw(port, `GET /x HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(30_000)}\r\n\r\n`)
  assert.match(large, /^HTTP\/1\.1 431 /)
  assert.match(large, /Expected smaller headers/)
  const many = Array.from({ length: 60 }, (_, i) => `x-${i}: 1\r\n`).join('')
  const reply = await raw(port, `GET /x HTTP/1.1\r\nhost: a\r\n${many}\r\n`)
  assert.match(reply, /^HTTP\/1\.1 431 /)
  assert.match(reply, /at most 50 headers/)
})

test('server takes headers of hundreds of kilobytes', async () => {
  const { server, url } = await start({
    resolve: async (message) => ({ kind: 'ok', value: String(message.get('big')).length }),
  })
  await using _ = server
  const reply = await request(`${url}/x`, { headers: { big: 'y'.repeat(500_000) } })
  assert.equal(await reply.body.text(), '500000')
})

test('server refuses bytes that are no request', async () => {
  const { server, port } = await start()
  await using _ = server
  for (const bytes of ['nonsense\r\n\r\n', 'PRXXX\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01']) {
    assert.match(await raw(port, bytes), /^HTTP\/1\.1 400 Bad Request\r\n/)
  }
})

test('server gives up on a connection that says nothing, and on a request that never ends', async () => {
  const { server, port } = await start({
    limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 },
  })
  await using _ = server
  assert.equal(await raw(port), '')
  assert.equal(await raw(port, 'PR'), '')
  assert.match(await raw(port, 'GET /x HTTP/1.1\r\nhost'), /^HTTP\/1\.1 408 /)
  const slow = await raw(port, 'POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab')
  assert.match(slow, /^HTTP\/1\.1 408 /)
})

test('server answers 504 when the reply takes too long, and tells the work to stop', async () => {
  const aborted = deferred<string>()
  const { server, url } = await start({
    limits: { replyTimeoutMs: 50 },
    resolve: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted.resolve(String(signal.reason))
          reject(new Error('stopped'))
        })
      }),
  })
  await using _ = server
  const reply = await request(`${url}/x`)
  assert.equal(reply.statusCode, 504)
  assert.match(await aborted.promise, /took too long/)
})

test('server tells the work to stop when the client goes away', async () => {
  const started = deferred<void>()
  const aborted = deferred<void>()
  const { server, port } = await start({
    resolve: (_, { signal }) => {
      started.resolve()
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.resolve()
          resolve({ kind: 'ok', value: 'late' })
        })
      })
    },
  })
  await using _ = server
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /x HTTP/1.1\r\nhost: a\r\n\r\n')
  await started.promise
  socket.destroy()
  await aborted.promise
})

test('close() answers what is under way, ends idle connections and refuses new ones', async () => {
  const gate = deferred<void>()
  const started = deferred<void>()
  let underWay = 0
  const { server, port, url } = await start({
    resolve: async (message) => {
      if (message.get('path') === '/slow') {
        underWay += 1
        if (underWay === 2) started.resolve()
        await gate.promise
      }
      return { kind: 'ok', value: 'done' }
    },
  })
  const agent = new Agent()
  await (await request(`${url}/idle`, { dispatcher: agent })).body.dump()
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  const idleHttp2 = connectHttp2(url)
  await http2Request(idleHttp2, { ':path': '/idle' })
  const busyHttp2 = connectHttp2(url)
  const slow = request(`${url}/slow`)
  const slowHttp2 = http2Request(busyHttp2, { ':path': '/slow' })
  await started.promise
  const closed = server.close()
  await Promise.all([once(silent, 'close'), once(idleHttp2, 'close')])
  gate.resolve()
  const reply = await slow
  assert.equal(reply.headers.connection, 'close')
  assert.equal(await reply.body.text(), 'done')
  assert.equal((await slowHttp2).body, 'done')
  await closed
  await assert.rejects(request(`${url}/new`, { dispatcher: new Agent() }), /ECONNREFUSED/)
  await agent.close()
})

test('close() cuts what takes too long', async () => {
  const started = deferred<void>()
  const { server, url } = await start({
    limits: { closeTimeoutMs: 100 },
    resolve: () => {
      started.resolve()
      return new Promise(() => undefined)
    },
  })
  const stuck = request(`${url}/x`)
  await started.promise
  await Promise.all([server.close(), assert.rejects(stuck)])
})

test('close() ends a connection of HTTP/2 whose client reset a reply and does not end it', async () => {
  const { server, port, url } = await start({
    limits: { closeTimeoutMs: 50 },
    resolve: async () => ({ kind: 'ok', value: 'x'.repeat(5_000_000) }),
  })
  const socket = connect(port, '127.0.0.1')
  const session = connectHttp2(url, { createConnection: () => socket })
  session.on('error', () => undefined)
  const stream = session.request({ ':path': '/x' })
  stream.on('error', () => undefined)
  await once(stream, 'response')
  stream.close(constants.NGHTTP2_NO_ERROR)
  await new Promise<void>((answered) => session.ping(() => answered()))
  await server.close()
  session.destroy()
  socket.destroy()
})
