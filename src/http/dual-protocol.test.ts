import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type Settings,
} from 'node:http2'
import { type TestContext, test } from 'node:test'
import { http2Request, start } from './server-fixture.ts'

async function open(t: TestContext): Promise<{ session: ClientHttp2Session; settings: Settings }> {
  const { server, url } = await start({
    limits: { closeTimeoutMs: 50 },
    resolve: async (message) => ({ kind: 'ok', value: String(message.size) }),
  })
  const session = connectHttp2(url, { maxSendHeaderBlockLength: 10_000_000 })
  session.on('error', () => undefined)
  t.after(async () => {
    session.destroy()
    await server.close()
  })
  const [settings] = (await once(session, 'remoteSettings')) as [Settings]
  return { session, settings }
}

function headersOf(bytes: number): Record<string, string> {
  const count = bytes / 4_096
  const value = 'abc~'.repeat(1_000)
  const headers = Array.from({ length: count }, (_, i) => [`x-${i}`, value] as const)
  return { ':path': '/x', ...Object.fromEntries(headers) }
}

test('HTTP/2 takes headers up to the size that clients are told', async (t) => {
  const { session, settings } = await open(t)
  assert.equal(settings.maxHeaderListSize, 131_072)
  assert.equal((await http2Request(session, headersOf(126_000))).status, 200)
})

test('a request of HTTP/2 with larger headers is reset, and no other', async (t) => {
  const { session } = await open(t)
  const stream = session.request(headersOf(140_000))
  const [error] = (await once(stream, 'error')) as [Error]
  assert.match(error.message, /ENHANCE_YOUR_CALM/)
  assert.equal(stream.rstCode, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  assert.equal((await http2Request(session, { ':path': '/y' })).status, 200)
})

test('a connection of HTTP/2 ends with a reason when headers are larger by far', async (t) => {
  const { session } = await open(t)
  const stream = session.request(headersOf(900_000))
  stream.on('error', () => undefined)
  const [code] = (await once(session, 'goaway')) as [number]
  assert.equal(code, constants.NGHTTP2_INTERNAL_ERROR)
})
