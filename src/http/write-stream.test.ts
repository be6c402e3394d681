import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { request } from 'undici'
import type { HttpLimits } from './limits.ts'
import type { ReplyEncoders } from './reply.ts'
import { deferred, readAll, start } from './server-fixture.ts'

const CHUNK = Buffer.alloc(65_536, 'x')
/** Far more than systems keep for a connection. */
const CHUNKS = 1_000
const ASK = 'GET /long HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

/** What happened to one body that is made while it is sent. */
class Body {
  made = 0
  readonly released = deferred<void>()
  readonly ended = deferred<void>()

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (this.made < CHUNKS) {
        await turn()
        this.made += 1
        yield CHUNK
      }
    } finally {
      this.ended.resolve()
    }
  }

  release(): void {
    this.released.resolve()
  }
}

async function startStreaming(t: TestContext, limits: Partial<HttpLimits> = {}) {
  const bodies: Body[] = []
  const encoders: ReplyEncoders = new Map([
    [
      'httpsig@1.0',
      (message) => {
        if (!message.has('long')) return { headers: [], body: 'short' }
        const stream = new Body()
        bodies.push(stream)
        return { headers: [], stream }
      },
    ],
  ])
  const { server, port, url } = await start({
    encoders,
    limits: { closeTimeoutMs: 50, ...limits },
    resolve: async (asked) => {
      const value = asked.get('path') === '/long' ? asked.with([['long', 'yes']]) : asked
      return { kind: 'ok', value }
    },
  })
  t.after(() => server.close())
  const bodyAt = async (index: number): Promise<Body> => {
    for (;;) {
      const body = bodies[index]
      if (body !== undefined) return body
      await turn()
    }
  }
  return { port, url, bodyAt }
}

async function ask(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.pause()
  socket.write(ASK)
  return socket
}

/** A session on a connection that ends with the test, whatever is left to be read. */
function openHttp2(t: TestContext, url: string, port: number): ClientHttp2Session {
  const socket = connect(port, '127.0.0.1')
  const session = connectHttp2(url, { createConnection: () => socket })
  session.on('error', () => undefined)
  t.after(() => {
    session.destroy()
    socket.destroy()
  })
  return session
}

test('a slow reader makes no more of a body than it reads, and takes no place from others', async (t) => {
  const { port, url, bodyAt } = await startStreaming(t, { maxInFlight: 1 })
  const socket = await ask(port)
  const body = await bodyAt(0)
  await body.released.promise
  const made = body.made
  assert.ok(made < CHUNKS / 2, String(made))
  assert.equal(await (await request(`${url}/short`)).body.text(), 'short')
  assert.equal(body.made, made)
  const reply = await readAll(socket)
  assert.equal(body.made, CHUNKS)
  assert.ok(reply.endsWith('0\r\n\r\n'))
  assert.ok(reply.length > CHUNKS * CHUNK.length)
})

test('a body ends to be made when its client goes away, reading or not', async (t) => {
  const { port, bodyAt } = await startStreaming(t)
  const slow = await ask(port)
  const first = await bodyAt(0)
  await first.released.promise
  slow.destroy()
  await first.ended.promise
  assert.ok(first.made < CHUNKS)
  const reading = await ask(port)
  reading.resume()
  await once(reading, 'data')
  reading.destroy()
  const second = await bodyAt(1)
  await second.ended.promise
  assert.ok(second.made < CHUNKS)
})

test('a body that is read too slowly is cut', async (t) => {
  const { port, bodyAt } = await startStreaming(t, { sendTimeoutMs: 50 })
  const socket = await ask(port)
  const body = await bodyAt(0)
  await body.ended.promise
  assert.ok((await readAll(socket)).length < CHUNKS * CHUNK.length)
})

test('bodies that wait for readers are bounded together: the longest read is cut', async (t) => {
  const { port, bodyAt } = await startStreaming(t, { replyBufferLimitBytes: 600_000 })
  const sockets = [await ask(port)]
  const first = await bodyAt(0)
  await first.released.promise
  for (let count = 1; count < 4; count++) sockets.push(await ask(port))
  await first.ended.promise
  assert.ok(first.made < CHUNKS)
  for (const socket of sockets) socket.destroy()
})

test('a slow reader over HTTP/2 makes no more of a body than it reads', async (t) => {
  const { port, url, bodyAt } = await startStreaming(t, { maxInFlight: 1 })
  const session = openHttp2(t, url, port)
  const stream = session.request({ ':path': '/long' })
  stream.on('error', () => undefined)
  const body = await bodyAt(0)
  await body.released.promise
  assert.ok(body.made < CHUNKS / 2, String(body.made))
  assert.equal(await (await request(`${url}/short`)).body.text(), 'short')
  let bytes = 0
  for await (const chunk of stream) bytes += (chunk as Buffer).length
  assert.equal(bytes, CHUNKS * CHUNK.length)
})

test('a body ends to be made when its client resets the stream of HTTP/2, with an error or without', async (t) => {
  const { port, url, bodyAt } = await startStreaming(t)
  const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants
  for (const [index, code] of [NGHTTP2_CANCEL, NGHTTP2_NO_ERROR].entries()) {
    const session = openHttp2(t, url, port)
    const stream = session.request({ ':path': '/long' })
    stream.on('error', () => undefined)
    const body = await bodyAt(index)
    await body.released.promise
    stream.close(code)
    await body.ended.promise
    assert.ok(body.made < CHUNKS)
  }
})
