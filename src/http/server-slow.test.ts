/** Clients that are slow, many or in a hurry: none of them takes what others need. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { deferred, raw, readAll, start } from './server-fixture.ts'

async function open(port: number, ...chunks: readonly string[]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  for (const chunk of chunks) socket.write(chunk)
  return socket
}

/** Sends a piece every now and then, until the server has enough of it. */
async function drip(socket: Socket, piece: string, everyMs: number): Promise<string> {
  const timer = setInterval(() => socket.write(piece), everyMs)
  return readAll(socket).finally(() => clearInterval(timer))
}

test('headers that come byte by byte are given up after their time', async () => {
  const { server, port } = await start({ limits: { headersTimeoutMs: 200 } })
  await using _ = server
  const startedMs = performance.now()
  const reply = await drip(await open(port, 'GET / HTTP/1.1\r\nx: '), 'a', 20)
  assert.match(reply, /^HTTP\/1\.1 408 /)
  assert.ok(performance.now() - startedMs < 10_000)
})

test('a body that comes byte by byte is given up after the time of a request', async () => {
  const { server, port } = await start({ limits: { headersTimeoutMs: 150, requestTimeoutMs: 400 } })
  await using _ = server
  const head = 'POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n'
  assert.match(await drip(await open(port, head), 'a', 20), /the whole request within 400 ms/)
})

test('a body that stops is given up sooner', async () => {
  const { server, port } = await start({ limits: { headersTimeoutMs: 100 } })
  await using _ = server
  const reply = await raw(port, 'POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nabc')
  assert.match(reply, /^HTTP\/1\.1 408 .*the next piece of the body within 100 ms/s)
})

test('bodies that are still on their way take no place from others', async () => {
  const { server, port, url } = await start({ limits: { maxInFlight: 1 } })
  await using _ = server
  const head = 'POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n'
  const slow = await Promise.all(Array.from({ length: 20 }, () => open(port, head)))
  assert.equal((await request(`${url}/fast`)).statusCode, 200)
  for (const socket of slow) socket.destroy()
})

test('a reply that nobody reads is given up after its time', async () => {
  const large = 'x'.repeat(20_000_000)
  const { server, port } = await start({
    limits: { sendTimeoutMs: 200 },
    resolve: async () => ({ kind: 'ok', value: large }),
  })
  await using _ = server
  const socket = await open(port, 'GET /x HTTP/1.1\r\nhost: a\r\n\r\n')
  socket.pause()
  await sleep(400)
  assert.ok((await readAll(socket)).length < large.length)
})

test('replies that nobody reads are bounded together: the longest read is cut', async () => {
  const large = 'x'.repeat(20_000_000)
  const { server, port } = await start({
    limits: { replyBufferLimitBytes: 30_000_000 },
    resolve: async () => ({ kind: 'ok', value: large }),
  })
  await using _ = server
  const ask = 'GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'
  const first = await open(port, ask)
  first.pause()
  await once(first, 'readable')
  const second = await open(port, ask)
  assert.ok((await readAll(second)).length > large.length)
  assert.ok((await readAll(first)).length < large.length)
})

test('headers that are never finished are bounded together', async () => {
  const { server, port, url } = await start({
    limits: { bufferLimitBytes: 1_500_000, headersTimeoutMs: 60_000 },
  })
  await using _ = server
  const unfinished = `GET / HTTP/1.1\r\nx: ${'y'.repeat(900_000)}`
  const hold = await Promise.all(Array.from({ length: 3 }, () => open(port, unfinished)))
  const closed = await Promise.race(hold.map((socket) => once(socket, 'close').then(() => true)))
  assert.ok(closed)
  assert.equal((await request(`${url}/x`)).statusCode, 200)
  for (const socket of hold) socket.destroy()
})

test('bodies are bounded together', async () => {
  const gate = deferred<void>()
  const started = deferred<void>()
  const { server, url } = await start({
    limits: { bufferLimitBytes: 2_000_000 },
    resolve: async () => {
      started.resolve()
      await gate.promise
      return { kind: 'ok', value: 'done' }
    },
  })
  await using _ = server
  const post = (bytes: number) =>
    request(`${url}/x`, { method: 'POST', body: Buffer.alloc(bytes), reset: true })
  const first = post(900_000)
  await started.promise
  const second = post(900_000)
  await sleep(50)
  const third = await post(900_000)
  gate.resolve()
  assert.equal(third.statusCode, 503)
  assert.equal(third.headers['retry-after'], '1')
  assert.deepEqual([(await first).statusCode, (await second).statusCode], [200, 200])
  assert.equal((await post(900_000)).statusCode, 200)
  assert.equal((await post(1_100_000)).statusCode, 413)
})

test('an address has a rate, and hears when to come again, in its format', async () => {
  const limits = { rateLimitPerAddress: 1, rateBurstPerAddress: 3 }
  const { server, url } = await start({ limits })
  await using _ = server
  const statuses = []
  for (let n = 0; n < 5; n++) statuses.push((await request(`${url}/x`)).statusCode)
  assert.deepEqual(statuses, [200, 200, 200, 429, 429])
  const refused = await request(`${url}/x`, { headers: { accept: 'application/json' } })
  assert.equal(refused.headers['retry-after'], '1')
  const body = (await refused.body.json()) as Record<string, unknown>
  assert.equal(body.status, 429)
  assert.equal(body.error, 'rate-limited')
  assert.match(String(body.body), /at most 1 requests a second/)
})

test('this machine can be left out of the rate, and clients behind a proxy told apart', async () => {
  const limits = { rateLimitPerAddress: 1, rateBurstPerAddress: 1 }
  const exempt = await start({ limits, rateLimitExempt: ['loopback'] })
  await using _ = exempt.server
  for (let n = 0; n < 5; n++) {
    assert.equal((await request(`${exempt.url}/x`)).statusCode, 200)
  }
  const behind = await start({ limits, rateLimitExempt: ['9.9.9.9'], trustedProxies: ['loopback'] })
  await using __ = behind.server
  const from = async (client: string): Promise<number> =>
    (await request(`${behind.url}/x`, { headers: { 'x-forwarded-for': client } })).statusCode
  assert.deepEqual([await from('1.1.1.1'), await from('1.1.1.1')], [200, 429])
  assert.deepEqual([await from('2.2.2.2'), await from('9.9.9.9')], [200, 200])
  assert.equal(await from('9.9.9.9'), 200)
})

test('an address has so many connections, and idle ones make room when the server is full', async () => {
  const few = await start({ limits: { maxConnectionsPerAddress: 2 } })
  await using _ = few.server
  const held = [await open(few.port), await open(few.port)]
  const third = await open(few.port)
  assert.equal(await readAll(third), '')
  for (const socket of held) socket.destroy()

  const full = await start({ limits: { maxConnections: 1 } })
  await using __ = full.server
  const idle = await open(full.port, 'GET /x HTTP/1.1\r\nhost: a\r\n\r\n')
  await once(idle, 'data')
  const ended = once(idle, 'close')
  assert.equal(await readAll(await open(full.port)), '')
  await ended
  assert.equal((await request(`${full.url}/x`)).statusCode, 200)
})

test('a large body that is refused is not waited for', async () => {
  const { server, port } = await start({
    limits: { rateLimitPerAddress: 1, rateBurstPerAddress: 1 },
  })
  await using _ = server
  await raw(port, 'GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  const reply = await raw(port, 'POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 90000000\r\n\r\n')
  assert.match(reply, /^HTTP\/1\.1 429 .*\r\nconnection: close\r\n/s)
})
